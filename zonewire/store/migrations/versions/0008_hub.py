"""The WebSub hub: who subscribes to which topic, what was asked, and which feeds' subscribers are to be told."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    false,
    text,
)

revision = "0008"
down_revision = "0007"

_KEY = BigInteger().with_variant(Integer(), "sqlite")
_ACTIVE = text("state = 'active'")
_TOLD = text("kind IN ('notice', 'denial')")


def upgrade() -> None:
    """Three tables."""
    op.create_table(
        "hub_subscriptions",
        Column("id", _KEY, primary_key=True),
        Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), nullable=False),
        Column("feed_id", BigInteger, nullable=False),
        Column("feed", Text, nullable=False),
        Column("format", Text, nullable=False),
        Column("outside", Boolean, nullable=False, server_default=false()),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("secret", LargeBinary),
        Column("lease_until", BigInteger),
        Column("requested_by", Text, nullable=False, server_default=""),
        Column("noticed", Text, nullable=False, server_default=""),
        Column("delivery_id", BigInteger),
        Column("created_at", BigInteger, nullable=False),
        Column("state_at", BigInteger, nullable=False),
        UniqueConstraint("endpoint_id", "feed_id", "format"),
    )
    for name, columns in (
        ("ix_hub_subscriptions_active", ["feed_id", "id"]),
        ("ix_hub_subscriptions_requested_by", ["requested_by"]),
        ("ix_hub_subscriptions_lease_until", ["lease_until"]),
    ):
        op.create_index(name, "hub_subscriptions", columns, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
    op.create_index(
        "ix_hub_subscriptions_ended",
        "hub_subscriptions",
        ["state_at"],
        sqlite_where=text("state = 'ended'"),
        postgresql_where=text("state = 'ended'"),
    )
    op.create_table(
        "hub_requests",
        Column("id", _KEY, primary_key=True),
        Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), nullable=False),
        Column("feed_id", BigInteger, nullable=False),
        Column("feed", Text, nullable=False),
        Column("format", Text, nullable=False),
        Column("mode", Text, nullable=False),
        Column("secret", LargeBinary),
        Column("lease_s", Integer, nullable=False),
        Column("challenge", Text, nullable=False),
        Column("tag", Text, nullable=False),
        Column("requested_by", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("reason", Text),
        Column("delivery_id", BigInteger),
        Column("created_at", BigInteger, nullable=False),
        Column("state_at", BigInteger, nullable=False),
    )
    op.create_index("ix_hub_requests_endpoint_id", "hub_requests", ["endpoint_id"])
    op.create_index("ix_hub_requests_state_at", "hub_requests", ["state_at"])
    op.create_index("ix_hub_requests_requested_by", "hub_requests", ["requested_by", "created_at"])
    op.create_table(
        "hub_outbox",
        Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
        Column("due_at", BigInteger, nullable=False),
        Column("cursor", BigInteger, nullable=False, server_default="0"),
        Column("again_at", BigInteger),
    )
    op.create_index("ix_hub_outbox_due_at", "hub_outbox", ["due_at"])
    op.create_index(
        "ix_deliveries_hub",
        "deliveries",
        ["subscription_id", "id"],
        sqlite_where=_TOLD,
        postgresql_where=_TOLD,
    )


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_deliveries_hub", "deliveries")
    for name in ("hub_outbox", "hub_requests", "hub_subscriptions"):
        op.drop_table(name)
