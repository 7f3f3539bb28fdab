"""Who fetches feeds, by day."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """One table."""
    op.create_table(
        "feed_readers",
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("reader", Text, primary_key=True),
        Column("software", Text, primary_key=True),
        Column("polls", Integer, nullable=False),
        Column("unchanged", Integer, nullable=False),
        Column("deltas", Integer, nullable=False),
        Column("refused", Integer, nullable=False),
        Column("subscribers", Integer, nullable=False),
        Column("last_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("feed_readers")
