"""What readers are told and asked: a digest that is late or leaves something out, a pause that ends, their consent."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Columns that an older release leaves empty, and one table."""
    op.add_column("editions", Column("late_since", BigInteger))
    op.add_column("editions", Column("skipped", Integer))
    op.add_column("subscriptions", Column("skipped_after", BigInteger))
    op.add_column("subscriptions", Column("paused_until", BigInteger))
    resting = text("paused_until IS NOT NULL")
    op.create_index(
        "ix_subscriptions_paused_until",
        "subscriptions",
        ["paused_until"],
        sqlite_where=resting,
        postgresql_where=resting,
    )
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
    op.create_index("ix_consents_given_from", "consents", ["given_from", "given_at"])


def downgrade() -> None:
    """Without them."""
    op.drop_table("consents")
    op.drop_index("ix_subscriptions_paused_until", "subscriptions")
    for table, column in (
        ("subscriptions", "paused_until"),
        ("subscriptions", "skipped_after"),
        ("editions", "skipped"),
        ("editions", "late_since"),
    ):
        op.drop_column(table, column)
