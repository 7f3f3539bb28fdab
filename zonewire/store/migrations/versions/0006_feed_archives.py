"""Archives of feeds: which are closed, what each holds, and which entries stand in none yet."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Two tables, two columns, an index. What is there stands in no archive; publishing closes them, step by step."""
    op.add_column("feeds", Column("archives", Integer, nullable=False, server_default="0"))
    op.add_column("feed_entries", Column("archive", Integer, nullable=False, server_default="0"))
    op.create_index(
        "ix_feed_entries_unarchived",
        "feed_entries",
        ["feed_id", "number"],
        sqlite_where=text("archive = 0"),
        postgresql_where=text("archive = 0"),
    )
    op.create_table(
        "archives",
        Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
        Column("nth", Integer, primary_key=True, autoincrement=False),
        Column("closed_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "archive_entries",
        Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
        Column("nth", Integer, primary_key=True, autoincrement=False),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Without them."""
    op.drop_table("archive_entries")
    op.drop_table("archives")
    op.drop_index("ix_feed_entries_unarchived", "feed_entries")
    op.drop_column("feed_entries", "archive")
    op.drop_column("feeds", "archives")
