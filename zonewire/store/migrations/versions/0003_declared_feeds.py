"""Feeds that the catalogue declares: what they carry, and how far the articles of before were looked at for them."""

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two columns."""
    op.add_column("feeds", Column("filter_id", BigInteger))
    op.add_column("feeds", Column("filled_to", BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Without them."""
    op.drop_column("feeds", "filled_to")
    op.drop_column("feeds", "filter_id")
