"""Find an erased address by its mark, and an article's events by its guid, without looking at every row."""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Two indices."""
    op.create_index("ix_events_guid", "events", ["guid"])
    marked = text("address_mark IS NOT NULL")
    op.create_index(
        "ix_subscribers_address_mark", "subscribers", ["address_mark"], sqlite_where=marked, postgresql_where=marked
    )


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_subscribers_address_mark", "subscribers")
    op.drop_index("ix_events_guid", "events")
