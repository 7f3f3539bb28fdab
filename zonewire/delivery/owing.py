"""What comes to be owed, and what is no longer: rows enter the ledger here, set by set, and may be cancelled.

Everything in here creates or ends ids that a receiver may see: call it in a durable transaction. A delivery to a
disabled endpoint is made and held (no due time, not ready), and so are news and digests to one that comes back step by
step (ramps.py): they follow what is held already. For one that is gone nothing is made.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, literal_column, or_, select, update

from zonewire.delivery import counts
from zonewire.delivery.channel_names import ROBOTS
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.states import ARTICLE_KINDS, Kind, Move, State
from zonewire.store import SECOND, Spelled, as_ids, as_rows, is_postgresql, many, read_rows, values_of
from zonewire.store.tables import attempts, deliveries, subscriptions, wechat_drafts

NEWS_WORTH, DIGEST_WORTH = 24 * 3600 * SECOND, 3 * 24 * 3600 * SECOND
"""What a chat was not sent by then is left out of it: nobody scrolls through a day of old news. What puts something
right keeps its worth, and so does everything that goes elsewhere."""

SPREAD_FROM_S, SPREAD_S = 30, 270
"""Feishu asks to be spared at full and half hours: digests there leave so much later, each endpoint by its own step."""

_LANE = """CASE e.channel WHEN 'webhook' THEN 'push.http' WHEN 'websub' THEN 'push.http'
    WHEN 'email' THEN 'push.email' ELSE 'push.robot' END"""

# What was made is counted for the counters: PostgreSQL does it on the way; on SQLite, where nobody else inserts
# meanwhile, the rows above the highest id of before are counted (fetching each one took as long as making it).
_INSERT = """
    {counting} INSERT INTO deliveries (created_at, kind, lane, state, ready, host_id, endpoint_id, article_id, number,
        edition_id, subscription_id, due_at, worthless_at)
    SELECT {values}
"""
_MADE = {"counting": "", "counted": ""}
_MADE_AND_COUNTED = {
    "counting": "WITH made AS (",
    "counted": "RETURNING lane, ready) SELECT lane, ready, count(*) AS n FROM made GROUP BY lane, ready",
}
_HIGHEST = select(func.max(deliveries.c.id))
_COUNT_ABOVE = (
    select(deliveries.c.lane, deliveries.c.ready, func.count().label("n"))
    .where(deliveries.c.id > bindparam("highest"))
    .group_by(deliveries.c.lane, deliveries.c.ready)
)
_FROM_ENDPOINT = f"{_LANE}, 'pending', CASE WHEN e.state = 'disabled' THEN NULL ELSE 1 END, e.host_id, e.id"
_DUE = "CASE WHEN e.state = 'disabled' THEN NULL ELSE :now END"
_QUEUES = "(e.state = 'disabled' OR e.ramp IS NOT NULL)"
_NEWS_FROM_ENDPOINT = f"{_LANE}, 'pending', CASE WHEN {_QUEUES} THEN NULL ELSE 1 END, e.host_id, e.id"
_NEWS_DUE = f"CASE WHEN {_QUEUES} THEN NULL ELSE :now END"
_KEPT = "ON CONFLICT DO NOTHING {counted}"
_IN_CHATS = f"e.channel IN ({', '.join(repr(name) for name in ROBOTS)})"
_WORTH_OF_NEWS = f"CASE WHEN :kind = 'news' AND {_IN_CHATS} THEN :now + {NEWS_WORTH} END"
_WORTH_OF_DIGEST = f"CASE WHEN {_IN_CHATS} THEN :now + {DIGEST_WORTH} END"
_SPREADS = "(:spread = 1 AND e.channel = 'feishu')"
_DIGEST_FROM_ENDPOINT = f"""{_LANE}, 'pending',
    CASE WHEN {_QUEUES} THEN NULL WHEN {_SPREADS} THEN 0 ELSE 1 END, e.host_id, e.id"""
_DIGEST_DUE = f"""CASE WHEN {_QUEUES} THEN NULL
    WHEN {_SPREADS} THEN :now + ({SPREAD_FROM_S} + e.id * 7919 % {SPREAD_S}) * {SECOND} ELSE :now END"""

# One delivery for each endpoint with an active instant subscription under one of the filters in `rows`, from a cursor
# on, in the order of the index `instant`. The last filter and endpoint seen are the next cursor.
NEXT_INSTANT = Spelled(
    """
    SELECT {collect}({array}(n.filter_id, n.endpoint_id)) FROM (
        SELECT s.filter_id, s.endpoint_id FROM {rows} AS f {join} subscriptions s ON s.filter_id = f.filter_id
          AND s.cadence = 'instant' AND s.state = 'active'
          AND (s.filter_id > :after_filter OR s.endpoint_id > :after_endpoint)
        WHERE f.filter_id >= :after_filter
        ORDER BY s.filter_id, s.endpoint_id LIMIT :most) AS n
    """,
    columns=("filter_id bigint",),
    sqlite={"join": "CROSS JOIN"},
    postgresql={"join": "JOIN"},
)
OWE_NEWS = Spelled(
    _INSERT.replace(
        "{values}",
        f":now, :kind, {_NEWS_FROM_ENDPOINT}, :article_id, :number, NULL, NULL, {_NEWS_DUE}, {_WORTH_OF_NEWS}",
    )
    + " FROM {ids} AS r JOIN endpoints e ON e.id = r.id WHERE NOT e.gone "
    + _KEPT,
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)

# Whether somebody at an endpoint wants news as it happens, by the index on endpoints: who has left, or rests, is told
# nothing more. (A hub's subscribers have a table of their own, and get documents.)
_WANTS_NEWS = exists().where(
    subscriptions.c.endpoint_id == deliveries.c.endpoint_id,
    subscriptions.c.cadence == "instant",
    subscriptions.c.state == "active",
)

# The endpoints that have, or may have, an older version of an article, from a cursor on; by the unique key's index.
HOLDERS = (
    select(deliveries.c.endpoint_id)
    .distinct()
    .where(
        deliveries.c.kind.in_([literal_column("'news'"), literal_column("'withdrawal'")]),
        deliveries.c.article_id == bindparam("of_article"),
        deliveries.c.number < bindparam("before_number"),
        deliveries.c.endpoint_id > bindparam("after_endpoint"),
        or_(deliveries.c.state.in_([State.DELIVERED, State.SENDING]), deliveries.c.unknowns > 0),
        _WANTS_NEWS,
    )
    .order_by(deliveries.c.endpoint_id)
    .limit(bindparam("most"))
)

OWE_EDITIONS = Spelled(
    _INSERT.replace(
        "{values}",
        f":now, 'digest', {_DIGEST_FROM_ENDPOINT}, NULL, NULL, r.edition_id, s.id, {_DIGEST_DUE}, {_WORTH_OF_DIGEST}",
    )
    + """ FROM {rows} AS r JOIN subscriptions s ON s.id = r.subscription_id
        JOIN endpoints e ON e.id = s.endpoint_id WHERE NOT e.gone """
    + _KEPT,
    columns=("edition_id bigint", "subscription_id bigint"),
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)
# A digest once more: for deliveries of digests by mail whose subscriptions go on, and of which nothing of the kind is
# on its way or was made since a moment. What was made before is found by the index on the endpoint.
_AGAIN = """(SELECT 1 FROM deliveries a WHERE a.endpoint_id = {d}.endpoint_id AND a.id > {d}.id AND a.kind = 'resend'
    AND a.edition_id = {d}.edition_id AND a.subscription_id = {d}.subscription_id{more})"""
_GOES_ON = """EXISTS (SELECT 1 FROM subscriptions g JOIN endpoints h ON h.id = g.endpoint_id
    WHERE g.id = {d}.subscription_id AND g.state = 'active' AND h.channel = 'email' AND NOT h.gone)"""
WAS_RESENT: ColumnElement[bool] = literal_column("EXISTS " + _AGAIN.format(d="deliveries", more=""))
IS_RESENDING: ColumnElement[bool] = literal_column(
    "EXISTS " + _AGAIN.format(d="deliveries", more=" AND a.state IN ('pending', 'sending', 'retrying')")
)
CAN_BE_RESENT: ColumnElement[bool] = literal_column(_GOES_ON.format(d="deliveries"))
OWE_RESENDS = Spelled(
    _INSERT.replace(
        "{values}", f":now, 'resend', {_FROM_ENDPOINT}, NULL, NULL, d.edition_id, d.subscription_id, {_DUE}, NULL"
    )
    + """ FROM {ids} AS r JOIN deliveries d ON d.id = r.id JOIN endpoints e ON e.id = d.endpoint_id
        WHERE d.kind = 'digest' AND d.state = 'delivered' AND """
    + _GOES_ON.format(d="d")
    + " AND NOT EXISTS "
    + _AGAIN.format(d="d", more=" AND (a.created_at >= :since OR a.state IN ('pending', 'sending', 'retrying'))")
    + " {counted}",
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)

# A revision for each draft that is in its box and holds an article, or is of an edition; where none waits already.
_OWE_REVISIONS = (
    _INSERT.replace(
        "{values}", f":now, 'revision', {_FROM_ENDPOINT}, NULL, NULL, w.edition_id, w.subscription_id, {_DUE}, NULL"
    )
    + """ FROM wechat_drafts w JOIN endpoints e ON e.id = w.endpoint_id
        WHERE w.state = 'draft' AND NOT e.gone AND {which}
          AND NOT EXISTS (SELECT 1 FROM deliveries r WHERE r.kind = 'revision' AND r.edition_id = w.edition_id
            AND r.subscription_id = w.subscription_id AND r.state = 'pending') {counted}"""
)
OWE_REVISIONS_OF_EDITION = Spelled(
    _OWE_REVISIONS.replace("{which}", "w.edition_id = :edition_id"), sqlite=_MADE, postgresql=_MADE_AND_COUNTED
)
OWE_REVISIONS_OF_ARTICLE = Spelled(
    _OWE_REVISIONS.replace(
        "{which}",
        """w.edition_id IN (SELECT v.edition_id FROM edition_versions v WHERE v.number IN (
            SELECT n.number FROM versions n WHERE n.article_id = :article_id))""",
    ),
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)

OWE_SERVICE = Spelled(
    _INSERT.replace("{values}", f":now, :kind, {_FROM_ENDPOINT}, NULL, NULL, NULL, s.id, {_DUE}, NULL")
    + """ FROM {rows} AS r JOIN subscriptions s ON s.id = r.subscription_id
        JOIN endpoints e ON e.id = s.endpoint_id WHERE NOT e.gone """
    + "{counted}",
    columns=("subscription_id bigint",),
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)

# One for each of a set of things at their endpoints, whatever state these are in: nothing is made where one is gone.
OWE_FOR = Spelled(
    _INSERT.replace("{values}", f":now, :kind, {_FROM_ENDPOINT}, NULL, NULL, NULL, r.about, {_DUE}, NULL")
    + " FROM {rows} AS r JOIN endpoints e ON e.id = r.endpoint_id WHERE NOT e.gone {counted}",
    columns=("about bigint", "endpoint_id bigint"),
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)
_MADE_FOR = select(deliveries.c.subscription_id, deliveries.c.id).where(
    deliveries.c.id > bindparam("highest"),
    deliveries.c.kind == bindparam("of_kind"),
    deliveries.c.subscription_id.in_(values_of(many("about"))),
)

OWE_TEST = Spelled(
    _INSERT.replace("{values}", f":now, 'test', {_FROM_ENDPOINT}, NULL, NULL, NULL, NULL, {_DUE}, NULL")
    + " FROM {ids} AS r JOIN endpoints e ON e.id = r.id WHERE e.state <> 'disabled' {counted}",
    sqlite=_MADE,
    postgresql=_MADE_AND_COUNTED,
)
_LAST_TEST = select(func.max(deliveries.c.id)).where(
    deliveries.c.endpoint_id == bindparam("of_endpoint"),
    deliveries.c.kind == Kind.TEST,
    deliveries.c.id > bindparam("highest"),
)

BY_OPERATOR = "cancelled by an operator"
"""Why a delivery is cancelled that an operator cancels."""

_OPEN = (State.PENDING, State.RETRYING)
_STATE_BEFORE = select(deliveries.c.id, deliveries.c.lane, deliveries.c.state, deliveries.c.due_at)
# Open deliveries of an article's older versions, by the unique key's index. The state that each leaves decides which
# counter gives, so rows are read, and locked, before they are cancelled.
SUPERSEDED = (
    _STATE_BEFORE.where(
        deliveries.c.kind.in_([literal_column("'news'"), literal_column("'withdrawal'")]),
        deliveries.c.article_id == bindparam("of_article"),
        deliveries.c.number < bindparam("before_number"),
        deliveries.c.state.in_(_OPEN),
    )
    .limit(bindparam("most"))
    .with_for_update()
)
# What is open for some endpoints, by the indices of what is ready, waits and is held: settled rows, of which there may
# be millions, are not looked at. (Literal states: else the partial indices are not seen.)
_OPEN_AT = Spelled(
    """
    SELECT {collect}({array}(o.id)) FROM (
        SELECT d.id FROM endpoints e {join} deliveries d
          ON d.ready = 1 AND d.lane = {lane} AND d.host_id = e.host_id AND d.endpoint_id = e.id
        WHERE e.id IN {ids}
        UNION ALL
        SELECT d.id FROM deliveries d WHERE d.ready = 0 AND d.endpoint_id IN {ids}
        UNION ALL
        SELECT d.id FROM deliveries d
        WHERE d.due_at IS NULL AND d.state IN ('pending', 'retrying') AND d.endpoint_id IN {ids}) AS o
    """.replace("{lane}", _LANE),
    sqlite={"join": "CROSS JOIN"},
    postgresql={"join": "JOIN"},
)
_CANCEL_IDS = (
    Move.CANCEL.statement()
    .where(deliveries.c.id.in_(values_of(many("cancelled_ids"))))
    .values(ready=None, due_at=None, settled_at=bindparam("moment"), reason=bindparam("why"))
)

_FORGET = (
    delete(deliveries)
    .where(
        deliveries.c.id.in_(values_of(many("old_ids"))),
        deliveries.c.settled_at.is_not(None),  # it may have been replayed meanwhile
    )
    .returning(deliveries.c.id, deliveries.c.lane, deliveries.c.state)
)
_FORGET_ATTEMPTS = delete(attempts).where(attempts.c.delivery_id.in_(values_of(many("of_ids"))))
_FORGET_DRAFTS = delete(wechat_drafts).where(wechat_drafts.c.delivery_id.in_(values_of(many("of_ids"))))
_HASTEN = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(
            select(deliveries.c.id)
            .where(
                deliveries.c.id.in_(values_of(many("hastened_ids"))),
                literal_column("ready") == literal_column("0"),
                deliveries.c.due_at > bindparam("by_then"),
                deliveries.c.waits == 0,  # the receiver has not said itself when to come again
            )
            .with_for_update(skip_locked=True)  # whoever holds one is doing something about it
        )
    )
    .values(due_at=bindparam("by_then"))
)


def next_instant(
    db: Connection, filter_ids: Sequence[int], *, after: tuple[int, int], most: int
) -> list[tuple[int, int]]:
    """At most *most* (filter, endpoint) pairs behind *after*, in order, to which news under *filter_ids* is owed.

    The very first *after* is (0, 0). An endpoint comes once for each of its filters.
    """
    parameters = {
        "rows": as_rows([(ident,) for ident in sorted(filter_ids) if ident >= after[0]]),
        "after_filter": after[0],
        "after_endpoint": after[1],
        "most": most,
    }
    # Neither database promises the order in which it collects.
    return sorted((filter_id, endpoint_id) for filter_id, endpoint_id in read_rows(db, NEXT_INSTANT.on(db), parameters))


def owe_news(
    db: Connection,
    endpoint_ids: Sequence[int],
    *,
    kind: Kind,
    article_id: int,
    number: int,
    now: int,
    moves: Moves | None = None,
) -> Counter[str]:
    """Owe an article's version to *endpoint_ids*; those that are owed it already stay as they are.

    How many are new on each lane. *moves* as in `cancel`.
    """
    parameters = {
        "ids": as_ids(endpoint_ids),
        "kind": kind,
        "article_id": article_id,
        "number": number,
        "now": now,
    }
    return _owed(db, OWE_NEWS, parameters, moves=moves)


def holders(db: Connection, *, article_id: int, before: int, after: int, most: int) -> list[int]:
    """Endpoints above *after* that have, or may have, a version of the article older than *before*."""
    parameters = {"of_article": article_id, "before_number": before, "after_endpoint": after, "most": most}
    return list(db.execute(HOLDERS, parameters).scalars())


def supersede(db: Connection, *, article_id: int, before: int, most: int, now: int, moves: Moves | None = None) -> int:
    """Cancel up to *most* open deliveries of versions older than *before*; how many there were.

    *moves* as in `cancel`.
    """
    parameters = {"of_article": article_id, "before_number": before, "most": most}
    return _cancel(db, db.execute(SUPERSEDED, parameters).all(), why="superseded", now=now, moves=moves)


def owe_editions(
    db: Connection,
    *,
    edition_by_subscription: Mapping[int, int],
    now: int,
    spread: bool,
    moves: Moves | None = None,
) -> int:
    """Owe to each subscription its edition; once, however often it is said. How many are new.

    *spread* lets those to platforms that are busy at the full hour come due a little later. *moves* as in `cancel`.
    """
    pairs = [(edition, subscription) for subscription, edition in edition_by_subscription.items()]
    parameters = {"rows": as_rows(pairs), "now": now, "spread": int(spread)}
    return _owed(db, OWE_EDITIONS, parameters, moves=moves).total() if pairs else 0


def owe_resends(db: Connection, keys: Sequence[int], *, since: int, now: int) -> tuple[int, int]:
    """Owe the digests of the deliveries *keys* once more; how many are new, and how many of them are held.

    Those that cannot be, that are on their way again, or were owed again at *since* or later, stay as they are.
    """
    if not keys:
        return 0, 0
    moves: Moves = Counter()
    made = _owed(db, OWE_RESENDS, {"ids": as_ids(keys), "since": since, "now": now}, moves=moves).total()
    counts.record(db, moves)
    return made, sum(n for slot, n in moves.items() if slot.held)


def owe_revisions(
    db: Connection,
    *,
    edition_id: int | None = None,
    article_id: int | None = None,
    now: int,
    moves: Moves | None = None,
) -> Counter[str]:
    """Owe it to the drafts of an edition, or to those that hold an article, to be written anew; how many on each lane.

    *moves* as in `cancel`.
    """
    if article_id is not None:
        return _owed(db, OWE_REVISIONS_OF_ARTICLE, {"article_id": article_id, "now": now}, moves=moves)
    return _owed(db, OWE_REVISIONS_OF_EDITION, {"edition_id": edition_id, "now": now}, moves=moves)


def owe_service_mails(db: Connection, *, kind: Kind, subscription_ids: Iterable[int], now: int) -> int:
    """Owe a mail about the subscription itself to each (a confirmation)."""
    rows = [(ident,) for ident in subscription_ids]
    return _owed(db, OWE_SERVICE, {"rows": as_rows(rows), "kind": kind, "now": now}).total() if rows else 0


def owe_for(
    db: Connection, kind: Kind, endpoint_by_thing: Mapping[int, int], *, now: int, moves: Moves | None = None
) -> dict[int, int]:
    """Owe a delivery of *kind* about each thing (which its column `subscription_id` names) to its endpoint.

    The deliveries' keys, by thing; none where the endpoint is gone. Call it for things that nobody else owes now.
    *moves* as in `cancel`.
    """
    if not endpoint_by_thing:
        return {}
    highest = db.execute(_HIGHEST).scalar() or 0
    parameters = {"rows": as_rows(list(endpoint_by_thing.items())), "kind": kind, "now": now}
    _owed(db, OWE_FOR, parameters, moves=moves)
    made = {"highest": highest, "of_kind": kind, "about": list(endpoint_by_thing)}
    return {row.subscription_id: row.id for row in db.execute(_MADE_FOR, made)}


def hasten(db: Connection, keys: Sequence[int], *, by: int) -> None:
    """Let those of *keys* that wait for a retry come due at *by* at the latest, unless the receiver named a time."""
    if keys:
        db.execute(_HASTEN, {"hastened_ids": list(keys), "by_then": by})


def forget(db: Connection, keys: Sequence[int], *, moves: Moves | None = None) -> int:
    """Forget those of *keys* that are settled, with their attempts; how many. *moves* as in `cancel`."""
    if not keys:
        return 0
    rows = db.execute(_FORGET, {"old_ids": list(keys)}).all()
    gone = {"of_ids": [row.id for row in rows]}
    db.execute(_FORGET_ATTEMPTS, gone)
    db.execute(_FORGET_DRAFTS, gone)
    changes: Moves = Counter() if moves is None else moves
    for row in rows:
        changes[Slot(row.lane, State(row.state))] -= 1
    if moves is None:
        counts.record(db, changes)
    return len(rows)


def owe_test(db: Connection, endpoint_id: int, *, now: int) -> int | None:
    """Owe a test message to an endpoint; its key, or None where the endpoint is disabled."""
    highest = db.execute(_HIGHEST).scalar() or 0
    if not _owed(db, OWE_TEST, {"ids": as_ids([endpoint_id]), "now": now}).total():
        return None
    return int(db.execute(_LAST_TEST, {"of_endpoint": endpoint_id, "highest": highest}).scalar_one())


def cancel_for_subscription(db: Connection, subscription_id: int, *, endpoint_id: int, now: int) -> int:
    """Cancel what is open for a subscription that ends, in the transaction that ends it. Call it after that.

    An endpoint's instant news is cancelled only where no other subscription to such news leads there, resting or not.
    """
    mine = deliveries.c.subscription_id == subscription_id
    others = select(subscriptions.c.id).where(
        subscriptions.c.endpoint_id == endpoint_id,
        subscriptions.c.cadence == "instant",
        subscriptions.c.state.in_(["active", "paused"]),
        subscriptions.c.id != subscription_id,
    )
    if db.execute(others.limit(1)).first() is None:
        mine = or_(mine, deliveries.c.kind.in_(ARTICLE_KINDS))
    return _cancel(db, locked(db, open_at(db, [endpoint_id]), mine), why="unsubscribed", now=now)


def cancel_for_endpoints(db: Connection, endpoint_ids: Sequence[int], *, why: str, now: int) -> int:
    """Cancel all that is open for some endpoints, held or not; how many."""
    return _cancel(db, locked(db, open_at(db, endpoint_ids)), why=why, now=now)


def open_at(db: Connection, endpoint_ids: Sequence[int]) -> list[int]:
    """What is open for some endpoints, held or not."""
    return [ident for (ident,) in read_rows(db, _OPEN_AT.on(db), {"ids": as_ids(endpoint_ids)})]


def locked(db: Connection, keys: Sequence[int], *conditions: ColumnElement[bool]) -> Sequence[Any]:
    """Those of *keys* that are open still and meet *conditions*, for this transaction alone to change."""
    found = _STATE_BEFORE.where(
        deliveries.c.id.in_(values_of(many("of_ids"))), deliveries.c.state.in_(_OPEN), *conditions
    )
    return db.execute(found.with_for_update(), {"of_ids": list(keys)}).all()


def cancel(db: Connection, keys: Sequence[int], *, why: str, now: int, moves: Moves | None = None) -> int:
    """Cancel the deliveries of *keys* that are pending, retrying or dead; how many were.

    *moves* takes the counts of a transaction that has more of them to record, once and last.
    """
    if not keys:
        return 0
    found = _STATE_BEFORE.where(
        deliveries.c.id.in_(values_of(many("of_ids"))), deliveries.c.state.in_(Move.CANCEL.sources)
    )
    rows = db.execute(found.with_for_update(), {"of_ids": list(keys)}).all()
    return _cancel(db, rows, why=why, now=now, moves=moves)


def cancel_held(db: Connection, keys: Sequence[int], *, why: str, now: int) -> int:
    """Cancel those of *keys* that are held still, and have not been let go meanwhile; how many were."""
    return _cancel(db, locked(db, keys, deliveries.c.due_at.is_(None)), why=why, now=now)


def _cancel(db: Connection, rows: Sequence[Any], *, why: str, now: int, moves: Moves | None = None) -> int:
    if not rows:
        return 0
    db.execute(_CANCEL_IDS, {"cancelled_ids": [row.id for row in rows], "moment": now, "why": why})
    changes: Moves = Counter() if moves is None else moves
    for row in rows:
        changes[Slot(row.lane, State(row.state), held=is_held(row))] -= 1
        changes[Slot(row.lane, State.CANCELLED)] += 1
    if moves is None:
        counts.record(db, changes)
    return len(rows)


def is_held(row: Any) -> bool:
    """Whether a row of the ledger is held: owed, without a due time."""
    return row.due_at is None and row.state in _OPEN


def _owed(
    db: Connection, statement: Spelled, parameters: dict[str, Any], *, moves: Moves | None = None
) -> Counter[str]:
    if is_postgresql(db):
        made = db.execute(statement.on(db), parameters).all()
    else:
        highest = db.execute(_HIGHEST).scalar() or 0
        db.execute(statement.on(db), parameters)
        made = db.execute(_COUNT_ABOVE, {"highest": highest}).all()
    changes: Moves = Counter() if moves is None else moves
    by_lane = Counter[str]()
    for lane, ready, n in made:
        changes[Slot(lane, State.PENDING, held=ready is None)] += n
        by_lane[lane] += n
    if moves is None:
        counts.record(db, changes)
    return by_lane
