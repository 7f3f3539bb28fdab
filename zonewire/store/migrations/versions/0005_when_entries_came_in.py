"""When an article came into a feed, in the order in which that happened: what a delta is made by."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One column; what is there already came in before everything else."""
    op.add_column("feed_entries", Column("came_in", BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Without it."""
    op.drop_column("feed_entries", "came_in")
