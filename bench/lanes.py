"""What the lanes `digests` and `push.email` do of a morning's digests, each in a process of its own that is watched.

Mails go as far as the relay. A carrier that only takes them stands in its place, so that claiming, composing, filling
and settling are measured, and no network.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import func, select

from tests.e2e.processes import pss_kib
from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.delivery.retries import RetryPolicy
from zonewire.digests import cut_due, digest_messages
from zonewire.keys import KeyRing
from zonewire.outbound.courier import MailRequest, Reply
from zonewire.outbound.couriers.mail import MailCourier
from zonewire.push import Push, Pusher
from zonewire.rendering.portal import Portal
from zonewire.store import Store, migrate, open_store
from zonewire.store import now as clock
from zonewire.store.tables import deliveries

LANE = "push.email"
KEYS = KeyRing(("a key of the benchmark that is long enough",))
READER = {"to": "reader@mail.example"}
EDITIONS_AT_ONCE = 50
FILLS = 40  # of each letter
DISABLE_AFTER_S = 432_000
LOOKED_EVERY_S = 0.1
PATIENCE_S = 0.05

# One delivery of each edition that is owed.
ONE_OF_EACH = (
    select(
        deliveries.c.edition_id,
        func.min(deliveries.c.id).label("id"),
        func.min(deliveries.c.subscription_id).label("subscription_id"),
    )
    .where(deliveries.c.lane == LANE, deliveries.c.ready == 1, deliveries.c.edition_id.is_not(None))
    .group_by(deliveries.c.edition_id)
)


@dataclass(slots=True)
class Work:
    """What a lane did."""

    done: int = 0  # deliveries made, editions composed, mails carried
    editions: int = 0
    took_s: float = 0.0
    filled_per_s: float = 0.0
    memory_kib: list[int] = field(default_factory=list)  # PSS of its process, while it did it

    @property
    def grew_mib(self) -> float:
        """How far its memory rose, behind the first quarter of its time, above the highest of that quarter."""
        quarter = len(self.memory_kib) // 4 + 1
        return max(0, max(self.memory_kib) - max(self.memory_kib[:quarter])) / 1024


def mailing() -> Mailing:
    """That of a process which has composed nothing yet."""
    return Mailing("https://bench.example", "投促网 <digest@bench.example>", KEYS, portal=Portal(name="投促网"))


def hush() -> None:
    """Let what the product logs be heard only where something is wrong."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def cut(url: str, at: int) -> Work:
    """Cut what is due at the moment *at*."""
    work = Work()
    with _opened(url) as store, _watched(work):
        made = cut_due(store, at=at)
    work.done, work.editions = made.deliveries, made.editions
    return work


def compose(url: str) -> Work:
    """Render and compose each edition that is owed, once; then fill some of the letters again and again."""
    work, messages = Work(), list[LetterMessage]()
    with _opened(url) as store:
        with _watched(work):
            for messages in _composed(store):
                work.done += len(messages)
        work.filled_per_s = _fills_per_s(messages)
    return work


def push(url: str) -> Work:
    """Carry every mail that is due to the relay's door, and settle it."""
    work, courier = Work(), MailCourier(_Door)
    with _opened(url) as store:
        pusher = _pusher(store, courier)
        with _watched(work):
            while (tally := pusher.turn()) or pusher.is_busy:
                work.done += tally.delivered if tally else 0
                courier.wait(PATIENCE_S)
        pusher.close(grace_s=1)
    return work


class _Door:
    """Takes a mail and says that it will be delivered."""

    def carry(self, request: MailRequest, content: bytes) -> Reply:
        """The relay's answer."""
        del request, content
        return Reply(status=250)

    def rest(self) -> None:
        """It holds no connection."""


def _composed(store: Store) -> Iterator[list[LetterMessage]]:
    """The mails of one reader of each edition, as the worker of the lane builds them."""
    post = mailing()
    with store.reading() as db:
        rows, now = db.execute(ONE_OF_EACH).all(), clock(db)
    owed = [
        OwedLetter(id=r.id, delivery_id="1", subscription_id=r.subscription_id, edition_id=r.edition_id) for r in rows
    ]
    for begin in range(0, len(owed), EDITIONS_AT_ONCE):
        with store.reading() as db:
            made = digest_messages(db, owed[begin : begin + EDITIONS_AT_ONCE], mailing=post, now=now)
        yield list(made.values())


def _fills_per_s(messages: Sequence[LetterMessage]) -> float:
    began = time.perf_counter()
    for _ in range(FILLS):
        for message in messages:
            message.letter.personal({**message.slots, **READER})
    return FILLS * len(messages) / (time.perf_counter() - began)


def _pusher(store: Store, courier: MailCourier) -> Pusher:
    with store.reading() as db:
        installation = migrate.installation_number(db)
    policy = RetryPolicy((5, 300))
    return Pusher(
        store,
        courier,
        Push(
            lane=LANE,
            worker="bench",
            installation=installation,
            policy=policy,
            disable_after_s=DISABLE_AFTER_S,
            mailing=mailing(),
        ),
    )


@contextlib.contextmanager
def _opened(url: str) -> Iterator[Store]:
    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def _watched(work: Work) -> Iterator[None]:
    """Note in *work* how long the block takes, and what memory this process holds meanwhile."""
    ended, began = threading.Event(), time.perf_counter()

    def look() -> None:
        while not ended.wait(LOOKED_EVERY_S):
            work.memory_kib.append(pss_kib(os.getpid()))

    work.memory_kib.append(pss_kib(os.getpid()))
    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        work.took_s = time.perf_counter() - began
        ended.set()
        watcher.join()
