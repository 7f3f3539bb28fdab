"""What one worker of the lane `push.robot` does for thousands of robots: how fast, and what it costs while all wait.

The platform is a process of its own that says `errcode` 0 to everything. Beside it a loop of `requests` posts the same
cards, as the scripts do that such groups are fed by.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import requests
from sqlalchemy import func, select, update

from bench.figures import Figure
from tests.builders import a_subscription, a_version, an_article
from tests.servers.receiver import Receiver
from zonewire.channels import wecom
from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import CardItem, CardMessage, CardSort, Endpoint
from zonewire.delivery.owing import owe_news
from zonewire.delivery.retries import RetryPolicy
from zonewire.delivery.states import Kind
from zonewire.keys import KeyRing
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.outbound.guard import Guard
from zonewire.push import Push, Pusher
from zonewire.store import SECOND, Store, migrate, now, open_store, upgrade
from zonewire.store.tables import deliveries, paces

KEYS = KeyRing(("a key of the benchmark that is long enough",))
TAKEN = b'{"errcode":0,"errmsg":"ok"}'
PATIENCE_S = 0.05
LOOK_S = 1.0

Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class RobotsSize:
    """How much is measured."""

    robots: int
    peer_sample: int  # cards that the loop of `requests` posts
    idle_s: float  # so long everybody waits


def measure_robots(folder: Path, size: RobotsSize, *, database_url: str, judged: bool, said: Said) -> list[Figure]:
    """Cards a second, beside the loop; and the share of a core while every robot is at its limit."""
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(database_url or f"sqlite:///{folder / 'robots.db'}")
    upgrade(store)
    with _a_platform() as base:
        said(f"robots: {size.robots}")
        endpoints = _robots(store, base, size.robots)
        pusher = _pusher(store)
        took_s = _served(store, pusher, endpoints)
        idle = _idle(store, pusher, endpoints, size.idle_s)
        pusher.close(grace_s=1)
        loop_s = _by_a_loop(base, size.peer_sample)
    store.close()
    rate, peer = size.robots / took_s, size.peer_sample / loop_s
    return [
        Figure(name="robots: cards by one worker", value=rate, unit="/s", at_least=1_500 if judged else None),
        Figure(name="robots: to a loop of requests", value=rate / peer, unit="x"),
        Figure(
            name="robots: core of the worker while all wait", value=100 * idle, unit="%", at_most=5 if judged else None
        ),
    ]


@contextmanager
def _a_platform() -> Iterator[str]:
    context = get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_answer_all, args=(theirs,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{ours.recv()}"
    process.terminate()
    process.join(5)


def _answer_all(pipe: Pipe) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(TAKEN)}\r\n\r\n".encode()
    with Receiver(default=lambda connection, _nth: connection.send(head + TAKEN)) as receiver:
        pipe.send(receiver.port)
        time.sleep(3_600)


def _robots(store: Store, base: str, n: int) -> list[int]:
    """So many robots, each subscribed to everything."""
    with store.writing() as db:
        wanted = [
            EndpointWanted(normalised("wecom", f"{base}/cgi-bin/webhook/send?key=robot-{i:08}")) for i in range(n)
        ]
        found = find_or_make_endpoints(db, wanted, keys=KEYS, now=now(db))
        ids = sorted(one.id for one in found.values())
        for ident in ids:
            a_subscription(db, endpoint_id=ident)
    return ids


def _pusher(store: Store) -> Pusher:
    with store.reading() as db:
        installation = migrate.installation_number(db)
    push = Push(
        lane="push.robot",
        worker="bench",
        installation=installation,
        policy=RetryPolicy((5,)),
        disable_after_s=432_000,
        mailing=Mailing("https://wire.example", "Zonewire <digest@wire.example>", KEYS),
    )
    return Pusher(store, HttpCourier(Guard(allow_private=True), timeout_s=15), push)


def _served(store: Store, pusher: Pusher, endpoints: list[int]) -> float:
    """Seconds until every robot has one article's card."""
    _owe(store, endpoints)
    began = time.perf_counter()
    while _open(store):
        pusher.turn()
        pusher.courier.wait(PATIENCE_S)
    return time.perf_counter() - began


def _idle(store: Store, pusher: Pusher, endpoints: list[int], for_s: float) -> float:
    """The share of a core that it takes to wait with a card for each robot, all of them at their limits."""
    with store.writing() as db:
        full = [now(db) - 11 * SECOND] * wecom.LIMITS.terms.rates[0].most if wecom.LIMITS.terms else []
        db.execute(update(paces).values(sent=str(full)))
    _owe(store, endpoints)
    while pusher.turn() is not None or pusher.is_busy:  # every one is looked at once, and put off
        pusher.courier.wait(PATIENCE_S)
    began, spent = time.perf_counter(), time.process_time()
    while time.perf_counter() - began < for_s:  # as the heart does
        pusher.turn()
        pusher.courier.wait(LOOK_S)
    return (time.process_time() - spent) / (time.perf_counter() - began)


def _owe(store: Store, endpoints: list[int]) -> None:
    with store.writing() as db:
        version = a_version(db, an_article())
        owe_news(db, endpoints, kind=Kind.NEWS, article_id=version.article_id, number=version.number, now=now(db))


def _open(store: Store) -> int:
    with store.reading() as db:
        left = select(func.count()).select_from(deliveries).where(deliveries.c.state != "delivered")
        return int(db.execute(left).scalar_one())


def _by_a_loop(base: str, n: int) -> float:
    """Seconds that *n* cards take by `requests.post`, as most scripts have it."""
    article = an_article()
    item = CardItem(article.title, article.url, summary=article.summary)
    card = CardMessage(CardSort.NEWS, "zh-CN", "门户", article.url, article.title, "", (item,), int(time.time()))
    began = time.perf_counter()
    for i in range(n):
        request = wecom.build(card, Endpoint(i, "wecom", f"{base}/cgi-bin/webhook/send?key=robot-{i:08}", "platform"))
        requests.post(request.url, data=request.body, headers={"content-type": "application/json"}, timeout=15)
    return time.perf_counter() - began
