"""Every table, with a remark on every column that its name does not explain.

Moments are integers: microseconds since 1970 in UTC. Names follow the vocabulary of docs/glossary.md. Tables that
a busy minute writes (deliveries, attempts, feed entries) have no foreign keys: each would cost a look-up a row.
"""

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

# SQLite gives rowids to INTEGER keys only.
Key = BigInteger().with_variant(Integer(), "sqlite")
Moment = BigInteger


# --- the installation ------------------------------------------------------------------------------------------------

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),  # always 1
    Column("number", BigInteger, nullable=False),  # random, 62 bits: no two installations make the same delivery id
    Column("created_at", Moment, nullable=False),
    Column("works_from", Text, nullable=False, server_default="9999"),  # see migrate.WORKS_FROM
)

# One row for each worker process; judged by `status`, /readyz and the sentinel.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("worker", Text, primary_key=True),  # host, lane and process
    Column("lane", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),  # the process is there
    Column("turned_at", Moment, nullable=False),  # its heart completed a turn
    Column("tasked_at", Moment),  # Celery handed it a task: beat, broker and its consumer work
    Column("version", Text),  # of Zonewire, that it runs
)

# A job that must happen once in its minute: who inserts the row does it.
job_runs = Table(
    "job_runs",
    metadata,
    Column("name", Text, primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),  # minutes since 1970
    Column("started_at", Moment, nullable=False),
    Column("up_to", BigInteger),  # digests: the acceptance number at which every window of this tick closes
)


# --- articles --------------------------------------------------------------------------------------------------------

# What was accepted, for deduplication. The result is answered again to a sender that repeats itself.
events = Table(
    "events",
    metadata,
    Column("source", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("guid", Text, nullable=False),
    Column("version", Integer),  # null where the event was stale and the article unknown
    Column("accepted_at", Moment, nullable=False),
    Index("ix_events_guid", "guid"),
    sqlite_with_rowid=False,
)

articles = Table(
    "articles",
    metadata,
    Column("id", Key, primary_key=True),
    Column("guid", Text, nullable=False, unique=True),
    Column("entry_id", Text, nullable=False),  # the feeds' id: minted once, the same in every format
    Column("newest", BigInteger, nullable=False),  # acceptance number of the newest version
    Column("version", Integer, nullable=False),  # 1, 2, 3 …
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("event_at", Moment, nullable=False),  # the time of the newest event accepted; older ones are stale
    Column("accepted_at", Moment, nullable=False),  # of the first version
)

versions = Table(
    "versions",
    metadata,
    Column(
        "number", BigInteger, primary_key=True, autoincrement=False
    ),  # the acceptance number: rises with each commit
    Column("article_id", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("withdrawn", Boolean, nullable=False),  # a tombstone: content is the last text that stood
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),  # the article as JSON (articles.Article)
    Column("digest", LargeBinary, nullable=False),  # of the content: equal means nothing changed
    Column("published_at", Moment, nullable=False),  # the sender's date
    Column("accepted_at", Moment, nullable=False),  # rises strictly with the number
    UniqueConstraint("article_id", "version"),
    Index("ix_versions_accepted_at", "accepted_at"),
)

# What the reaction still owes; a row goes when it is done. The relay is whoever looks here without a hint.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("number", BigInteger, nullable=False),  # the version that was accepted
    Column("created_at", Moment, nullable=False),
    Column("taken_until", Moment, nullable=False, server_default="0"),
    Column("stage", Text, nullable=False, server_default="feeds"),  # reaction.Stage: where a large fan-out goes on
    Column("after_filter", BigInteger, nullable=False, server_default="0"),  # the cursor inside that stage:
    Column("after_endpoint", BigInteger, nullable=False, server_default="0"),  # rows up to here are owed already
    sqlite_autoincrement=True,
)

# A name in an address: given once, never changed. (kind, value) and (kind, slug) are both unique.
slugs = Table(
    "slugs",
    metadata,
    Column("kind", Text, primary_key=True),  # zone, city, section
    Column("slug", Text, primary_key=True),
    Column("value", Text, nullable=False),  # folded, as filters compare it
    Column("name", Text, nullable=False),  # as it was first written
    UniqueConstraint("kind", "value"),
)


# --- filters and subscriptions ---------------------------------------------------------------------------------------

# Equal filters are one row.
filters = Table(
    "filters",
    metadata,
    Column("id", Key, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # canonical JSON of the filter; of a long one its SHA-256
    Column("wanted", SmallInteger, nullable=False),  # how many dimensions it names; 0 passes everything not excluded
    Column("written", Text, nullable=False, server_default="{}"),  # its options as they were first written, to show
    Index("ix_filters_unwanted", "id", sqlite_where=text("wanted = 0"), postgresql_where=text("wanted = 0")),
)

filter_terms = Table(
    "filter_terms",
    metadata,
    Column("dimension", Text, primary_key=True),  # zone, city, section, keyword, not_zone, not_keyword …
    Column("value", Text, primary_key=True),  # folded
    Column("filter_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("address", Text, unique=True),  # an email address, or a partner's host; null once erased
    Column("address_mark", LargeBinary),  # HMAC of an erased address, so that it is not taken in again
    Column("created_at", Moment, nullable=False),
    Column("erased_at", Moment),
    Index("ix_subscribers_lower_address", text("lower(address)")),  # whoever is the same person but for capitals
    Index(
        "ix_subscribers_address_mark",
        "address_mark",
        sqlite_where=text("address_mark IS NOT NULL"),
        postgresql_where=text("address_mark IS NOT NULL"),
    ),
)

hosts = Table(
    "hosts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # "host:port": what shares connections
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Key, primary_key=True),
    Column("channel", Text, nullable=False),
    Column(
        "address_key", LargeBinary, nullable=False
    ),  # keyed hash of the normalised address: finds it without showing it
    Column("address", Text),  # as it is shown; null once its subscriber is erased
    Column("sealed_address", LargeBinary),  # the whole of it for robots, whose address is their secret
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id"), nullable=False),
    Column("host_id", BigInteger, ForeignKey("hosts.id"), nullable=False),
    Column("secret", LargeBinary),  # sealed
    Column("previous_secret", LargeBinary),  # sealed; signs too until previous_until
    Column("previous_until", Moment),
    Column("state", Text, nullable=False, server_default="healthy"),  # healthy, failing, disabled
    Column("gone", Boolean, nullable=False, server_default=false()),  # 410: nothing more is made until it is enabled
    Column("reason", Text),  # why it is disabled
    Column("last_error", Text),
    Column("failures", Integer, nullable=False, server_default="0"),  # since the last success
    Column("failing_since", Moment),
    Column("disabled_at", Moment),
    Column("per_minute", Integer),  # a rate of its own; null: the channel's
    Column("created_at", Moment, nullable=False),
    # It comes back after a long failure: so many times its backlog's next portion was doubled (delivery/ramps.py);
    # null: it takes all that is due.
    Column("ramp", SmallInteger),
    Column("ramp_at", Moment),  # when the last portion was let go
    UniqueConstraint("channel", "address_key"),
    Index("ix_endpoints_subscriber_id", "subscriber_id"),
    Index(
        "ix_endpoints_disabled",
        "id",
        sqlite_where=text("state = 'disabled'"),
        postgresql_where=text("state = 'disabled'"),
    ),
    Index(
        "ix_endpoints_ramp",
        "id",
        sqlite_where=text("ramp IS NOT NULL"),
        postgresql_where=text("ramp IS NOT NULL"),
    ),
)

# The last number given to an endpoint's webhooks. Apart from the endpoints: every claim writes here.
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
    Column("cadence", Text, nullable=False),  # instant, hourly, daily, weekly
    Column("state", Text, nullable=False),  # active, unconfirmed, paused, ended
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("at_minute", SmallInteger, nullable=False),  # local time of day, minutes after midnight
    Column("weekday", SmallInteger, nullable=False),  # Monday is 0; weekly only
    Column("submit", Boolean, nullable=False, server_default=false()),  # wechat_oa: submit drafts for publication
    Column("template", Text, nullable=False),
    Column(
        "window_after", BigInteger, nullable=False, server_default="0"
    ),  # acceptance number: the open window's start
    Column("next_at", Moment),  # when the open window is cut; null for instant and for all that is not active
    Column("last_cut_at", Moment),
    # Where the window stood before a pause, if it opened later: its next digest says how much was left out between.
    Column("skipped_after", BigInteger),
    Column("paused_until", Moment),  # null: not paused, or until its reader resumes it
    Column("filters_before", Text),  # JSON: filters that it had, since articles were sent by them; null: none
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
    Index("ix_subscriptions_subscriber_id", "subscriber_id"),
    Index(
        "ix_subscriptions_unconfirmed",  # since when
        "state_at",
        sqlite_where=text("state = 'unconfirmed'"),
        postgresql_where=text("state = 'unconfirmed'"),
    ),
    Index(
        "ix_subscriptions_paused_until",
        "paused_until",
        sqlite_where=text("paused_until IS NOT NULL"),
        postgresql_where=text("paused_until IS NOT NULL"),
    ),
)

# What readers agreed to on our pages: when, from where, to which words.
consents = Table(
    "consents",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscription_id", BigInteger, ForeignKey("subscriptions.id"), nullable=False),
    Column("act", Text, nullable=False),  # asked (the form was sent), confirmed (the link of the mail was used)
    Column("given_at", Moment, nullable=False),
    Column("given_from", Text, nullable=False),  # the network address that the request came from
    Column("locale", Text, nullable=False),
    Column("wording", Text, nullable=False),  # the sentences that stood above the button
    Index("ix_consents_subscription_id", "subscription_id"),
)

# Who opened the links of mails: a row a day, a page and a kind of visitor.
visits = Table(
    "visits",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970, UTC
    Column("page", Text, primary_key=True),  # manage, confirm, unsubscribe, edition
    Column("visitor", Text, primary_key=True),  # person, scanner
    Column("visits", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# Mails that somebody asked for on our pages, for a day: how many one mailbox gets and one place asks for has a bound.
asks = Table(
    "asks",
    metadata,
    Column("id", Key, primary_key=True),
    Column("receiver", LargeBinary),  # a keyed hash of the mailbox; null: no mail came of it
    Column("asked_from", Text, nullable=False),  # the network address that the request came from
    Column("asked_at", Moment, nullable=False),
    Index("ix_asks_receiver", "receiver", "asked_at"),
    Index("ix_asks_asked_from", "asked_from", "asked_at"),
    Index("ix_asks_asked_at", "asked_at"),
)

# Tokens of private feeds. One that was revoked stays, to be answered by 410.
private_feeds = Table(
    "private_feeds",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subscription_id", BigInteger, ForeignKey("subscriptions.id"), nullable=False),
    Column("token_hash", LargeBinary, nullable=False),  # SHA-256: finds the token without showing it
    Column("sealed_token", LargeBinary),  # to show it to its owner again; null once it is revoked
    Column("made_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index("uq_private_feeds_token_hash", "token_hash", unique=True),
    Index("ix_private_feeds_subscription_id", "subscription_id"),
    Index(
        "uq_private_feeds_served",  # one at a time
        "subscription_id",
        unique=True,
        sqlite_where=text("revoked_at IS NULL"),
        postgresql_where=text("revoked_at IS NULL"),
    ),
)


# --- digests ---------------------------------------------------------------------------------------------------------

editions = Table(
    "editions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("filter_id", BigInteger, nullable=False),
    Column("after", BigInteger, nullable=False),  # the window (after, up_to] in acceptance numbers
    Column("up_to", BigInteger, nullable=False),
    Column("locale", Text, nullable=False),
    Column("template", Text, nullable=False),
    # What its readers share besides, as a mark of it: which articles they had of those that are corrected here (who
    # came later gets that news as news), how late it is, what was left out.
    Column("corrects", Text, nullable=False, server_default=""),  # "": nothing of all that
    Column("created_at", Moment, nullable=False),
    Column("late_since", Moment),  # when it was due, if it was cut noticeably later
    Column("skipped", Integer),  # stories that a pause left out; -1: too many to count; null: none
    UniqueConstraint("filter_id", "after", "up_to", "locale", "template", "corrects"),
)

# Which versions an edition carries. Never changes; rendering leaves out what was withdrawn by then.
edition_versions = Table(
    "edition_versions",
    metadata,
    Column("edition_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),  # story, correction, withdrawal
    Index("ix_edition_versions_number", "number"),
    sqlite_with_rowid=False,
)


# --- the ledger ------------------------------------------------------------------------------------------------------

# One thing owed to one endpoint. Ids, state, times and counters only: under 200 bytes a row.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("created_at", Moment, nullable=False),
    Column("kind", Text, nullable=False),  # news, withdrawal (the unique key rests on these); digest, confirmation …
    Column("lane", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("ready", SmallInteger),  # 1: claimable now; 0: waits for due_at; null: held, sending or settled
    Column("host_id", BigInteger, nullable=False),
    Column("endpoint_id", BigInteger, nullable=False),
    Column("article_id", BigInteger),
    Column("number", BigInteger),  # the article's version, by acceptance number
    Column("edition_id", BigInteger),
    # For whom a digest or a service mail was made; a hub's notice or denial names its subscription there, a
    # verification of intent its request.
    Column("subscription_id", BigInteger),
    Column("due_at", Moment),  # null while held, and once settled
    Column("lease_id", BigInteger),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),  # tries spent
    Column("waits", SmallInteger, nullable=False, server_default="0"),  # stated waits that spent no try
    Column("lapses", SmallInteger, nullable=False, server_default="0"),  # leases that ran out under it
    Column("lone", Boolean, nullable=False, server_default=false()),  # its present lease is one that it has alone
    Column("unknowns", SmallInteger, nullable=False, server_default="0"),  # tries after which the receiver may have it
    Column("event_type", Text),  # fixed at the first claim of news: published or updated
    Column("sequence", BigInteger),  # a webhook's, given at its first claim
    Column("settled_at", Moment),
    Column("reason", Text),  # why it is dead or cancelled
    Column("part", SmallInteger, nullable=False, server_default="0"),  # how much is done of it, see ledger.Claimed
    Column("plain", Boolean, nullable=False, server_default=false()),  # its rich form was refused: alone, and plainly
    Column("worthless_at", Moment),  # what is not sent by then is cancelled; null: it keeps its worth
    CheckConstraint("ready IN (0, 1)", name="ready"),
    Index("ix_deliveries_endpoint_id", "endpoint_id", "id"),
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
        "ix_deliveries_suspects",  # their lease ran out twice: claimed alone
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
    Index(
        "ix_deliveries_hub",  # what a subscription at the hub was told
        "subscription_id",
        "id",
        sqlite_where=text("kind IN ('notice', 'denial')"),
        postgresql_where=text("kind IN ('notice', 'denial')"),
    ),
    Index(
        "ix_deliveries_reader",  # what a subscription was sent, and asked
        "subscription_id",
        "id",
        sqlite_where=text("kind IN ('digest', 'confirmation')"),
        postgresql_where=text("kind IN ('digest', 'confirmation')"),
    ),
    sqlite_autoincrement=True,  # a key is never given twice: delivery ids are made of it
    postgresql_with={"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.01"},
)

# One row for each claimed batch: renewing touches one row.
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

# How fast an endpoint may be sent to, whichever worker sends: see delivery/paces.py.
paces = Table(
    "paces",
    metadata,
    Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sent", Text, nullable=False, server_default="[]"),  # JSON: the moments of its last requests
    Column("not_before", Moment),  # the platform asked for a rest until then
    sqlite_with_rowid=False,
)

# Failed tries, with the first kilobyte of what was answered. (A success needs no row: the delivery says when.)
attempts = Table(
    "attempts",
    metadata,
    Column("id", Key, primary_key=True),
    Column("delivery_id", BigInteger, nullable=False),
    Column("request", BigInteger),  # the same for all deliveries that one request carried (a merged card)
    Column("at", Moment, nullable=False),
    Column("took_ms", Integer, nullable=False),
    Column("outcome", Text, nullable=False),  # later, never, unknown
    Column("status", SmallInteger),  # HTTP status or SMTP code
    Column("error", Text, nullable=False),
    Column("answer", Text),
    Column("headers", Text),  # of the answer, a line each, secrets hidden
    Index("ix_attempts_delivery_id", "delivery_id"),
    Index("ix_attempts_at", "at"),
)

# Counts by state, moved by the transactions that move rows. Shards let PostgreSQL's workers write without waiting.
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


# --- feeds -----------------------------------------------------------------------------------------------------------

feeds = Table(
    "feeds",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # "all", "city/taizhou"
    Column("kind", Text, nullable=False),  # all, zone, city, section, declared
    Column("title", Text, nullable=False),  # "" for `all`; else the zone's, city's or section's name, or as declared
    Column("filter_id", BigInteger),  # what a declared feed carries
    Column(
        "filled_to", BigInteger, nullable=False, server_default="0"
    ),  # articles up to here were looked at for it; -1: all
    # Rises with each touch, and is at least the acceptance number that touched it: reactions come in any order, so the
    # number alone would let a late one be cleared by a publisher that read before it.
    Column("dirty_to", BigInteger, nullable=False, server_default="0"),
    Column("published_to", BigInteger, nullable=False, server_default="0"),  # what its documents were made up to
    Column("dirty_since", Moment),  # when the open burst began; null while clean
    Column("published_at", Moment),  # when its documents were last made
    Column(
        "changed_at", Moment, nullable=False, server_default="0"
    ),  # acceptance of the newest version that touched it
    Column("articles", Integer, nullable=False, server_default="0"),  # that stand in it, withdrawn ones not counted
    # The number of its last archive: none is given twice, not even where the archives themselves are gone.
    Column("archives", Integer, nullable=False, server_default="0"),
    Index(
        "ix_feeds_dirty",
        "dirty_since",
        sqlite_where=text("dirty_since IS NOT NULL"),
        postgresql_where=text("dirty_since IS NOT NULL"),
    ),
)

# Which article stands in which feed, by its newest version; a withdrawn one stays as a tombstone.
feed_entries = Table(
    "feed_entries",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("article_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    # The feed's dirty_to when it came in, or changed last: rises within the feed in whatever order reactions come.
    Column("came_in", BigInteger, nullable=False, server_default="0"),
    Column("archive", Integer, nullable=False, server_default="0"),  # the archive that holds this version; 0: none does
    Index("ix_feed_entries_newest", "feed_id", "number"),
    Index("ix_feed_entries_article_id", "article_id"),
    Index(
        "ix_feed_entries_unarchived",
        "feed_id",
        "number",
        sqlite_where=text("archive = 0"),
        postgresql_where=text("archive = 0"),
    ),
    sqlite_with_rowid=False,
)

# The closed archives of the feeds, and the versions that each holds.
archives = Table(
    "archives",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("nth", Integer, primary_key=True, autoincrement=False),  # 1 is the oldest
    Column("closed_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),  # acceptance of the newest in it, and of all in older archives
    sqlite_with_rowid=False,
)
archive_entries = Table(
    "archive_entries",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# A version's entry, rendered once a format and put into every document that carries it.
entry_renderings = Table(
    "entry_renderings",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("format", Text, primary_key=True),  # rss, atom, json
    Column("made_for", Text, nullable=False),  # the form of entries and BASE_URL: another one makes it anew
    Column("body", LargeBinary, nullable=False),  # pressed (feeds.pressing)
)

# Who fetches documents, by day: for an operator to look at. Nobody is named but by an address, or by the subscription
# whose private feed it is, and by what it says it is.
feed_readers = Table(
    "feed_readers",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970, UTC
    Column("reader", Text, primary_key=True),  # the client's address, as the proxy names it; "private feed of s12"
    Column("software", Text, primary_key=True),  # the beginning of its User-Agent; "" where it sends none
    Column("polls", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),  # answered 304
    Column("deltas", Integer, nullable=False),  # answered 226
    Column("refused", Integer, nullable=False),  # answered 429
    Column("subscribers", Integer, nullable=False),  # that it claims to speak for, at most
    Column("last_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# What is served: the same bytes from each web process and host.
documents = Table(
    "documents",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("format", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),  # the feed's dirty_to that it was made up to
    Column("etag", Text, nullable=False),  # of the plain bytes, unquoted
    Column("changed_at", Moment, nullable=False),  # when its bytes last changed
    Column("made_for", Text, nullable=False),  # as in entry_renderings
    Column("body", LargeBinary, nullable=False),  # gzip; last, so that SQLite reads the rest without it
    sqlite_with_rowid=False,
)


# --- the hub ---------------------------------------------------------------------------------------------------------

# A topic (one feed in one format) and the callback that is told of it; and what hubs of others are told of.
hub_subscriptions = Table(
    "hub_subscriptions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), nullable=False),  # the callback, or an outside hub
    Column("feed_id", BigInteger, nullable=False),
    Column("feed", Text, nullable=False),  # its name, which outlives it
    Column("format", Text, nullable=False),
    Column("outside", Boolean, nullable=False, server_default=false()),  # another's hub, which is only told "changed"
    Column("state", Text, nullable=False),  # active, ended
    Column("reason", Text),  # why it ended
    Column("secret", LargeBinary),  # sealed; null: notices are not signed
    Column("lease_until", Moment),  # null for an outside hub
    Column("requested_by", Text, nullable=False, server_default=""),  # the address that asked for it
    Column("noticed", Text, nullable=False, server_default=""),  # the tag of the document that it has
    Column("delivery_id", BigInteger),  # its last notice
    Column("created_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),  # began, was renewed, or ended
    UniqueConstraint("endpoint_id", "feed_id", "format"),
    Index(
        "ix_hub_subscriptions_active",
        "feed_id",
        "id",
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
    Index(
        "ix_hub_subscriptions_requested_by",
        "requested_by",
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
    Index(
        "ix_hub_subscriptions_lease_until",
        "lease_until",
        sqlite_where=text("state = 'active'"),
        postgresql_where=text("state = 'active'"),
    ),
    Index(
        "ix_hub_subscriptions_ended",
        "state_at",
        sqlite_where=text("state = 'ended'"),
        postgresql_where=text("state = 'ended'"),
    ),
)

# What a subscriber asked of the hub. Nothing comes of it before its callback has answered the challenge.
hub_requests = Table(
    "hub_requests",
    metadata,
    Column("id", Key, primary_key=True),
    Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), nullable=False),
    Column("feed_id", BigInteger, nullable=False),
    Column("feed", Text, nullable=False),  # its name, which outlives it
    Column("format", Text, nullable=False),
    Column("mode", Text, nullable=False),  # subscribe, unsubscribe
    Column("secret", LargeBinary),  # sealed
    Column("lease_s", Integer, nullable=False),  # as we grant it
    Column("challenge", Text, nullable=False),
    Column("tag", Text, nullable=False),  # of the document at the moment of asking: what comes after it is told
    Column("requested_by", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending, verified, refused, replaced
    Column("reason", Text),
    Column("delivery_id", BigInteger),  # the verification
    Column("created_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),
    Index("ix_hub_requests_endpoint_id", "endpoint_id"),
    Index("ix_hub_requests_state_at", "state_at"),
    Index("ix_hub_requests_requested_by", "requested_by", "created_at"),
)

# Feeds whose documents have changed and whose subscribers may not have been told. Written with the documents; a row
# goes when all of them are owed what they lack.
hub_outbox = Table(
    "hub_outbox",
    metadata,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False),
    Column("due_at", Moment, nullable=False),
    Column("cursor", BigInteger, nullable=False, server_default="0"),  # subscriptions up to here are looked through
    Column("again_at", Moment),  # when somebody before the cursor has to be looked at once more
    Index("ix_hub_outbox_due_at", "due_at"),
)


# --- WeChat ----------------------------------------------------------------------------------------------------------

# The pictures that an account has already: each is uploaded once for inside articles and once in each form of a cover.
wechat_media = Table(
    "wechat_media",
    metadata,
    Column("appid", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of the picture as it was found
    Column("use", Text, primary_key=True),  # inside, cover-wide, cover-square
    Column("value", Text, nullable=False),  # what WeChat gave: an address, or a media_id
    Column("kept_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

# The drafts that were made of editions, and what became of them.
wechat_drafts = Table(
    "wechat_drafts",
    metadata,
    Column("delivery_id", BigInteger, primary_key=True, autoincrement=False),
    Column("appid", Text, nullable=False),
    Column("endpoint_id", BigInteger, nullable=False),
    Column("edition_id", BigInteger, nullable=False),
    Column("subscription_id", BigInteger, nullable=False),
    Column("media_id", Text, nullable=False),
    Column("state", Text, nullable=False),  # draft, submitted, published, failed, gone
    Column("publish_id", Text),  # once it was submitted
    Column("articles", Text, nullable=False),  # JSON: the hash of each article as it was last sent
    Column("detail", Text),  # why it failed or is gone
    Column("addresses", Text),  # JSON: of each article, once it is published
    Column("made_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),
    Index(
        "ix_wechat_drafts_edition_id",
        "edition_id",
        sqlite_where=text("state = 'draft'"),
        postgresql_where=text("state = 'draft'"),
    ),
)


# --- operators -------------------------------------------------------------------------------------------------------

operators = Table(
    "operators",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),  # look, operate, administer
    Column("password", Text, nullable=False),  # argon2id, in its own encoding
    Column("created_at", Moment, nullable=False),
)

# Who is logged in, and from where. A row goes with its operator, at logging out, and when it was long unused.
operator_sessions = Table(
    "operator_sessions",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the cookie
    Column("operator_id", BigInteger, ForeignKey("operators.id"), nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),  # to the minute
    Column("came_from", Text, nullable=False),  # the network address
    Column("software", Text, nullable=False),  # the beginning of its User-Agent
    Index("ix_operator_sessions_operator_id", "operator_id"),
    Index("ix_operator_sessions_seen_at", "seen_at"),
    sqlite_with_rowid=False,
)

# Logins that failed, for an hour: how many a name and an address may try has a bound.
login_tries = Table(
    "login_tries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", LargeBinary, nullable=False),  # its hash: who mistypes may have typed the password there
    Column("came_from", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_login_tries_name", "name", "at"),
    Index("ix_login_tries_came_from", "came_from", "at"),
    Index("ix_login_tries_at", "at"),
)

# What operators did, for good.
audit = Table(
    "audit",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("operator", Text, nullable=False),  # the name, which outlives the operator; "command line" is the CLI
    Column("act", Text, nullable=False),  # operating.Act
    Column("about", Text, nullable=False),  # an id as it is shown outside: "e7", "push.http"
    Column("detail", Text, nullable=False),  # JSON: what was said with it
    Column("came_from", Text, nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_about", "about", "id"),
)

# Lanes that an operator has stopped. Workers look here before each turn.
pauses = Table(
    "pauses",
    metadata,
    Column("lane", Text, primary_key=True),
    Column("began_at", Moment, nullable=False),
    Column("until_at", Moment),  # it goes on by itself then; null: when somebody resumes it
    Column("operator", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

# Replaying or cancelling many deliveries at a pace, by upkeep.
bulk_actions = Table(
    "bulk_actions",
    metadata,
    Column("id", Key, primary_key=True),
    Column("act", Text, nullable=False),  # replay, cancel
    Column("chosen", Text, nullable=False),  # JSON: which deliveries (delivery.searching.Search)
    Column("per_minute", Integer, nullable=False),  # 0: as fast as they can be written
    Column("operator", Text, nullable=False),
    Column("began_at", Moment, nullable=False),
    Column("state", Text, nullable=False),  # running, stopped, done
    Column("cursor", BigInteger, nullable=False),  # it is through with those from here up: the newest come first
    Column("expected", BigInteger, nullable=False),  # how many the dry run counted
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("passed_over", BigInteger, nullable=False, server_default="0"),  # had moved on by then, or was superseded
    Column("held", BigInteger, nullable=False, server_default="0"),  # put back at disabled endpoints
    Column("stepped_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Index(
        "ix_bulk_actions_running",
        "id",
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
)

# How often something happened: ever ("all"), in a minute ("m") or in an hour ("h"). See delivery/tallies.py. And
# what was read last ("last"): see delivery/readings.py.
tallies = Table(
    "tallies",
    metadata,
    Column("span", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),  # minutes since 1970 of its beginning; 0: ever
    Column("name", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Trouble of endpoints by the hour: tries that failed, and those that took a second or more.
endpoint_hours = Table(
    "endpoint_hours",
    metadata,
    Column("endpoint_id", BigInteger, primary_key=True, autoincrement=False),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),  # hours since 1970
    Column("failed", Integer, nullable=False),
    Column("slow", Integer, nullable=False),
    Column("took_ms", BigInteger, nullable=False),  # all of them together
    Column("longest_ms", Integer, nullable=False),
    Index("ix_endpoint_hours_hour", "hour"),
    sqlite_with_rowid=False,
)

# Tasks and turns that ended in a fault of ours.
task_failures = Table(
    "task_failures",
    metadata,
    Column("id", Key, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("lane", Text, nullable=False),
    Column("worker", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("task_id", Text, nullable=False),  # "" for a turn of the heart's
    Column("arguments", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Index("ix_task_failures_at", "at"),
)

# What is or was wrong, by the watch of upkeep: one row from its beginning to its end.
alarms = Table(
    "alarms",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False),  # of docs/operators/runbook.md
    Column("about", Text, nullable=False),  # the lane, the channel …; "" where there is one alone
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("detail", Text, nullable=False),  # JSON: what its sentence is filled with
    Column("is_told", Boolean, nullable=False, server_default=false()),  # receivers were told that it began
    Index(
        "uq_alarms_on",
        "name",
        "about",
        unique=True,
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
)

# Endpoints that are told of alarms.
alarm_receivers = Table(
    "alarm_receivers",
    metadata,
    Column("endpoint_id", BigInteger, ForeignKey("endpoints.id"), primary_key=True, autoincrement=False),
    Column("locale", Text, nullable=False),
    Column("added_at", Moment, nullable=False),
)
