"""The ledger: claim, settle, renew, return. Every function works inside its caller's transaction.

A claim takes ready rows under a lease of half a minute; whoever holds it renews it while the transfer is in flight,
and settles by naming it. A lease that ran out gives its rows back. Nothing is lost between any two statements here:
a row is always pending, retrying, or under a lease that ends.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from zonewire.delivery import counts, health, statements, tries
from zonewire.delivery.counts import Moves, Slot
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown, said
from zonewire.delivery.retries import INTENT, RetryPolicy, next_try
from zonewire.delivery.states import INTENT_KINDS, Kind, State
from zonewire.delivery.tallies import Changes
from zonewire.store import SECOND, Spelled, as_ids, as_rows, read_rows

LEASE = 30 * SECOND
RENEW_EVERY_S = 10
LAPSES_ALONE = 5
"""Two ordinary lapses, then three of a lease that the row had for itself: it kills its worker."""
LONE_S = 2.0
"""So long a suspect has the process for itself."""
RIPEN_AT_ONCE = 2_000
HANDED_BACK_FOR = 2 * SECOND
"""So long a row rests that its courier handed back untried."""
REASON_CHARS = 60


class Place(NamedTuple):
    """An endpoint and the host that it shares connections with."""

    host_id: int
    endpoint_id: int


START = Place(-1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How much a process can take on."""

    total: int
    per_host: int  # of a host that has nothing in flight here
    busy: Mapping[int, int] = field(default_factory=dict)  # host_id: places left, for the others


class Claimed(NamedTuple):
    """One row, claimed: what the statement CLAIMED selects, in its order.

    A tuple, since a frozen dataclass of so many fields costs as much to make as the row costs to claim.
    """

    id: int
    created_at: int
    kind: Kind
    host_id: int
    endpoint_id: int
    article_id: int | None
    number: int | None
    edition_id: int | None
    subscription_id: int | None
    due_at: int
    attempts: int
    waits: int
    unknowns: int
    part: int  # articles of a digest that a robot has; steps done about a draft; how often an engine's load was halved
    plain: int  # 1: its rich form was refused
    event_type: str | None
    sequence: int | None
    lease_id: int
    channel: str
    secret_mark: str | None  # changes with the endpoint's secret; its address never does


class Chosen(NamedTuple):
    """A row that may be claimed, as the statement CANDIDATES has it. Sorts as rows are to be claimed."""

    host_id: int
    endpoint_id: int
    due_at: int
    id: int
    state: State
    kind: Kind
    is_unnumbered: int  # a webhook's that no claim has given a number yet


_IN_TURN = itemgetter(*(Claimed._fields.index(name) for name in ("host_id", "endpoint_id", "due_at", "id")))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim took, and where the next one goes on."""

    rows: tuple[Claimed, ...] = ()
    lease_id: int | None = None
    cursor: Place = START
    alone: bool = False  # a suspect: nothing else joins it for LONE_S


class Settlement(NamedTuple):
    """How the try of one claimed row ended."""

    row: Claimed
    outcome: Outcome
    took_ms: int = 0
    answer: str = ""
    note: str = ""  # what whoever built the request wanted to know again: see building.Builder.notes
    next_part: int = 0  # it was a part of the message, and goes on with this one; 0 where it was the whole, or the last
    request: int | None = None  # the same for all that one request carried
    again_s: int = 0  # the next part follows in so many seconds
    head: str = ""  # of an HTTP answer: see outbound.courier.Reply


@dataclass(slots=True)
class Tally:
    """What a turn did, in rows."""

    delivered: int = 0
    retried: int = 0
    buried: int = 0
    cancelled: int = 0
    too_late: int = 0
    claimed: int = 0
    went_on: int = 0  # with their next part, or in their plain form
    put_off: int = 0  # endpoints that may not be sent to now
    recovered: list[int] = field(default_factory=list)  # endpoints that had failed, and took something
    dead: dict[int, str] = field(default_factory=dict, compare=False)  # those that were buried, and why
    tallied: Changes = field(default_factory=Changes, compare=False, repr=False)  # what settling adds to the tallies

    def add(self, other: "Tally") -> None:
        """Take *other* in."""
        for name in ("delivered", "retried", "buried", "cancelled", "too_late", "claimed", "went_on"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


# --- claiming --------------------------------------------------------------------------------------------------------


def claim_ready(
    db: Connection, *, lane: str, worker: str, places: Places, after: Place, now: int, moves: Moves
) -> Batch:
    """Claim ready rows of *lane*, endpoints in turn from *after* on, no more of a host than it has places."""
    if places.total <= 0:
        return Batch(cursor=after)
    chosen, cursor = _choose(db, lane=lane, places=places, after=after)
    return take(db, chosen, lane=lane, worker=worker, now=now, moves=moves, cursor=cursor, alone=False)


def claim_suspect(db: Connection, *, lane: str, worker: str, now: int, moves: Moves, cursor: Place) -> Batch:
    """Claim one row whose lease ran out twice, for a process that has nothing else in flight."""
    chosen = _read(db, statements.SUSPECT, {"lane": lane})
    return take(db, chosen, lane=lane, worker=worker, now=now, moves=moves, cursor=cursor, alone=True)


def oldest_suspect(db: Connection, lane: str) -> int | None:
    """When the oldest row that must be claimed alone came due, if there is one."""
    return db.execute(statements.OLDEST_SUSPECT, {"lane": lane}).scalar()


def _choose(db: Connection, *, lane: str, places: Places, after: Place) -> tuple[list[Chosen], Place]:
    """Rows to claim, and the cursor behind them. From the cursor to the end, then from the start up to it."""
    free, left = dict(places.busy), places.total
    chosen: list[Chosen] = []
    cursor = after
    for begin in (after, START) if after != START else (START,):
        seen = look(db, lane=lane, begin=begin, busy=free, per_host=places.per_host, steps=left)
        if begin is START and after != START:
            seen = [row for row in seen if row[:2] <= after]
        taken = _oldest(db, lane=lane, seen=seen, free=free, per_host=places.per_host, most=left)
        chosen += taken
        left -= len(taken)
        if taken:
            cursor = Place(taken[-1].host_id, taken[-1].endpoint_id)
        if left <= 0:
            break
        cursor = START if begin != START else cursor
    return chosen, cursor


def look(
    db: Connection, *, lane: str, begin: Place, busy: Mapping[int, int], per_host: int, steps: int
) -> list[Chosen]:
    """The oldest row of each place in turn. Its id is 0 where it may not be claimed, or is not locked yet.

    A plain scan, which costs a third, goes as far as it meets no host that is full by then; from there on, a walk.
    """
    free = dict(busy)
    most = min(steps, free.get(begin.host_id, steps))  # of the host that the last claim ended in
    parameters = {"lane": lane, "host": begin.host_id, "endpoint": begin.endpoint_id, "steps": most}
    scanned = _read(db, statements.SCAN, parameters) if most > 0 else []
    seen: list[Chosen] = []
    place: tuple[int, int] = begin
    for row in scanned:
        here = row[:2]
        if here == place:
            continue  # a younger one of the same place
        room = free.get(row.host_id, per_host)
        if room <= 0:
            break
        free[row.host_id] = room - 1
        place = here
        seen.append(row)
    else:
        if len(scanned) < most:
            return seen  # there is no more
    if len(seen) < steps:
        seen += _walk(db, lane=lane, begin=Place(*place), busy=free, per_host=per_host, steps=steps - len(seen))
    return seen


def _walk(
    db: Connection, *, lane: str, begin: Place, busy: Mapping[int, int], per_host: int, steps: int
) -> list[Chosen]:
    """The same, from place to place: a host with ever so many rows costs no more than it has places."""
    parameters = {
        "lane": lane,
        "host": begin.host_id,
        "endpoint": begin.endpoint_id,
        "room": per_host,
        # A full host costs a step and gives no row.
        "steps": steps + sum(1 for free in busy.values() if free <= 0),
        "rows": as_rows(list(busy.items())),
    }
    return _read(db, statements.WALK, parameters)


def _oldest(
    db: Connection, *, lane: str, seen: Sequence[Chosen], free: dict[int, int], per_host: int, most: int
) -> list[Chosen]:
    """At most *most* rows of the places *seen*, each host's within its free places; *free* is brought up to date."""
    seen = [row for row in seen if free.get(row.host_id, per_host) > 0]
    if not seen:
        return []
    # As many of each endpoint as fill the host, or what is left, where few endpoints wait.
    endpoints = Counter([row.host_id for row in seen])
    each = max(-(-min(free.get(host, per_host), most) // n) for host, n in endpoints.items())
    each = max(1, min(each, -(-most // len(seen))))
    found = [row for row in seen if row.id] if each == 1 else []
    if len(found) < len(seen):
        places = [row[:2] for row in seen if each > 1 or not row.id]
        found += _read(db, statements.CANDIDATES, {"lane": lane, "rows": as_rows(places), "each": each})
    # In the order of the walk, each endpoint's oldest first: neither database promises the order of a join.
    return _within(sorted(found), free=free, per_host=per_host, most=most)


def _within(found: list[Chosen], *, free: dict[int, int], per_host: int, most: int) -> list[Chosen]:
    """Those of *found* that there are places for."""
    wanted = Counter([row.host_id for row in found])
    if len(found) <= most and all(n <= free.get(host, per_host) for host, n in wanted.items()):
        free.update({host: free.get(host, per_host) - n for host, n in wanted.items()})
        return found
    taken: list[Chosen] = []
    for row in found:
        left = free.get(row.host_id, per_host)
        if left > 0 and len(taken) < most:
            free[row.host_id] = left - 1
            taken.append(row)
    return taken


def _read(db: Connection, statement: Spelled, parameters: dict[str, Any]) -> list[Chosen]:
    return list(map(Chosen._make, read_rows(db, statement.on(db), parameters)))


def take(
    db: Connection,
    chosen: Sequence[Chosen],
    *,
    lane: str,
    worker: str,
    now: int,
    moves: Moves,
    cursor: Place,
    alone: bool,
) -> Batch:
    """Put *chosen* under a lease; cancel those that have no receiver any more."""
    chosen = _needed(db, chosen, lane=lane, now=now, moves=moves)
    if not chosen:
        return Batch(cursor=cursor)
    ids = as_ids([row.id for row in chosen])
    lease = {"worker": worker, "lane": lane, "until_at": now + LEASE}
    lease_id = db.execute(statements.OPEN_LEASE, lease).scalar_one()
    if unnumbered := [row.endpoint_id for row in chosen if row.is_unnumbered]:
        db.execute(statements.TAKE_SEQUENCES.on(db), {"ids": as_ids(unnumbered)})
    one_each = len({row.endpoint_id for row in chosen}) == len(chosen)
    claim = statements.CLAIM_ONE_EACH if one_each else statements.CLAIM
    db.execute(claim.on(db), {"ids": ids, "lease_id": lease_id, "lone": alone})
    claimed = read_rows(db, statements.CLAIMED.on(db), {"lease_id": lease_id})
    for state, n in Counter([row.state for row in chosen]).items():
        moves[Slot(lane, State(state))] -= n
    moves[Slot(lane, State.SENDING)] += len(claimed)
    claimed.sort(key=_IN_TURN)
    return Batch(tuple(map(Claimed._make, claimed)), lease_id, cursor, alone)


def _needed(db: Connection, chosen: Sequence[Chosen], *, lane: str, now: int, moves: Moves) -> Sequence[Chosen]:
    """*chosen* without the withdrawals of what was never had, which are cancelled."""
    withdrawals = [row.id for row in chosen if row.kind == Kind.WITHDRAWAL]
    if not withdrawals:
        return chosen
    parameters = {"ids": as_ids(withdrawals), "settled_at": now}
    cancelled = set(db.execute(statements.CANCEL_UNNEEDED.on(db), parameters).scalars())
    for row in chosen:
        if row.id in cancelled:
            moves[Slot(lane, State(row.state))] -= 1
            moves[Slot(lane, State.CANCELLED)] += 1
    return [row for row in chosen if row.id not in cancelled]


# --- settling --------------------------------------------------------------------------------------------------------


def settle(
    db: Connection,
    settlements: Sequence[Settlement],
    *,
    lane: str,
    policy: RetryPolicy,
    disable_after_s: int,
    chance: float,
    now: int,
    moves: Moves,
) -> Tally:
    """Write down how tries ended, one statement an outcome. What is no longer held under its lease stays as it is.

    *moves* and the tally's `tallied` are for the caller to record, once and last.
    """
    tally = Tally()
    if not settlements:
        return tally
    ends = _Ends.of(settlements, policy=policy, chance=chance, now=now)
    if ends.delivered:
        ends.delivered = _deliver(db, ends.delivered, now=now)
        tally.delivered = len(ends.delivered)
    kept: set[int] = set()
    if ends.onward:
        kept.update(db.execute(statements.SETTLE_ON.on(db), {"rows": as_rows(ends.onward), "moment": now}).scalars())
        tally.went_on = len(kept)
    if ends.retries:
        kept.update(db.execute(statements.SETTLE_RETRY.on(db), {"rows": as_rows(ends.retries)}).scalars())
        tally.retried = len(kept) - tally.went_on
    if ends.burials:
        parameters = {"rows": as_rows(ends.burials), "settled_at": now}
        buried = set(db.execute(statements.SETTLE_DEAD.on(db), parameters).scalars())
        kept |= buried
        tally.buried = len(kept) - tally.went_on - tally.retried
        tally.dead = {burial[0]: burial[-1] for burial in ends.burials if burial[0] in buried}
    if failures := [_attempt(s, now) for s in ends.failed if s.row.id in kept]:
        db.execute(statements.RECORD_ATTEMPTS, failures)
    tally.recovered = health.note(db, settlements, disable_after_s=disable_after_s, now=now)
    tries.note_trouble(db, settlements, now=now)
    tries.tally(tally.tallied, settlements, ends.delivered, now=now)
    tally.too_late = len(settlements) - tally.delivered - len(kept)
    moves[Slot(lane, State.SENDING)] -= tally.delivered + len(kept)
    moves[Slot(lane, State.DELIVERED)] += tally.delivered
    moves[Slot(lane, State.RETRYING)] += tally.retried + tally.went_on
    moves[Slot(lane, State.DEAD)] += tally.buried
    return tally


def _deliver(db: Connection, delivered: Sequence[Settlement], *, now: int) -> list[Settlement]:
    """Those of *delivered* that are, by this."""
    parameters = {
        "ids": as_ids([s.row.id for s in delivered]),
        "lease_ids": as_ids(list({s.row.lease_id for s in delivered})),
        "settled_at": now,
    }
    if db.execute(statements.SETTLE_DELIVERED.on(db), parameters).rowcount == len(delivered):
        return list(delivered)
    mine = {"of_ids": [s.row.id for s in delivered], "settled_at": now}
    settled = set(db.execute(statements.DELIVERED_NOW, mine).scalars())
    return [s for s in delivered if s.row.id in settled]


@dataclass(slots=True)
class _Ends:
    """What becomes of each row of a batch, as the statements that write it down want it."""

    delivered: list[Settlement] = field(default_factory=list)
    failed: list[Settlement] = field(default_factory=list)
    onward: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    retries: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    burials: list[tuple[int, int, int, int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, settlements: Sequence[Settlement], *, policy: RetryPolicy, chance: float, now: int) -> "_Ends":
        ends = cls()
        for s in settlements:
            if isinstance(s.outcome, Delivered):
                if s.next_part:
                    due_at = now + s.again_s * SECOND
                    ends.onward.append((s.row.id, s.row.lease_id, due_at, s.next_part, s.row.plain, 0))
                else:
                    ends.delivered.append(s)
            else:
                ends.failed.append(s)
                ends._fail(s, policy=policy, chance=chance, now=now)
        return ends

    def _fail(self, s: Settlement, *, policy: RetryPolicy, chance: float, now: int) -> None:
        """Retry, bury, or once more in a plain form."""
        row, unknown = s.row, int(isinstance(s.outcome, Unknown))
        if isinstance(s.outcome, Never) and s.outcome.has_plainer and s.next_part:
            self.onward.append((row.id, row.lease_id, now, s.next_part, 0, 1))
            return
        if isinstance(s.outcome, Never) and s.outcome.has_plainer and not row.plain:
            self.onward.append((row.id, row.lease_id, now, row.part, 1, 1))
            return
        if (why := _why_over(s)) is not None:
            self.burials.append((row.id, row.lease_id, 1, unknown, said(why)[:REASON_CHARS]))
            return
        stated = getattr(s.outcome, "wait_s", None)
        steps = INTENT if row.kind in INTENT_KINDS else policy
        following = next_try(steps, attempts=row.attempts, waits=row.waits, stated_wait_s=stated, chance=chance)
        if following.wait_s is None:
            self.burials.append((row.id, row.lease_id, 1, unknown, "its tries ran out"))
        else:
            due_at = now + int(following.wait_s * SECOND)
            self.retries.append((row.id, row.lease_id, due_at, int(following.spends_try), unknown))


def _why_over(s: Settlement) -> str | None:
    """Why a failed try is the last one, whatever the schedule says; None where it is not."""
    row = s.row
    match s.outcome:
        case Never(error=error):
            return error
        case Unknown(once_more=True) if row.unknowns and row.attempts:
            return "unknown"
        case Later(most_tries=int(most), error=error) if row.attempts + 1 >= most:
            return error
    return None


def hand_back(db: Connection, rows: Sequence[Claimed], *, lane: str, now: int, moves: Moves) -> None:
    """Let *rows* be claimed again in a moment that were never tried. Spends no try."""
    if not rows:
        return
    parameters = {
        "unsent_ids": [row.id for row in rows],
        "held_leases": sorted({row.lease_id for row in rows}),
        "again_at": now + HANDED_BACK_FOR,
    }
    n = db.execute(statements.HAND_BACK, parameters).rowcount
    moves[Slot(lane, State.SENDING)] -= n
    moves[Slot(lane, State.RETRYING)] += n


def _attempt(s: Settlement, now: int) -> dict[str, Any]:
    outcome = s.outcome
    return {
        "delivery_id": s.row.id,
        "request": s.request,
        "at": now,
        "took_ms": s.took_ms,
        "outcome": type(outcome).__name__.lower(),
        "status": getattr(outcome, "status", 0) or None,
        "error": said(getattr(outcome, "error", "")),
        "answer": said(s.answer[:1024]) or None,
        "headers": said(s.head) or None,
    }


# --- leases ----------------------------------------------------------------------------------------------------------


def renew(db: Connection, lease_ids: Sequence[int], *, now: int) -> None:
    """Hold *lease_ids* for another LEASE from *now*."""
    db.execute(statements.RENEW, {"lease_ids": list(lease_ids), "renewed_until": now + LEASE})


def close(db: Connection, lease_ids: Sequence[int]) -> None:
    """Forget leases under which nothing is in flight any more."""
    if lease_ids:
        db.execute(statements.CLOSE_LEASES, {"lease_ids": list(lease_ids)})


def share(db: Connection, ids: Sequence[int]) -> None:
    """A suspect's time alone is over: what happens from now on is not laid at its door."""
    db.execute(statements.SHARE, {"shared_ids": list(ids)})


def return_lapsed(db: Connection, *, now: int) -> int:
    """Give back the rows of every lease that ran out before *now*; how many."""
    lapsed = db.execute(statements.LAPSED_LEASES, {"moment": now, "most": 500}).scalars().all()
    return _return(db, lapsed, counted=True, now=now)


def return_leases_of(db: Connection, worker: str, *, counted: bool, now: int) -> int:
    """Give back at once what *worker*, which is gone, had claimed. An ordered stop is not *counted* as a lapse."""
    held = db.execute(statements.LEASES_OF_WORKER, {"holder": worker}).scalars().all()
    return _return(db, held, counted=counted, now=now)


def return_all(db: Connection, *, now: int) -> int:
    """Give back whatever anybody had claimed, where no worker of this database lives; no row is to blame for it."""
    held = db.execute(statements.EVERY_LEASE).scalars().all()
    return _return(db, held, counted=False, now=now)


def _return(db: Connection, lease_ids: Sequence[int], *, counted: bool, now: int) -> int:
    if not lease_ids:
        return 0
    moves: Moves = Counter()
    common = {"lease_ids": list(lease_ids)}
    dead: Counter[str] = Counter()
    if counted:
        parameters = common | {"most_lapses": LAPSES_ALONE, "settled_at": now}
        dead = Counter(db.execute(statements.DEAD_BY_LAPSE, parameters).scalars())
    parameters = common | {"returned_at": now, "counted": int(counted)}
    back = Counter(db.execute(statements.RETURN_LAPSED, parameters).scalars())
    db.execute(statements.CLOSE_LEASES, common)
    for target, rows in ((State.DEAD, dead), (State.RETRYING, back)):
        for lane, n in rows.items():
            moves[Slot(lane, State.SENDING)] -= n
            moves[Slot(lane, target)] += n
    counts.record(db, moves)
    return sum(back.values()) + sum(dead.values())


def ripen(db: Connection, *, lane: str, now: int) -> int:
    """Make retries of *lane* claimable whose time has come; how many."""
    parameters = {"lane": lane, "moment": now, "most": RIPEN_AT_ONCE}
    return db.execute(statements.RIPEN.on(db), parameters).rowcount


def next_due(db: Connection, lane: str) -> tuple[bool, int | None]:
    """Whether *lane* has a row that could be claimed now, and when the next retry comes due."""
    ready, next_at = db.execute(statements.NEXT_DUE, {"due_lane": lane}).one()
    return ready is not None, next_at
