"""What the trail reads. Moments are microseconds."""

from sqlalchemy import bindparam, exists, func, literal_column, or_, select

from zonewire.store import many, values_of
from zonewire.store.tables import (
    attempts,
    deliveries,
    edition_versions,
    editions,
    endpoints,
    events,
    feed_entries,
    feeds,
    filters,
    outbox,
    subscriptions,
    versions,
)

# The events that were accepted about a guid.
EVENTS = (
    select(events.c.source, events.c.event_id, events.c.version, events.c.accepted_at)
    .where(events.c.guid == bindparam("guid"))
    .order_by(events.c.accepted_at)
)

# The feeds that an article stands in, by the index on the article.
FEEDS = (
    select(feeds.c.name, feeds.c.title, feed_entries.c.number, feed_entries.c.withdrawn, feeds.c.published_to)
    .join(feeds, feeds.c.id == feed_entries.c.feed_id)
    .where(feed_entries.c.article_id == bindparam("article_id"))
    .order_by(feeds.c.name)
)

# The editions that carry one of some versions, by the index on the number.
EDITIONS = (
    select(
        editions.c.id,
        editions.c.after,
        editions.c.up_to,
        editions.c.created_at,
        filters.c.written,
        edition_versions.c.number,
        edition_versions.c.role,
    )
    .join(editions, editions.c.id == edition_versions.c.edition_id)
    .join(filters, filters.c.id == editions.c.filter_id)
    .where(edition_versions.c.number.in_(values_of(many("numbers"))))
    .order_by(editions.c.id)
)

_DELIVERIES = (
    select(
        deliveries,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.state.label("endpoint_state"),
        endpoints.c.reason.label("why_disabled"),
    )
    .join(endpoints, endpoints.c.id == deliveries.c.endpoint_id)
    .order_by(deliveries.c.id)
)
# An article's deliveries, by its unique key; and those of some editions, by theirs.
NEWS = _DELIVERIES.where(
    deliveries.c.kind.in_([literal_column("'news'"), literal_column("'withdrawal'")]),
    deliveries.c.article_id == bindparam("article_id"),
)
DIGESTS = _DELIVERIES.where(
    deliveries.c.kind == literal_column("'digest'"), deliveries.c.edition_id.in_(values_of(many("edition_ids")))
)
# The same editions, sent again by an operator: by the index on the endpoints that had them.
_had = deliveries.alias("had")
_of_editions = values_of(many("edition_ids"))
RESENDS = _DELIVERIES.where(
    deliveries.c.kind == literal_column("'resend'"),
    deliveries.c.edition_id.in_(_of_editions),
    deliveries.c.endpoint_id.in_(
        select(_had.c.endpoint_id).where(_had.c.kind == literal_column("'digest'"), _had.c.edition_id.in_(_of_editions))
    ),
)

# The keys of the same, from their indexes alone where no more is asked; and some deliveries by theirs.
NEWS_KEYS = select(deliveries.c.id).where(
    deliveries.c.kind.in_([literal_column("'news'"), literal_column("'withdrawal'")]),
    deliveries.c.article_id == bindparam("article_id"),
)
DIGEST_KEYS = select(deliveries.c.id).where(
    deliveries.c.kind == literal_column("'digest'"), deliveries.c.edition_id.in_(values_of(many("edition_ids")))
)
BY_KEYS = _DELIVERIES.order_by(None).where(deliveries.c.id.in_(values_of(many("of_ids"))))

ATTEMPTS = select(attempts).where(attempts.c.delivery_id.in_(values_of(many("of_ids")))).order_by(attempts.c.id)

# Subscriptions as the trail asks about them.
SUBSCRIPTIONS = (
    select(
        subscriptions.c.id,
        subscriptions.c.endpoint_id,
        subscriptions.c.filter_id,
        subscriptions.c.cadence,
        subscriptions.c.state,
        subscriptions.c.state_at,
        subscriptions.c.created_at,
        subscriptions.c.window_after,
        subscriptions.c.next_at,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.gone,
        endpoints.c.disabled_at,
        filters.c.written,
    )
    .join(endpoints, endpoints.c.id == subscriptions.c.endpoint_id)
    .join(filters, filters.c.id == subscriptions.c.filter_id)
    .order_by(subscriptions.c.id)
)
# Active digests under one of some filters whose open window holds a number.
OPEN_WINDOWS = SUBSCRIPTIONS.where(
    subscriptions.c.filter_id.in_(values_of(many("filter_ids"))),
    subscriptions.c.cadence != "instant",
    subscriptions.c.state == "active",
    subscriptions.c.window_after < bindparam("number"),
)
# How many of them there are and when the first is cut, by cadence. Beyond the bound none is counted.
MOST_WINDOWS = 10_000
_open_windows = OPEN_WINDOWS.order_by(None).limit(MOST_WINDOWS).subquery("open_windows")
WINDOWS_BY_CADENCE = (
    select(_open_windows.c.cadence, func.count().label("n"), func.min(_open_windows.c.next_at).label("next_at"))
    .group_by(_open_windows.c.cadence)
    .order_by(func.min(_open_windows.c.next_at))
)

# What a receiver is called: an endpoint's address, or that of a subscriber's domain.
ENDPOINTS_AT = select(endpoints.c.id).where(
    or_(endpoints.c.address == bindparam("address"), endpoints.c.address == bindparam("folded"))
)

# Whether the reaction still has something to do about a version.
UNREACTED = select(outbox.c.stage).where(outbox.c.number == bindparam("number")).limit(1)

# When an article was first accepted; a version is unique within its article.
FIRST_ACCEPTED = select(versions.c.accepted_at).where(
    versions.c.article_id == bindparam("article_id"), versions.c.version == 1
)

_OWED = select(deliveries, endpoints.c.channel, endpoints.c.address, endpoints.c.sealed_address).join(
    endpoints, endpoints.c.id == deliveries.c.endpoint_id
)
# One delivery with all that a claim would tell of it, and where it goes as that may be shown. By primary key.
OWED = _OWED.where(deliveries.c.id == bindparam("of_id"))

# Whether what a delivery is about is still there. By primary keys.
IS_KEPT = select(
    exists().where(versions.c.number == bindparam("number")).label("has_version"),
    exists().where(editions.c.id == bindparam("edition")).label("has_edition"),
)
LAST_TRY = select(func.max(attempts.c.at)).where(attempts.c.delivery_id == bindparam("of_id"))

# What one request carried: an article's deliveries to the same endpoint, with keys near each other, by the index on it.
_NEAR = _OWED.where(
    deliveries.c.endpoint_id == bindparam("endpoint"),
    deliveries.c.id.between(bindparam("first"), bindparam("last")),
    deliveries.c.kind.in_([literal_column("'news'"), literal_column("'withdrawal'")]),
)
DELIVERED_TOGETHER = _NEAR.where(deliveries.c.state == "delivered", deliveries.c.settled_at == bindparam("moment"))
# Its last failed try, and those of the same request, by the index on the time.
_last = (
    select(attempts.c.request, attempts.c.at)
    .where(attempts.c.delivery_id == bindparam("of_id"))
    .order_by(attempts.c.id.desc())
    .limit(1)
    .subquery("last_try")
)
TRIED_TOGETHER = _NEAR.where(
    deliveries.c.id.in_(
        select(attempts.c.delivery_id).join(
            _last, (attempts.c.at == _last.c.at) & (attempts.c.request == _last.c.request)
        )
    )
)
