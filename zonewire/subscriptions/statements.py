"""Every statement of the subscriptions. Moments are microseconds."""

from sqlalchemy import bindparam, delete, func, insert, null, select, update

from zonewire.store import Spelled, many, values_of
from zonewire.store.tables import endpoints, feed_readers, filters, private_feeds, subscriptions, versions

# New subscriptions; one that is there already (filter, endpoint, cadence) stays as it is and is not returned.
ADD = Spelled(
    """
    INSERT INTO subscriptions (subscriber_id, filter_id, endpoint_id, cadence, state, locale, timezone, at_minute,
        weekday, submit, template, window_after, next_at, paused_until, created_at, state_at)
    SELECT n.subscriber_id, n.filter_id, n.endpoint_id, n.cadence, n.state, n.locale, n.timezone, n.at_minute,
        n.weekday, n.submit = 1, :template, n.window_after, n.next_at, n.paused_until, :now, :now
    FROM {rows} AS n WHERE true
    ON CONFLICT (filter_id, endpoint_id, cadence) DO NOTHING
    RETURNING id, filter_id, endpoint_id, cadence
    """,
    columns=(
        "subscriber_id bigint",
        "filter_id bigint",
        "endpoint_id bigint",
        "cadence text",
        "state text",
        "locale text",
        "timezone text",
        "at_minute smallint",
        "weekday smallint",
        "window_after bigint",
        "next_at bigint",
        "paused_until bigint",
        "submit smallint",
    ),
)

# The subscription with this filter, endpoint and cadence. By its unique key.
KNOWN = select(subscriptions.c.id, subscriptions.c.state).where(
    subscriptions.c.filter_id == bindparam("filter_id"),
    subscriptions.c.endpoint_id == bindparam("endpoint_id"),
    subscriptions.c.cadence == bindparam("cadence"),
)

# The acceptance number behind which a window opens: before the first article since then, else at the newest one.
# By the index on accepted_at, and the primary key.
_FIRST_SINCE = (
    select(versions.c.number - 1)
    .where(versions.c.accepted_at >= bindparam("since"))
    .order_by(versions.c.accepted_at)
    .limit(1)
    .scalar_subquery()
)
OPENING = select(func.coalesce(_FIRST_SINCE, select(func.max(versions.c.number)).scalar_subquery(), 0))

# Subscriptions as everybody outside sees them, with their endpoints and filters. By primary key.
SHOWN = (
    select(
        subscriptions.c.id,
        subscriptions.c.filter_id,
        subscriptions.c.endpoint_id,
        endpoints.c.channel,
        endpoints.c.address,
        filters.c.written,
        subscriptions.c.cadence,
        subscriptions.c.state,
        subscriptions.c.at_minute,
        subscriptions.c.weekday,
        subscriptions.c.timezone,
        subscriptions.c.locale,
        subscriptions.c.window_after,
        subscriptions.c.next_at,
        subscriptions.c.last_cut_at,
        subscriptions.c.skipped_after,
        subscriptions.c.paused_until,
        subscriptions.c.filters_before,
        subscriptions.c.created_at,
    )
    .join(endpoints, endpoints.c.id == subscriptions.c.endpoint_id)
    .join(filters, filters.c.id == subscriptions.c.filter_id)
    .order_by(subscriptions.c.id)
)

# One of them, held until the transaction ends.
LOCK = SHOWN.where(subscriptions.c.id == bindparam("subscription_id")).with_for_update(of=subscriptions)

# A move to another state. The row is locked; the state that it comes from is named all the same.
MOVE = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("subscription_id"), subscriptions.c.state == bindparam("was"))
    .values(
        state=bindparam("becomes"),
        window_after=bindparam("opens_after"),
        next_at=bindparam("due_at"),
        skipped_after=bindparam("skips_after"),
        paused_until=bindparam("rests_until"),
        state_at=bindparam("moved_at"),
    )
)

# A subscription that had ended begins again, as it is asked for now.
REVIVE = MOVE.values(
    at_minute=bindparam("at"),
    weekday=bindparam("day"),
    timezone=bindparam("zone"),
    locale=bindparam("language"),
    last_cut_at=None,
)

# Another rhythm for one that goes on. The row is locked.
CHANGE = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("subscription_id"))
    .values(
        cadence=bindparam("new_cadence"),
        at_minute=bindparam("at"),
        weekday=bindparam("day"),
        timezone=bindparam("zone"),
        locale=bindparam("language"),
        next_at=bindparam("due_at"),
    )
)
CHANGE_FILTER = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("subscription_id"))
    .values(filter_id=bindparam("new_filter"), filters_before=bindparam("earlier"))
)
RENAME = (
    update(subscriptions)
    .where(subscriptions.c.id == bindparam("subscription_id"))
    .values(filter_id=bindparam("new_filter"), cadence=bindparam("new_cadence"))
)

# Subscriptions whose pause is over. By the partial index.
RESTED = (
    select(subscriptions.c.id)
    .where(
        subscriptions.c.paused_until.is_not(null()),
        subscriptions.c.paused_until <= bindparam("moment"),
        subscriptions.c.state == "paused",
    )
    .order_by(subscriptions.c.paused_until)
    .limit(bindparam("most"))
)

# The private feed behind a token, with what its subscription asks for. By the unique key on the hash.
PRIVATE_FEED = (
    select(
        private_feeds.c.id,
        private_feeds.c.subscription_id,
        private_feeds.c.revoked_at,
        subscriptions.c.state,
        subscriptions.c.locale,
        filters.c.written,
    )
    .join(subscriptions, subscriptions.c.id == private_feeds.c.subscription_id)
    .join(filters, filters.c.id == subscriptions.c.filter_id)
    .where(private_feeds.c.token_hash == bindparam("hashed"))
)

# The one that a subscription has now. By the partial unique key.
PRIVATE_FEED_OF = select(private_feeds.c.id, private_feeds.c.sealed_token, private_feeds.c.made_at).where(
    private_feeds.c.subscription_id == bindparam("subscription_id"), private_feeds.c.revoked_at.is_(null())
)

# How many are served. By the partial index on them.
PRIVATE_FEEDS_SERVED = select(func.count()).select_from(private_feeds).where(private_feeds.c.revoked_at.is_(null()))

ADD_PRIVATE_FEED = insert(private_feeds).returning(private_feeds.c.id)

# The one that a subscription has now ends. By the partial unique key.
REVOKE_PRIVATE_FEED = (
    update(private_feeds)
    .where(private_feeds.c.subscription_id == bindparam("of_subscription"), private_feeds.c.revoked_at.is_(null()))
    .values(revoked_at=bindparam("moment"), sealed_token=null())
)

# Of those that a subscription had, all but the newest go. By the index on the subscription.
_newest_kept = private_feeds.alias("newest_kept")
FORGET_OLD_PRIVATE_FEEDS = delete(private_feeds).where(
    private_feeds.c.subscription_id == bindparam("of_subscription"),
    private_feeds.c.id
    <= select(_newest_kept.c.id)
    .where(_newest_kept.c.subscription_id == bindparam("of_subscription"))
    .order_by(_newest_kept.c.id.desc())
    .offset(bindparam("kept"))
    .limit(1)
    .scalar_subquery(),
)

# All that the subscriptions of some subscribers have and had, by the index on these; and who fetched them.
PRIVATE_FEEDS_OF = (
    select(private_feeds.c.subscription_id, private_feeds.c.made_at, private_feeds.c.revoked_at)
    .join(subscriptions, subscriptions.c.id == private_feeds.c.subscription_id)
    .where(subscriptions.c.subscriber_id.in_(values_of(many("people"))))
    .order_by(private_feeds.c.id)
)
FETCHING = (
    select(
        feed_readers.c.reader,
        feed_readers.c.software,
        func.sum(feed_readers.c.polls).label("polls"),
        func.max(feed_readers.c.last_at).label("last_at"),
    )
    .where(feed_readers.c.reader.in_(bindparam("names", expanding=True)))
    .group_by(feed_readers.c.reader, feed_readers.c.software)
    .order_by(func.max(feed_readers.c.last_at).desc(), feed_readers.c.software)
)
FORGET_PRIVATE_FEEDS = delete(private_feeds).where(
    private_feeds.c.subscription_id.in_(bindparam("subscription_ids", expanding=True))
)
FORGET_FETCHING = delete(feed_readers).where(feed_readers.c.reader.in_(bindparam("names", expanding=True)))
