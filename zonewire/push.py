"""Pushing: claim → build → carry → settle, a batch at a time, without ever waiting for a receiver.

A `Pusher` belongs to one worker process and one lane. Each `turn` settles what the courier has brought back and claims
what it has places for, in one short write transaction, builds requests by reading, and hands them over. A lock admits
one turn at a time, whether the lane's task or the worker's heart asks for it.
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from zonewire.articles import reading
from zonewire.articles.model import Version
from zonewire.channels.registry import CHANNELS
from zonewire.delivery import counts, ledger, owing
from zonewire.delivery.counts import Moves
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.ledger import START, Batch, Claimed, Places, Settlement, Tally
from zonewire.delivery.mailing import Mailing, OwedLetter, OwedNews
from zonewire.delivery.messages import Endpoint, Message, NewsMessage
from zonewire.delivery.outcomes import Delivered, Never
from zonewire.delivery.retries import RetryPolicy
from zonewire.delivery.states import ARTICLE_KINDS, Kind
from zonewire.digests import digest_messages, news_messages
from zonewire.errors import StoreBusy, StoreUnavailable
from zonewire.keys import secret_bytes
from zonewire.outbound.courier import Courier, Reply, Request, Ticket
from zonewire.store import SECOND, Store
from zonewire.store import now as clock
from zonewire.subscriptions.confirmation import confirmation_messages

log = structlog.get_logger()

SUSPECT_PATIENCE = 30 * SECOND
"""A row that must be claimed alone waits so long for a quiet moment; then nothing else is claimed until it had one."""
CLOSING_TRIES = 3
VERSIONS_KEPT = 512
ENDPOINTS_KEPT = 32_768
"""Some 15 MiB of open secrets and addresses, in a process that pushes to so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What pushing on one lane goes by."""

    lane: str
    worker: str  # whose leases these are
    installation: int
    policy: RetryPolicy
    disable_after_s: int
    mailing: Mailing


class Pusher:
    """One lane's pushing in one process."""

    def __init__(self, store: Store, courier: Courier, push: Push) -> None:
        self._store, self.courier, self._push = store, courier, push
        self._lock = threading.Lock()
        self._next_ticket = 0
        self._flights: dict[Ticket, Claimed] = {}  # what the courier has
        self._lease_rows: Counter[int] = Counter()  # rows of each lease that are not settled yet
        self._hosts: dict[str, int] = {}  # the courier's names of hosts, and ours
        self._settlements: list[Settlement] = []  # kept until they are committed
        self._unsent: list[Claimed] = []
        self._void: list[Claimed] = []  # nothing is left to say: all that the edition carried was withdrawn
        self._cursor = START
        self._versions: dict[int, Version] = {}
        self._endpoints: dict[int, tuple[tuple[str | None, str | None, str | None], Endpoint]] = {}
        self._alone_since: float | None = None
        self._closing = False
        self._suspect_tried = 0.0

    def turn(self) -> Tally | None:
        """Settle, claim, build, hand over. None where another turn is under way or there was nothing to do."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._turn()
        finally:
            self._lock.release()

    @property
    def is_busy(self) -> bool:
        """Whether anything is in flight or waits to be settled."""
        return bool(self._flights or self._has_ended)

    @property
    def _has_ended(self) -> bool:
        return bool(self._settlements or self._unsent or self._void)

    def renew(self) -> None:
        """Hold the leases of what is in flight for longer."""
        held = [lease for lease, rows in self._lease_rows.items() if rows > 0]
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

    def _turn(self) -> Tally | None:
        for ticket, reply in self.courier.finished():
            self._note(self._flights.pop(ticket), reply)
        if not self._has_ended and not self._may_claim():
            return None
        tally, batch = self._settle_and_claim()
        if batch.rows:
            self._hand_over(batch)
        return tally

    def _note(self, row: Claimed, reply: Reply) -> None:
        if reply.unsent:
            self._unsent.append(row)
            return
        outcome = CHANNELS[row.channel].judge(reply)
        failed = not isinstance(outcome, Delivered) and reply.body
        answer = reply.body[:1024].decode("utf-8", "replace").replace("\0", "") if failed else ""
        self._settlements.append(Settlement(row, outcome, reply.took_ms, answer))

    def _may_claim(self) -> bool:
        """Whether a row could be claimed: asked by reading, so that an idle lane writes nothing."""
        if self._closing or self.courier.free_places <= 0 or self._is_alone():
            return False
        with self._store.reading() as db:
            ready, next_at = ledger.next_due(db, self._push.lane)
            return ready or (next_at is not None and next_at <= clock(db))

    def _settle_and_claim(self) -> tuple[Tally, Batch]:
        """The turn's one write transaction. What it settles is forgotten only when it has committed."""
        push = self._push
        moves: Moves = Counter()
        back = [*self._unsent, *self._void]
        ended = Counter(s.row.lease_id for s in self._settlements) + Counter(row.lease_id for row in back)
        empty = [lease for lease, n in ended.items() if self._lease_rows[lease] <= n]
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
            ledger.hand_back(db, back, lane=push.lane, now=now, moves=moves)
            ledger.close(db, empty)
            batch = self._claim(db, now, moves)
            counts.record(db, moves)
            owing.cancel(db, [row.id for row in self._void], why="nothing is left to say", now=now)
        self._settlements.clear()
        self._unsent.clear()
        self._void.clear()
        self._lease_rows.subtract(ended)
        for lease in empty:
            del self._lease_rows[lease]
        tally.claimed = len(batch.rows)
        return tally, batch

    def _claim(self, db: Connection, now: int, moves: Moves) -> Batch:
        lane, worker = self._push.lane, self._push.worker
        if self._closing or self._is_alone():
            return Batch(cursor=self._cursor)
        self._stop_being_alone(db)
        ledger.ripen(db, lane=lane, now=now)
        suspect_at = ledger.oldest_suspect(db, lane)
        if suspect_at is not None:
            if not self._flights:
                batch = ledger.claim_suspect(db, lane=lane, worker=worker, now=now, moves=moves, cursor=self._cursor)
                if batch.rows:
                    self._suspect_tried = time.monotonic()
                    return batch
            elif self._has_waited_long(suspect_at, now):
                return Batch(cursor=self._cursor)
        return ledger.claim_ready(
            db, lane=lane, worker=worker, places=self._places(), after=self._cursor, now=now, moves=moves
        )

    def _places(self) -> Places:
        busy = {self._hosts[name]: free for name, free in self.courier.host_places().items() if name in self._hosts}
        return Places(total=self.courier.free_places, per_host=self.courier.places_per_host, busy=busy)

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
            ledger.share(db, [row.id for row in self._flights.values()])
            self._alone_since = None

    # -- building --

    def _hand_over(self, batch: Batch) -> None:
        self._cursor = batch.cursor
        self._lease_rows[batch.rows[0].lease_id] = len(batch.rows)
        self._alone_since = time.monotonic() if batch.alone else None
        try:
            messages = self._messages(batch.rows)
        except Exception as error:  # most likely the database went away between claim and build: nothing was tried
            log.warning("batch.unbuilt", lane=self._push.lane, rows=len(batch.rows), error=str(error))
            self._unsent += batch.rows
            return
        items: list[tuple[Ticket, Request]] = []
        for row in batch.rows:
            request = self._request(row, messages.get(row.id))
            if request is not None:
                self._hosts[request.host] = row.host_id
                items.append((self._ticket(row), request))
        self.courier.start(items)

    def _ticket(self, row: Claimed) -> Ticket:
        self._next_ticket += 1
        ticket = Ticket(self._next_ticket)
        self._flights[ticket] = row
        return ticket

    def _request(self, row: Claimed, message: Message | Exception | None) -> Request | None:
        """The request of one row; a row that cannot be built is buried alone."""
        if message is None:
            self._void.append(row)
            return None
        error = message if isinstance(message, Exception) else None
        if not isinstance(message, Exception):
            try:
                return CHANNELS[row.channel].build(message, self._endpoint(row))
            except Exception as cause:
                error = cause
        log.error("delivery.unbuildable", delivery_id=self._uuid(row), channel=row.channel, exc_info=error)
        self._settlements.append(Settlement(row, Never(f"cannot be built: {error}")))
        return None

    def _messages(self, rows: Sequence[Claimed]) -> dict[int, Message | Exception]:
        """What each row carries, by its id."""
        news = [row for row in rows if row.channel != "email"]
        mails = [row for row in rows if row.channel == "email"]
        messages: dict[int, Message | Exception] = {}
        with self._store.reading() as db:
            self._load_versions(db, news)
            for row in news:
                messages[row.id] = self._news(row)
            if mails:
                messages |= _each_or_all(lambda some: self._letters(db, some), mails)
        return messages

    def _letters(self, db: Connection, rows: Sequence[Claimed]) -> dict[int, Message]:
        """The mails of *rows*. One that is not named has nothing to say any more."""
        now, mailing = clock(db), self._push.mailing
        messages: dict[int, Message] = {}
        builders = {Kind.DIGEST: digest_messages, Kind.CONFIRMATION: confirmation_messages}
        for kind, build in builders.items():
            owed = [self._owed_letter(row) for row in rows if row.kind == kind]
            if owed:
                messages |= build(db, owed, mailing=mailing, now=now)
        instant = [self._owed_news(row) for row in rows if row.kind in ARTICLE_KINDS]
        if instant:
            messages |= news_messages(db, instant, mailing=mailing, now=now)
        return messages

    def _owed_letter(self, row: Claimed) -> OwedLetter:
        return OwedLetter(
            id=row.id,
            delivery_id=self._uuid(row),
            subscription_id=row.subscription_id or 0,
            edition_id=row.edition_id,
        )

    def _owed_news(self, row: Claimed) -> OwedNews:
        return OwedNews(
            id=row.id,
            delivery_id=self._uuid(row),
            endpoint_id=row.endpoint_id,
            number=row.number or 0,
            event_type=row.event_type or "",
        )

    def _load_versions(self, db: Connection, rows: Sequence[Claimed]) -> None:
        missing = {row.number for row in rows if row.number is not None} - self._versions.keys()
        if len(self._versions) + len(missing) > VERSIONS_KEPT:
            self._versions.clear()
            missing = {row.number for row in rows if row.number is not None}
        if missing:
            try:
                self._versions |= reading.by_numbers(db, sorted(missing))
            except (KeyError, TypeError, ValueError):  # one of them cannot be read: only its own deliveries fall
                self._versions |= _readable(db, sorted(missing))

    def _news(self, row: Claimed) -> Message | Exception:
        version = self._versions.get(row.number or 0)
        if version is None or row.event_type is None:
            return LookupError(f"version {row.number} is not there")
        return NewsMessage(
            delivery_id=self._uuid(row),
            event_type=row.event_type,
            sequence=row.sequence,
            version=version,
            address=version.article.url or reading.address_of(version, self._push.mailing.base_url),
        )

    def _endpoint(self, row: Claimed) -> Endpoint:
        """The endpoint of *row*, its secrets opened; kept, since the next article goes to the same ones."""
        kept = self._endpoints.get(row.endpoint_id)
        if (
            kept is not None
            and kept[0] == (row.address, row.sealed_address, row.secret)
            and row.previous_secret is None
        ):
            return kept[1]
        keys = self._push.mailing.keys
        sealed = [row.secret]
        if row.previous_secret is not None and (row.previous_until or 0) > time.time() * SECOND:
            sealed.append(row.previous_secret)
        address = row.address if row.sealed_address is None else keys.open(row.sealed_address.encode()).decode()
        endpoint = Endpoint(
            id=row.endpoint_id,
            channel=row.channel,
            address=address or "",
            host=row.host,
            secrets=tuple(secret_bytes(keys.open(secret.encode()).decode()) for secret in sealed if secret is not None),
        )
        if len(self._endpoints) >= ENDPOINTS_KEPT:
            self._endpoints.clear()
        self._endpoints[row.endpoint_id] = (row.address, row.sealed_address, row.secret), endpoint
        return endpoint

    def _uuid(self, row: Claimed) -> str:
        return delivery_uuid(self._push.installation, row.id, row.created_at)


def _readable(db: Connection, numbers: Sequence[int]) -> dict[int, Version]:
    """Those versions of *numbers* that can be read."""
    found: dict[int, Version] = {}
    for number in numbers:
        with contextlib.suppress(KeyError, TypeError, ValueError):
            found |= reading.by_numbers(db, [number])
    return found


def _each_or_all(
    build: Callable[[Sequence[Claimed]], dict[int, Message]], rows: Sequence[Claimed]
) -> dict[int, Message | Exception]:
    """Build all at once; where that fails, one by one, so that a poisoned row falls alone."""
    try:
        return dict(build(rows))
    except (StoreBusy, StoreUnavailable):
        raise
    except Exception as error:
        if len(rows) == 1:
            return {rows[0].id: error}
    messages: dict[int, Message | Exception] = {}
    for row in rows:
        messages |= _each_or_all(build, [row])
    return messages
