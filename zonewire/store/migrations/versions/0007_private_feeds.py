"""Private feeds of subscriptions: who holds the token, which only its hash and its sealed form tell, may fetch one."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One table, and its two indices."""
    key = BigInteger().with_variant(Integer(), "sqlite")
    owner = ForeignKey("subscriptions.id", name="fk_private_feeds_subscription_id")
    op.create_table(
        "private_feeds",
        Column("id", key, primary_key=True),
        Column("subscription_id", BigInteger, owner, nullable=False),
        Column("token_hash", LargeBinary, nullable=False),
        Column("sealed_token", LargeBinary),
        Column("made_at", BigInteger, nullable=False),
        Column("revoked_at", BigInteger),
    )
    op.create_index("uq_private_feeds_token_hash", "private_feeds", ["token_hash"], unique=True)
    op.create_index("ix_private_feeds_subscription_id", "private_feeds", ["subscription_id"])
    served = text("revoked_at IS NULL")
    op.create_index(
        "uq_private_feeds_served",
        "private_feeds",
        ["subscription_id"],
        unique=True,
        sqlite_where=served,
        postgresql_where=served,
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("private_feeds")
