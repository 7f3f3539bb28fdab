"""The first tables, as zonewire.store.tables had them then. Never changed: a later shape is a later file."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    },
)

Key = BigInteger().with_variant(Integer(), "sqlite")
Moment = BigInteger

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
)

heartbeats = Table(
    "heartbeats",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("lane", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    Column("turned_at", Moment, nullable=False),
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("started_at", Moment, nullable=False),
    Column("up_to", BigInteger),
)

events = Table(
    "events",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("guid", Text, nullable=False),
    Column("version", Integer),
    Column("accepted_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

articles = Table(
    "articles",
    metadata,
    Column("id", Key, primary_key=True),
    Column("guid", Text, nullable=False, unique=True),
    Column("entry_id", Text, nullable=False),
    Column("newest", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("event_at", Moment, nullable=False),
    Column("accepted_at", Moment, nullable=False),
)

versions = Table(
    "versions",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("accepted_at", Moment, nullable=False),
    UniqueConstraint("article_id", "version"),
    Index("ix_versions_accepted_at", "accepted_at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("taken_until", Moment, nullable=False, server_default="0"),
    Column("stage", Text, nullable=False, server_default="feeds"),
    Column("after_filter", BigInteger, nullable=False, server_default="0"),
    Column("after_endpoint", BigInteger, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)

slugs = Table(
    "slugs",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("slug", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("kind", "value"),
)

filters = Table(
    "filters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("wanted", SmallInteger, nullable=False),
    Column("written", Text, nullable=False, server_default="{}"),
    Index("ix_filters_unwanted", "id", sqlite_where=text("wanted = 0"), postgresql_where=text("wanted = 0")),
)

filter_terms = Table(
    "filter_terms",
    metadata,
    Column("dimension", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("filter_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("address", Text, unique=True),
    Column("address_mark", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
)

hosts = Table(
    "hosts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("address_key", LargeBinary, nullable=False),
    Column("address", Text),
    Column("sealed_address", LargeBinary),
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id"), nullable=False),
    Column("host_id", BigInteger, ForeignKey("hosts.id"), nullable=False),
    Column("secret", LargeBinary),
    Column("previous_secret", LargeBinary),
    Column("previous_until", Moment),
    Column("state", Text, nullable=False, server_default="healthy"),
    Column("gone", Boolean, nullable=False, server_default=false()),
    Column("reason", Text),
    Column("last_error", Text),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Moment),
    Column("disabled_at", Moment),
    Column("per_minute", Integer),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("channel", "address_key"),
    Index(
        "ix_endpoints_disabled",
        "id",
        sqlite_where=text("state = 'disabled'"),
        postgresql_where=text("state = 'disabled'"),
    ),
)

sequences = Table(
    "sequences",
    metadata,
    Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id"), nullable=False),
    Column("filter_id", BigInteger, ForeignKey("filters.id"), nullable=False),
    Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), nullable=False),
    Column("cadence", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("at_minute", SmallInteger, nullable=False),
    Column("weekday", SmallInteger, nullable=False),
    Column("submit", Boolean, nullable=False, server_default=false()),
    Column("template", Text, nullable=False),
    Column("window_after", BigInteger, nullable=False, server_default="0"),
    Column("next_at", Moment),
    Column("last_cut_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),
    UniqueConstraint("filter_id", "endpoint_id", "cadence"),
    Index(
        "ix_subscriptions_instant",
        "filter_id",
        "endpoint_id",
        sqlite_where=text("cadence = 'instant' AND state = 'active'"),
        postgresql_where=text("cadence = 'instant' AND state = 'active'"),
    ),
    Index(
        "ix_subscriptions_next_at",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
    Index("ix_subscriptions_endpoint_id", "endpoint_id"),
)

editions = Table(
    "editions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("filter_id", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("up_to", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("corrects", Text, nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("filter_id", "after", "up_to", "locale", "template", "corrects"),
)

edition_versions = Table(
    "edition_versions",
    metadata,
    Column("edition_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Index("ix_edition_versions_number", "number"),
    sqlite_with_rowid=False,
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ready", SmallInteger),
    Column("host_id", BigInteger, nullable=False),
    Column("endpoint_id", BigInteger, nullable=False),
    Column("article_id", BigInteger),
    Column("number", BigInteger),
    Column("edition_id", BigInteger),
    Column("subscription_id", BigInteger),
    Column("due_at", Moment),
    Column("lease_id", BigInteger),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("waits", SmallInteger, nullable=False, server_default="0"),
    Column("lapses", SmallInteger, nullable=False, server_default="0"),
    Column("lone", Boolean, nullable=False, server_default=false()),
    Column("unknowns", SmallInteger, nullable=False, server_default="0"),
    Column("event_type", Text),
    Column("sequence", BigInteger),
    Column("settled_at", Moment),
    Column("reason", Text),
    CheckConstraint("ready IN (0, 1)", name="ready"),
    Index(
        "uq_deliveries_article",
        "article_id",
        "endpoint_id",
        "number",
        "kind",
        unique=True,
        sqlite_where=text("kind IN ('news', 'withdrawal')"),
        postgresql_where=text("kind IN ('news', 'withdrawal')"),
    ),
    Index(
        "uq_deliveries_edition",
        "edition_id",
        "subscription_id",
        unique=True,
        sqlite_where=text("kind = 'digest'"),
        postgresql_where=text("kind = 'digest'"),
    ),
    Index(
        "ix_deliveries_ready",
        "lane",
        "host_id",
        "endpoint_id",
        "due_at",
        sqlite_where=text("ready = 1"),
        postgresql_where=text("ready = 1"),
    ),
    Index(
        "ix_deliveries_waiting",
        "lane",
        "due_at",
        sqlite_where=text("ready = 0"),
        postgresql_where=text("ready = 0"),
    ),
    Index(
        "ix_deliveries_suspects",
        "lane",
        "due_at",
        sqlite_where=text("ready = 1 AND lapses >= 2"),
        postgresql_where=text("ready = 1 AND lapses >= 2"),
    ),
    Index(
        "ix_deliveries_lease",
        "lease_id",
        sqlite_where=text("state = 'sending'"),
        postgresql_where=text("state = 'sending'"),
    ),
    Index(
        "ix_deliveries_held",
        "endpoint_id",
        sqlite_where=text("due_at IS NULL AND state IN ('pending', 'retrying')"),
        postgresql_where=text("due_at IS NULL AND state IN ('pending', 'retrying')"),
    ),
    Index(
        "ix_deliveries_dead",
        "endpoint_id",
        sqlite_where=text("state = 'dead'"),
        postgresql_where=text("state = 'dead'"),
    ),
    sqlite_autoincrement=True,
    postgresql_with={"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.01"},
)

leases = Table(
    "leases",
    metadata,
    Column("id", Key, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("until_at", Moment, nullable=False),
    Index("ix_leases_until_at", "until_at"),
    Index("ix_leases_worker", "worker"),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("delivery_id", BigInteger, nullable=False),
    Column("request", BigInteger),
    Column("at", Moment, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", SmallInteger),
    Column("error", Text, nullable=False),
    Column("answer", Text),
    Index("ix_attempts_delivery_id", "delivery_id"),
    Index("ix_attempts_at", "at"),
)

delivery_counts = Table(
    "delivery_counts",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("held", Boolean, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

feeds = Table(
    "feeds",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("dirty_to", BigInteger, nullable=False, server_default="0"),
    Column("published_to", BigInteger, nullable=False, server_default="0"),
    Column("dirty_since", Moment),
    Column("published_at", Moment),
    Column("changed_at", Moment, nullable=False, server_default="0"),
    Column("articles", Integer, nullable=False, server_default="0"),
    Index(
        "ix_feeds_dirty",
        "dirty_since",
        sqlite_where=text("dirty_since IS NOT NULL"),
        postgresql_where=text("dirty_since IS NOT NULL"),
    ),
)

feed_entries = Table(
    "feed_entries",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Index("ix_feed_entries_newest", "feed_id", "number"),
    Index("ix_feed_entries_article_id", "article_id"),
    sqlite_with_rowid=False,
)

entry_renderings = Table(
    "entry_renderings",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("format", Text, primary_key=True),
    Column("made_for", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("format", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("etag", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("made_for", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
