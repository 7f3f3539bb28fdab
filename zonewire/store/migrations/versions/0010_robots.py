"""Robots: how fast each may be sent to, how far a message of several parts has come, and when news is worth nothing."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, SmallInteger, Text, false

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Columns that an older release leaves as they are, and one table."""
    op.add_column("deliveries", Column("part", SmallInteger, nullable=False, server_default="0"))
    op.add_column("deliveries", Column("plain", Boolean, nullable=False, server_default=false()))
    op.add_column("deliveries", Column("worthless_at", BigInteger))
    op.create_table(
        "paces",
        Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
        Column("sent", Text, nullable=False, server_default="[]"),
        Column("not_before", BigInteger),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("paces")
    op.drop_column("deliveries", "worthless_at")
    op.drop_column("deliveries", "plain")
    op.drop_column("deliveries", "part")
