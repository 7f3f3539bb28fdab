"""Every statement of the digests. Moments are microseconds; windows are (after, up_to] in acceptance numbers."""

from sqlalchemy import bindparam, exists, func, literal_column, select, update

from zonewire.store import Spelled, insert, many, values_of
from zonewire.store.tables import (
    articles,
    deliveries,
    edition_versions,
    editions,
    filters,
    job_runs,
    subscriptions,
    versions,
    wechat_drafts,
)

# Whether anything is due, by the index on next_at: asked each second, so it must cost next to nothing.
ANY_DUE = select(
    exists().where(subscriptions.c.next_at.is_not(None), subscriptions.c.next_at <= bindparam("at")),
)

# The acceptance number at which a tick closes its windows, by primary key.
NEWEST_NUMBER = select(func.coalesce(func.max(versions.c.number), 0))

# The row of a minute's tick: the first to come fixes where its windows close, the others read it.
FIX_TICK = insert(job_runs).on_conflict_do_nothing()
TICK = select(job_runs.c.up_to).where(job_runs.c.name == "digests", job_runs.c.minute == bindparam("minute"))

# A page of due subscriptions, the longest due first, by the index on next_at. A window that opens behind the tick's
# end (a subscription made after it) waits for the next tick.
DUE = (
    select(
        subscriptions.c.id,
        subscriptions.c.filter_id,
        subscriptions.c.window_after,
        subscriptions.c.locale,
        subscriptions.c.template,
        subscriptions.c.next_at,
        subscriptions.c.cadence,
        subscriptions.c.at_minute,
        subscriptions.c.weekday,
        subscriptions.c.timezone,
        subscriptions.c.skipped_after,
        subscriptions.c.filters_before,
    )
    .where(
        subscriptions.c.next_at.is_not(None),
        subscriptions.c.next_at <= bindparam("at"),
        subscriptions.c.state == "active",
        subscriptions.c.cadence != "instant",
        subscriptions.c.window_after <= bindparam("up_to"),
    )
    .order_by(subscriptions.c.next_at, subscriptions.c.id)
    .limit(bindparam("most"))
)

# One subscription, for its preview. By primary key.
SUBSCRIPTION = select(subscriptions).where(subscriptions.c.id == bindparam("id"))

_later = versions.alias("later")

# Of each article its newest version up to `up_to`, where that was accepted in (after, end], and whether the article
# stands now. `is_update`: it has older versions. By primary key; the later versions by (article_id, version).
WINDOW = (
    select(
        versions.c.number,
        versions.c.article_id,
        versions.c.withdrawn,
        versions.c.content,
        (versions.c.version > 1).label("is_update"),
        articles.c.withdrawn.label("withdrawn_now"),
    )
    .join(articles, articles.c.id == versions.c.article_id)
    .where(
        versions.c.number > bindparam("after"),
        versions.c.number <= bindparam("end"),
        ~exists().where(
            _later.c.article_id == versions.c.article_id,
            _later.c.version > versions.c.version,
            _later.c.number <= bindparam("up_to"),
        ),
    )
    .order_by(versions.c.number)
)

# Which of some articles some subscriptions were sent before, in an edition of their filter. By (article_id, version),
# edition_versions' index on number, editions' key, and the unique index of digests (hence the literal kind).
CARRIED = (
    select(deliveries.c.subscription_id, versions.c.article_id)
    .distinct()
    .select_from(versions)
    .join(edition_versions, edition_versions.c.number == versions.c.number)
    .join(editions, editions.c.id == edition_versions.c.edition_id)
    .join(deliveries, deliveries.c.edition_id == editions.c.id)
    .where(
        versions.c.article_id.in_(values_of(many("article_ids"))),
        editions.c.filter_id.in_(values_of(many("filter_ids"))),
        edition_versions.c.role == "story",
        literal_column("deliveries.kind") == literal_column("'digest'"),
        deliveries.c.subscription_id.in_(values_of(many("subscription_ids"))),
    )
)

# Move subscriptions on, each to a time and a window of its own. Guarded by what was read: of two workers that cut the
# same subscription, the second changes nothing and is told so; one whose reader has just changed what comes is cut
# anew. By primary key.
MOVE_ON = Spelled(
    """
    UPDATE subscriptions
    SET next_at = c.next_at, window_after = c.window_after, last_cut_at = :cut_at, skipped_after = c.skipped_after
    FROM {rows} AS c
    WHERE subscriptions.id = c.id AND subscriptions.state = 'active'
      AND subscriptions.next_at = c.was_next_at AND subscriptions.window_after = c.was_after
      AND subscriptions.filter_id = c.was_filter AND subscriptions.locale = c.was_locale
    RETURNING subscriptions.id
    """,
    columns=(
        "id bigint",
        "was_next_at bigint",
        "was_after bigint",
        "next_at bigint",
        "window_after bigint",
        "skipped_after bigint",
        "was_filter bigint",
        "was_locale text",
    ),
)

# Editions that are not there yet; who comes second gets none back. By their unique key.
ADD_EDITIONS = Spelled(
    """
    INSERT INTO editions (filter_id, after, up_to, locale, template, corrects, late_since, skipped, created_at)
    SELECT c.filter_id, c.after, c.up_to, c.locale, c.template, c.corrects, c.late_since, c.skipped, :created_at
    FROM {rows} AS c WHERE true
    ON CONFLICT DO NOTHING
    RETURNING id, filter_id, after, up_to, locale, template, corrects, late_since, skipped
    """,
    columns=(
        "filter_id bigint",
        "after bigint",
        "up_to bigint",
        "locale text",
        "template text",
        "corrects text",
        "late_since bigint",
        "skipped integer",
    ),
)

# The editions of some filters that close at one number. By their unique key.
EDITIONS = select(
    editions.c.id,
    editions.c.filter_id,
    editions.c.after,
    editions.c.up_to,
    editions.c.locale,
    editions.c.template,
    editions.c.corrects,
    editions.c.late_since,
    editions.c.skipped,
).where(editions.c.filter_id.in_(values_of(many("filter_ids"))), editions.c.up_to == bindparam("up_to"))

# What new editions carry: one statement for all of them.
ADD_VERSIONS = Spelled(
    """
    INSERT INTO edition_versions (edition_id, number, role)
    SELECT c.edition_id, c.number, c.role FROM {rows} AS c WHERE true ON CONFLICT DO NOTHING
    """,
    columns=("edition_id bigint", "number bigint", "role text"),
)

# An edition, by primary key.
EDITION = select(editions).where(editions.c.id == bindparam("id"))

# What an edition carries, by primary key.
CARRIED_BY = (
    select(edition_versions.c.number, edition_versions.c.role)
    .where(edition_versions.c.edition_id == bindparam("id"))
    .order_by(edition_versions.c.number)
)

# Which of some articles are withdrawn now. By primary key.
WITHDRAWN_OF = select(articles.c.id).where(articles.c.id.in_(values_of(many("article_ids"))), articles.c.withdrawn)

# What a filter asks for, as it was written. By primary key.
FILTER_AS_WRITTEN = select(filters.c.written).where(filters.c.id == bindparam("id"))

# When some editions were due: at their hour, or when they were cut. By primary key.
DUE_AT = select(editions.c.id, func.coalesce(editions.c.late_since, editions.c.created_at).label("due_at")).where(
    editions.c.id.in_(values_of(many("edition_ids")))
)

# Of some editions, the articles that are withdrawn by now: part of the key under which a composed letter is kept.
WITHDRAWN_IN = (
    select(edition_versions.c.edition_id, versions.c.number)
    .select_from(edition_versions)
    .join(versions, versions.c.number == edition_versions.c.number)
    .join(articles, articles.c.id == versions.c.article_id)
    .where(edition_versions.c.edition_id.in_(values_of(many("edition_ids"))), articles.c.withdrawn)
    .order_by(edition_versions.c.edition_id, versions.c.number)
)

# The newest version of each of an edition's articles, with what the edition has it for. By primary keys.
NEWEST_CARRIED = (
    select(articles.c.newest, edition_versions.c.role)
    .select_from(edition_versions)
    .join(versions, versions.c.number == edition_versions.c.number)
    .join(articles, articles.c.id == versions.c.article_id)
    .where(edition_versions.c.edition_id == bindparam("id"))
    .order_by(articles.c.newest)
)
# The newest versions of an edition's articles, which no intake changes until this transaction ends. By primary keys.
NEWEST_OF_EDITION = (
    select(articles.c.newest)
    .where(
        articles.c.id.in_(
            select(versions.c.article_id)
            .join(edition_versions, edition_versions.c.number == versions.c.number)
            .where(edition_versions.c.edition_id == bindparam("edition"))
        )
    )
    .order_by(articles.c.id)
    .with_for_update(read=True)
)

# Whether a subscription's drafts are to be published. By primary key.
SUBMITS = select(subscriptions.c.submit).where(subscriptions.c.id == bindparam("id"))

# Drafts: by the delivery that made them, and those that are in the box by their edition.
DRAFT = select(wechat_drafts).where(wechat_drafts.c.delivery_id == bindparam("delivery"))
OPEN_DRAFT = select(wechat_drafts).where(
    wechat_drafts.c.edition_id == bindparam("edition"),
    wechat_drafts.c.subscription_id == bindparam("subscription"),
    literal_column("wechat_drafts.state") == literal_column("'draft'"),
)
# What else is, or was, in an account's box: the newest ones.
TAKEN_DRAFTS = (
    select(wechat_drafts.c.media_id)
    .where(wechat_drafts.c.endpoint_id == bindparam("endpoint"))
    .order_by(wechat_drafts.c.delivery_id.desc())
    .limit(100)
)
KEEP_DRAFT = insert(wechat_drafts).on_conflict_do_nothing()
_OF_DELIVERY = update(wechat_drafts).where(wechat_drafts.c.delivery_id == bindparam("delivery"))
REWRITE_DRAFT = _OF_DELIVERY.values(articles=bindparam("marks"), state_at=bindparam("moment"))
LOSE_DRAFT = _OF_DELIVERY.values(state="gone", detail=bindparam("why"), state_at=bindparam("moment"))
NOTE_REFUSAL = _OF_DELIVERY.values(detail=bindparam("why"), state_at=bindparam("moment"))  # it is in the box still
SUBMIT_DRAFT = _OF_DELIVERY.values(state="submitted", publish_id=bindparam("publish"), state_at=bindparam("moment"))
PUBLISH_DRAFT = _OF_DELIVERY.values(state="published", addresses=bindparam("shown_at"), state_at=bindparam("moment"))
FAIL_DRAFT = _OF_DELIVERY.values(state="failed", detail=bindparam("why"), state_at=bindparam("moment"))
