"""WeChat: the pictures that an account has, and the drafts that were made in it."""

from alembic import op
from sqlalchemy import BigInteger, Column, LargeBinary, Text, text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Two tables that an older release does not look at."""
    op.create_table(
        "wechat_media",
        Column("appid", Text, primary_key=True),
        Column("digest", LargeBinary, primary_key=True),
        Column("use", Text, primary_key=True),
        Column("value", Text, nullable=False),
        Column("kept_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wechat_drafts",
        Column("delivery_id", BigInteger, primary_key=True, autoincrement=False),
        Column("appid", Text, nullable=False),
        Column("endpoint_id", BigInteger, nullable=False),
        Column("edition_id", BigInteger, nullable=False),
        Column("subscription_id", BigInteger, nullable=False),
        Column("media_id", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("publish_id", Text),
        Column("articles", Text, nullable=False),
        Column("detail", Text),
        Column("addresses", Text),
        Column("made_at", BigInteger, nullable=False),
        Column("state_at", BigInteger, nullable=False),
    )
    op.create_index(
        "ix_wechat_drafts_edition_id",
        "wechat_drafts",
        ["edition_id"],
        sqlite_where=text("state = 'draft'"),
        postgresql_where=text("state = 'draft'"),
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("wechat_drafts")
    op.drop_table("wechat_media")
