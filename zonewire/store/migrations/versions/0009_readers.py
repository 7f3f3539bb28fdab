"""What readers are told and asked: a digest that is late or leaves something out, a pause that ends, their consent."""

import hashlib

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, Text, column, func, select, table, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Columns that an older release leaves empty, three tables, and the ways to a person's rows."""
    op.add_column("editions", Column("late_since", BigInteger))
    op.add_column("editions", Column("skipped", Integer))
    op.add_column("subscriptions", Column("skipped_after", BigInteger))
    op.add_column("subscriptions", Column("paused_until", BigInteger))
    op.add_column("subscriptions", Column("filters_before", Text))
    resting = text("paused_until IS NOT NULL")
    op.create_index(
        "ix_subscriptions_paused_until",
        "subscriptions",
        ["paused_until"],
        sqlite_where=resting,
        postgresql_where=resting,
    )
    op.create_index("ix_subscriptions_subscriber_id", "subscriptions", ["subscriber_id"])
    waiting = text("state = 'unconfirmed'")
    op.create_index(
        "ix_subscriptions_unconfirmed", "subscriptions", ["state_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    of_readers = text("kind IN ('digest', 'confirmation')")
    op.create_index(
        "ix_deliveries_reader",
        "deliveries",
        ["subscription_id", "id"],
        sqlite_where=of_readers,
        postgresql_where=of_readers,
    )
    op.create_index("ix_endpoints_subscriber_id", "endpoints", ["subscriber_id"])
    op.create_index("ix_subscribers_lower_address", "subscribers", [text("lower(address)")])
    key = BigInteger().with_variant(Integer(), "sqlite")
    owner = ForeignKey("subscriptions.id", name="fk_consents_subscription_id")
    op.create_table(
        "consents",
        Column("id", key, primary_key=True),
        Column("subscription_id", BigInteger, owner, nullable=False),
        Column("act", Text, nullable=False),
        Column("given_at", BigInteger, nullable=False),
        Column("given_from", Text, nullable=False),
        Column("locale", Text, nullable=False),
        Column("wording", Text, nullable=False),
    )
    op.create_index("ix_consents_subscription_id", "consents", ["subscription_id"])
    op.create_table(
        "asks",
        Column("id", key, primary_key=True),
        Column("receiver", LargeBinary),
        Column("asked_from", Text, nullable=False),
        Column("asked_at", BigInteger, nullable=False),
    )
    op.create_table(
        "visits",
        Column("day", Integer, primary_key=True, autoincrement=False),
        Column("page", Text, primary_key=True),
        Column("visitor", Text, primary_key=True),
        Column("visits", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_asks_receiver", "asks", ["receiver", "asked_at"])
    op.create_index("ix_asks_asked_from", "asks", ["asked_from", "asked_at"])
    op.create_index("ix_asks_asked_at", "asks", ["asked_at"])
    _shorten_keys()


def _shorten_keys() -> None:
    """The keys of long filters become hashes, as new ones are; SQLite took keys of any length."""
    filters = table("filters", column("id", BigInteger), column("key", Text))
    long = select(filters.c.id, filters.c.key).where(func.length(filters.c.key) > 500)
    for row in op.get_bind().execute(long).all():
        if len(row.key.encode()) > 2_000:
            key = f"sha256:{hashlib.sha256(row.key.encode()).hexdigest()}"
            op.execute(filters.update().where(filters.c.id == row.id).values(key=key))


def downgrade() -> None:
    """Without them."""
    op.drop_table("visits")
    op.drop_table("asks")
    op.drop_table("consents")
    op.drop_index("ix_subscribers_lower_address", "subscribers")
    op.drop_index("ix_endpoints_subscriber_id", "endpoints")
    op.drop_index("ix_deliveries_reader", "deliveries")
    op.drop_index("ix_subscriptions_unconfirmed", "subscriptions")
    op.drop_index("ix_subscriptions_subscriber_id", "subscriptions")
    op.drop_index("ix_subscriptions_paused_until", "subscriptions")
    for of_table, name in (
        ("subscriptions", "filters_before"),
        ("subscriptions", "paused_until"),
        ("subscriptions", "skipped_after"),
        ("editions", "skipped"),
        ("editions", "late_since"),
    ):
        op.drop_column(of_table, name)
