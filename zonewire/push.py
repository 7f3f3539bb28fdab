"""Pushing: claim → build → carry → settle, a batch at a time, without ever waiting for a receiver.

A `Pusher` belongs to one worker process and one lane. Each `turn` settles what the courier has brought back and claims
what it has places for, in one short write transaction, builds requests by reading, and hands them over. A lock admits
one turn at a time, whether the lane's task or the worker's heart asks for it.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog
from sqlalchemy import Connection

from zonewire import hub, tracing
from zonewire.building import Builder, BuiltLoad
from zonewire.channels.baidu import judge_url
from zonewire.channels.registry import CHANNELS, TERMS
from zonewire.channels.verdicts import answer_of
from zonewire.channels.websub import judge_intent
from zonewire.delivery import counts, ledger, loads, owing, paces
from zonewire.delivery.channel_names import TOLD_BY_URL
from zonewire.delivery.counts import Moves
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.lanes import Lane
from zonewire.delivery.ledger import START, Batch, Claimed, Place, Places, Settlement, Tally
from zonewire.delivery.loads import Claiming, Load
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import NoRoom
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.delivery.paces import Ended
from zonewire.delivery.retries import RetryPolicy
from zonewire.delivery.states import INTENT_KINDS, Kind
from zonewire.digests import drafting
from zonewire.digests.drafting import DraftEnded
from zonewire.errors import KeyMissing, StoreBusy, StoreUnavailable, ZonewireError
from zonewire.loading import Services, ServiceUnset, owed_draft
from zonewire.outbound.courier import Courier, Reply, Request, Ticket
from zonewire.store import SECOND, Store
from zonewire.store import now as clock
from zonewire.telling import Telling

log = structlog.get_logger()

SUSPECT_PATIENCE = 30 * SECOND
"""A row that must be claimed alone waits so long for a quiet moment; then nothing else is claimed until it had one."""
CLOSING_TRIES = 3
UNSET_WAIT_S = 600
KEY_WAIT_S = 60
"""A process that missed the beginning of a rotation is started again sooner than a setting is mended."""
MOST_AT_ONCE = 500
"""A turn takes no more, however much is free: it holds SQLite's lock for some 10 ms, and the courier can begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What pushing on one lane goes by."""

    lane: str
    worker: str  # whose leases these are
    installation: int
    policy: RetryPolicy
    disable_after_s: int
    mailing: Mailing
    services: Services = field(default_factory=Services)


class _Flight(NamedTuple):
    """What the courier has under one ticket: a row, or all that one request carries."""

    rows: tuple[Claimed, ...]
    mark: int = 0  # of its place in its endpoint's pace; 0 where its channel has no terms


class Pusher:
    """One lane's pushing in one process."""

    def __init__(self, store: Store, courier: Courier, push: Push) -> None:
        self._store, self.courier, self._push = store, courier, push
        self._lock = threading.Lock()
        self._builder = Builder(store, push.installation, push.mailing, push.services)
        self._telling = Telling(store, lane=push.lane, installation=push.installation)
        self._is_paced = push.lane == Lane.PUSH_ROBOT
        self._last_ticket = Ticket(0)
        self._flights: dict[Ticket, _Flight] = {}  # what the courier has
        self._lease_rows: Counter[int] = Counter()  # rows of each lease that are not settled yet
        self._abandoned: set[int] = set()  # leases that run out, since the database takes no outcome of a row of theirs
        self._hosts: dict[str, int] = {}  # the courier's names of hosts, and ours
        self._settlements: list[Settlement] = []  # kept until they are committed
        self._unsent: list[Claimed] = []
        self._void: list[Claimed] = []  # nothing is left to say: all that the edition carried was withdrawn
        self._moot: list[Settlement] = []  # what they were about is there no more
        self._ended: list[Ended] = []  # places in paces that are free again, kept until that is committed
        self._put_off = 0  # endpoints that the last claim has let wait
        self._loads: list[Load] = []  # what was claimed last, where its channels have terms
        self._cursor = START
        self._alone_since: float | None = None
        self._closing = False
        self._suspect_tried = 0.0

    def turn(self, *, claims: bool = True) -> Tally | None:
        """Settle, claim, build, hand over; without *claims* settle alone.

        None where another turn is under way or there was nothing to do.
        """
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._turn(claims=claims)
        finally:
            self._lock.release()

    @property
    def is_busy(self) -> bool:
        """Whether anything is in flight or waits to be settled."""
        return bool(self._flights or self._has_ended)

    @property
    def _has_ended(self) -> bool:
        return bool(self._settlements or self._unsent or self._void or self._moot or self._ended)

    def renew(self) -> None:
        """Hold the leases of what is in flight for longer."""
        rows_of = list(self._lease_rows.items())  # at once: a turn may be changing it
        held = [lease for lease, rows in rows_of if rows > 0 and lease not in self._abandoned]
        if held:
            with self._store.settling() as db:
                ledger.renew(db, held, now=clock(db))

    def close(self, *, grace_s: float) -> None:
        """Stop: let the courier finish for *grace_s* seconds, settle what came back, hand back what never went out."""
        self.courier.close(grace_s=grace_s)
        with self._lock:
            self._closing = True
            for _ in range(CLOSING_TRIES):
                try:
                    self._turn()
                    self._give_back()
                    break
                except (StoreBusy, StoreUnavailable) as error:
                    log.warning("turn.refused", lane=self._push.lane, error=str(error))

    def _give_back(self) -> None:
        """What is in flight even now: bytes may have gone out, and that is no fault of the row's."""
        with self._store.settling() as db:
            ledger.return_leases_of(db, self._push.worker, counted=False, now=clock(db))
        self._flights.clear()
        self._lease_rows.clear()

    # -- one turn --

    def _turn(self, *, claims: bool = True) -> Tally | None:
        begun = tracing.moment()
        self._note(self.courier.finished())
        if not self._has_ended and not (claims and self._may_claim()):
            return None
        try:
            tally, batch = self._settle_and_claim(claims=claims, begun=begun)
        except ZonewireError:
            raise
        except Exception:
            if not self._settlements:
                raise
            log.exception("batch.unsettled", lane=self._push.lane, rows=len(self._settlements))
            return self._settle_singly()
        self._cursor = batch.cursor
        if batch.rows:
            self._hand_over(batch)
        return tally

    def _note(self, replies: Iterable[tuple[Ticket, Reply]]) -> None:
        """Read each reply as its channel does."""
        outcome: Outcome
        last, channel, outcome, answer = None, "", Later(""), ""
        notes = self._builder.notes
        for ticket, reply in replies:
            rows, mark = self._flights.pop(ticket)
            if mark:
                self._note_load(rows, mark, reply)
                continue
            (row,) = rows
            if reply.unsent:
                notes.pop(row.id, None)
                self._unsent.append(row)
                continue
            note = notes.pop(row.id, "") if notes else ""
            if row.kind in INTENT_KINDS:  # each has a challenge of its own
                last, outcome = None, judge_intent(reply, row.kind, note)
                answer = _answer(reply, outcome)
            elif reply is not last or row.channel != channel:  # good answers are one object, by the thousand
                last, channel = reply, row.channel
                outcome = _judged(channel, reply)
                answer = _answer(reply, outcome)
            self._settlements.append(Settlement(row, outcome, reply.took_ms, answer, note, 0, None, 0, reply.head))

    def _note_load(self, rows: tuple[Claimed, ...], mark: int, reply: Reply) -> None:
        """The same for a request that carries several deliveries, of a channel with terms."""
        endpoint, rests_s = rows[0].endpoint_id, 0
        notes = [self._builder.notes.pop(row.id, "") for row in rows]
        if reply.unsent:
            self._unsent += rows
        else:
            reply = self._builder.redacted(rows[0], reply)
            request = rows[0].id if len(rows) > 1 else None
            for row, note in zip(rows, notes, strict=True):
                outcome = _judged(row.channel, reply, about=note, alone=len(rows) == 1)
                rests_s = max(rests_s, _rest(outcome))
                settlement = _settlement_of_load(row, outcome, reply, note=note, request=request, n=len(rows))
                (self._moot if _has_lost_its_draft(settlement) else self._settlements).append(settlement)
        self._ended.append(Ended(endpoint, mark, was_sent=not reply.unsent, rests_s=rests_s))

    def _may_claim(self) -> bool:
        """Whether a row could be claimed: asked by reading, so that an idle lane writes nothing."""
        if self._closing or self.courier.free_places <= 0 or self._is_alone():
            return False
        with self._store.reading() as db:
            ready, next_at = ledger.next_due(db, self._push.lane)
            return ready or (next_at is not None and next_at <= clock(db))

    def _settle_and_claim(self, *, claims: bool = True, begun: int = 0) -> tuple[Tally, Batch]:
        """The turn's one write transaction. What it settles is forgotten only when it has committed."""
        push = self._push
        moves: Moves = Counter()
        back = [*self._unsent, *self._void, *(s.row for s in self._moot)]
        done = Counter(s.row.lease_id for s in self._settlements) + Counter(row.lease_id for row in back)
        owned = self._lease_rows
        empty = [lease for lease, n in done.items() if owned[lease] <= n and lease not in self._abandoned]
        with self._store.settling() as db:
            now = clock(db)
            tally = ledger.settle(
                db,
                self._settlements,
                lane=push.lane,
                policy=push.policy,
                disable_after_s=push.disable_after_s,
                chance=random.random(),
                now=now,
                moves=moves,
            )
            hub.follow(db, self._settlements, now=now, moves=moves)
            if self._is_paced:
                ended = _drafts_ended([*self._settlements, *self._moot])
                drafting.follow(db, ended, appid=push.services.wechat_appid, now=now, moves=moves)
                self._free_places(db, tally, now)
            ledger.hand_back(db, back, lane=push.lane, now=now, moves=moves)
            ledger.close(db, empty)
            owing.cancel(db, [row.id for row in self._void], why="nothing is left to say", now=now, moves=moves)
            owing.cancel(db, [s.row.id for s in self._moot], why=drafting.GONE, now=now, moves=moves)
            batch = self._claim(db, now, moves) if claims else Batch(cursor=self._cursor)
            counts.record(db, moves, tally.tallied)
        self._telling.tell(self._settlements, tally.dead)
        if tracing.is_on():
            self._telling.trace(self._settlements, tally, batch, begun=begun)
        self._settlements.clear()
        self._unsent.clear()
        self._void.clear()
        self._moot.clear()
        self._ended.clear()
        self._lease_rows.subtract(done)
        for lease in empty:
            del self._lease_rows[lease]
        tally.claimed, tally.put_off = len(batch.rows), self._put_off
        self._put_off = 0
        return tally, batch

    def _free_places(self, db: Connection, tally: Tally, now: int) -> None:
        """What is over makes room in its endpoint's pace; where a host answers again, what waits for it may go."""
        paces.settle(db, self._ended, now=now)
        if tally.recovered:
            recovered = set(tally.recovered)
            rows = [s.row for s in self._settlements if s.row.endpoint_id in recovered]
            places = [Place(row.host_id, row.endpoint_id) for row in rows]
            loads.hasten_hosts(db, places, lane=self._push.lane, now=now)

    def _settle_singly(self) -> Tally:
        """The database refused the batch, and not because it was busy: find the row that it was, and bury it alone."""
        tally, waiting = Tally(), list(self._settlements)
        try:
            while waiting:
                tally.add(self._settled_alone(waiting[0]))
                del waiting[0]
        finally:
            self._settlements = waiting
        return tally

    def _settled_alone(self, settlement: Settlement) -> Tally:
        unwritable = Settlement(settlement.row, Never("its outcome could not be written down"))
        for version in (settlement, unwritable):
            self._settlements = [version]
            try:
                return self._settle_and_claim(claims=False)[0]
            except ZonewireError:
                raise
            except Exception:
                log.exception("settlement.refused", delivery_id=self._uuid(settlement.row))
        self._abandoned.add(settlement.row.lease_id)
        return Tally()

    def _claim(self, db: Connection, now: int, moves: Moves) -> Batch:
        lane, worker = self._push.lane, self._push.worker
        if self._closing or self._is_alone():
            return Batch(cursor=self._cursor)
        self._stop_being_alone(db)
        ledger.ripen(db, lane=lane, now=now)
        suspect_at = ledger.oldest_suspect(db, lane)
        if suspect_at is not None:
            if not self._flights:
                batch = self._claim_suspect(db, now, moves)
                if batch.rows:
                    self._suspect_tried = time.monotonic()
                    return batch
            elif self._has_waited_long(suspect_at, now):
                return Batch(cursor=self._cursor)
        if self._is_paced:
            claiming = self._claiming(db, now, moves)
            batch, self._loads = claiming.loads(self._places(), after=self._cursor)
            self._put_off = len(claiming.parked)
            return batch
        return ledger.claim_ready(
            db, lane=lane, worker=worker, places=self._places(), after=self._cursor, now=now, moves=moves
        )

    def _claim_suspect(self, db: Connection, now: int, moves: Moves) -> Batch:
        if self._is_paced:
            batch, self._loads = self._claiming(db, now, moves).lone(cursor=self._cursor)
            return batch
        push = self._push
        return ledger.claim_suspect(db, lane=push.lane, worker=push.worker, now=now, moves=moves, cursor=self._cursor)

    def _claiming(self, db: Connection, now: int, moves: Moves) -> Claiming:
        push = self._push
        return Claiming(db=db, lane=push.lane, worker=push.worker, terms=TERMS, now=now, moves=moves)

    def _places(self) -> Places:
        busy = {self._hosts[name]: free for name, free in self.courier.host_places().items() if name in self._hosts}
        return Places(
            total=min(self.courier.free_places, MOST_AT_ONCE), per_host=self.courier.places_per_host, busy=busy
        )

    # -- suspects --

    def _has_waited_long(self, suspect_at: int, now: int) -> bool:
        """Whether a suspect must have its quiet moment at last; others go first for as long after the one before it."""
        rested_s = time.monotonic() - self._suspect_tried
        return suspect_at < now - SUSPECT_PATIENCE and rested_s > SUSPECT_PATIENCE / SECOND

    def _is_alone(self) -> bool:
        """Whether a suspect has this process for itself right now."""
        return (
            self._alone_since is not None
            and bool(self._flights)
            and time.monotonic() - self._alone_since < ledger.LONE_S
        )

    def _stop_being_alone(self, db: Connection) -> None:
        if self._alone_since is not None:
            ledger.share(db, [row.id for flight in self._flights.values() for row in flight.rows])
            self._alone_since = None

    # -- handing over --

    def _hand_over(self, batch: Batch) -> None:
        self._lease_rows[batch.rows[0].lease_id] = len(batch.rows)
        self._alone_since = time.monotonic() if batch.alone else None
        try:
            built = self._built(batch)
        except Exception as error:  # most likely the database went away between claim and build: nothing was tried
            log.warning("batch.unbuilt", lane=self._push.lane, rows=len(batch.rows), error=str(error))
            self._unsent += batch.rows
            if self._is_paced:
                self._ended += [_unsent(load.rows[0], load.mark) for load in self._loads]
            return
        items: list[tuple[Ticket, Request]] = []
        ticket, flights, hosts = self._last_ticket, self._flights, self._hosts
        for rows, mark, request in built:
            if request is None or isinstance(request, NoRoom | Exception):
                self._put_aside(rows, mark, request)
                continue
            ticket = Ticket(ticket + 1)
            flights[ticket] = _Flight(rows, mark)
            hosts[request.host] = rows[0].host_id
            items.append((ticket, request))
        self._last_ticket = ticket
        self.courier.start(items)

    def _built(self, batch: Batch) -> list[BuiltLoad]:
        if self._is_paced:
            return self._builder.built_loads(self._loads)
        return [BuiltLoad((row,), 0, request) for row, request in self._builder.built(batch.rows)]

    def _put_aside(self, rows: tuple[Claimed, ...], mark: int, why: NoRoom | Exception | None) -> None:
        """What no request is made of now."""
        if why is None:
            self._void += rows
        elif isinstance(why, NoRoom):
            self._unsent += rows
        elif isinstance(why, ServiceUnset):  # somebody mends it, and nothing is lost meanwhile
            log.error("channel.unset", channel=rows[0].channel, error=str(why).replace("\n", " "))
            self._settlements += [Settlement(row, Later(str(why), wait_s=UNSET_WAIT_S)) for row in rows]
        elif isinstance(why, KeyMissing):  # the same: the secret is whole, and the ring is another one
            log.error("key.missing", endpoint_id=shown_id(rows[0].endpoint_id), error=str(why).replace("\n", " "))
            self._settlements += [Settlement(row, Later(why.what, wait_s=KEY_WAIT_S)) for row in rows]
        else:
            for row in rows:
                self._bury(row, why)
        if mark:
            self._ended.append(_unsent(rows[0], mark))

    def _bury(self, row: Claimed, error: Exception) -> None:
        """A row that cannot be built is buried alone."""
        self._telling.tell_unbuildable(row, error)
        self._settlements.append(Settlement(row, Never(f"cannot be built: {error}")))

    def _uuid(self, row: Claimed) -> str:
        return delivery_uuid(self._push.installation, row.id, row.created_at)


def _answer(reply: Reply, outcome: Outcome) -> str:
    """What is kept of an answer: of failures its first kilobyte."""
    return "" if isinstance(outcome, Delivered) else reply.body[:1024].decode("utf-8", "replace")


def _settlement_of_load(
    row: Claimed, outcome: Outcome, reply: Reply, *, note: str, request: int | None, n: int
) -> Settlement:
    """How one of a load's rows ended.

    A draft's note is WeChat's answer; a digest's how many articles the robot has then, where some are left.
    """
    answer, next_part, again_s = _answer(reply, outcome), 0, 0
    if row.channel == "wechat_oa":
        note = reply.body.decode("utf-8", "replace")
        if isinstance(outcome, Delivered) and outcome.goes_on_s is not None:
            next_part, again_s = row.part + 1, outcome.goes_on_s
    elif row.kind == Kind.DIGEST:
        next_part = int(note) if note and isinstance(outcome, Delivered) else 0
    elif n > 1 and row.channel in TOLD_BY_URL and isinstance(outcome, Never) and outcome.has_plainer:
        next_part = (TERMS[row.channel].merged // (n // 2)).bit_length()  # half as many at once, or fewer
    return Settlement(row, outcome, reply.took_ms, answer, note, next_part, request, again_s, reply.head)


def _has_lost_its_draft(settlement: Settlement) -> bool:
    """Whether it was to rewrite a draft that is in its box no more."""
    return settlement.row.kind == Kind.REVISION and answer_of(settlement.note.encode()).get("gone") is True


def _drafts_ended(settlements: Iterable[Settlement]) -> list[DraftEnded]:
    """How the errands of drafts ended: those that did, and those that will be tried no more."""
    return [
        DraftEnded(
            owed=owed_draft(s.row),
            answer=answer_of(s.note.encode()),
            failed=s.outcome.error if isinstance(s.outcome, Never) else "",
        )
        for s in settlements
        if s.row.channel == "wechat_oa" and isinstance(s.outcome, Delivered | Never)
    ]


def _unsent(row: Claimed, mark: int) -> Ended:
    return Ended(row.endpoint_id, mark, was_sent=False)


def _rest(outcome: Outcome) -> int:
    """For how many seconds nothing more goes to an endpoint that answered so."""
    match outcome:
        case Delivered(rests_s=rests_s):
            return rests_s
        case Later(pauses_endpoint=True, wait_s=int(wait_s)):
            return wait_s
    return 0


def _judged(channel: str, reply: Reply, *, about: str = "", alone: bool = True) -> Outcome:
    """How the try ended. What a channel cannot read costs its own row a try, and no other its settlement."""
    try:
        if about and channel == "baidu":  # which tells each address of a request apart
            return judge_url(reply, about, alone=alone)
        return CHANNELS[channel].judge(reply)
    except Exception as error:
        log.exception("reply.unreadable", channel=channel)
        return Unknown(f"an answer that cannot be read: {error}")
