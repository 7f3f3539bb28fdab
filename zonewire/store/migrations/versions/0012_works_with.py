"""How old a release may be that still works on this database: a new one and the one before it run side by side."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """A column that an older release does not look at."""
    op.add_column("installation", Column("works_from", Text, nullable=False, server_default="9999"))


def downgrade() -> None:
    """Without it."""
    with op.batch_alter_table("installation") as table:
        table.drop_column("works_from")
