"""Who polls, and who polls too often: counted by client in this process, and written down every few seconds.

A client that nobody stands before on this machine is ours, and never refused; else the address that the nearest proxy
names, or for a private feed the subscription whose it is. What a count of some seconds loses when a process is killed
is not missed: it is there to be looked at.
"""

import re
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network

import structlog
from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from web.face import face_of
from web.problems import problem, status_of
from zonewire.delivery import tallies
from zonewire.errors import ZonewireError
from zonewire.feeds import Format, Polls, write_down
from zonewire.store import Store, now

log = structlog.get_logger()

A_MINUTE = 120
"""More requests than this for one document, from one client in a minute, are refused."""
MINUTE_S = 60.0
WRITE_EVERY_S = 5.0
KEPT = 10_000
"""Clients and documents that are remembered; of more the longest unseen are forgotten."""
SOFTWARE_CHARS = 80
MOST_SOFTWARE = 20
FORMATS = frozenset(form.value for form in Format)
THIS_MACHINE, UNKNOWN = "this machine", "unknown"
"""What stands for the address of a reader that has none, or none that can be read."""
OTHERS = "others"
"""What stands for the software of a client that gives more names than MOST_SOFTWARE, and of what is refused."""

_SUBSCRIBERS = re.compile(r"(\d{1,9}) (?:subscriber|reader|user)s?\b", re.IGNORECASE)


class Polling:
    """The counts of one web process. Lives in its event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minutes: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()  # since when, how many
        self._polls: dict[tuple[str, str], Polls] = {}
        self._answers: Counter[tuple[str, int]] = Counter()  # by format and status
        self._software: dict[str, set[str]] = {}  # names that each client has given lately
        self._written_at = clock()

    def must_wait_s(self, client: str, document: str) -> int:
        """Count a request; how many seconds *client* has to wait before its next one for *document*, 0 for none."""
        moment, key = self._clock(), (client, document)
        since, n = self._minutes.pop(key, (moment, 0))
        if moment - since >= MINUTE_S:
            since, n = moment, 0
        self._minutes[key] = since, n + 1
        while len(self._minutes) > KEPT:
            self._minutes.popitem(last=False)
        return max(1, round(since + MINUTE_S - moment)) if n >= A_MINUTE else 0

    def note(self, request: Request, client: str, status: int) -> None:
        """Remember how a poll was answered."""
        agent = " ".join(request.headers.get("user-agent", "").split())
        key = client, agent[:SOFTWARE_CHARS]
        if key not in self._polls:
            names = self._software.setdefault(client, set())
            if status == HTTPStatus.TOO_MANY_REQUESTS or len(names) >= MOST_SOFTWARE:
                key = client, OTHERS  # names can be invented, and each would be a row
            else:
                names.add(key[1])
            if len(self._polls) >= KEPT and key not in self._polls:
                return
        one = self._polls.setdefault(key, Polls(*key))
        one.polls += 1
        one.unchanged += status == HTTPStatus.NOT_MODIFIED
        one.deltas += status == HTTPStatus.IM_USED
        one.refused += status == HTTPStatus.TOO_MANY_REQUESTS
        if match := _SUBSCRIBERS.search(agent):
            one.subscribers = max(one.subscribers, min(int(match[1]), 2**31 - 1))

    def answered(self, request: Request, status: int) -> None:
        """Count an answer: of any client, errors too."""
        form: str = request.scope["path"].rpartition(".")[2]
        self._answers[form if form in FORMATS else "other", int(status)] += 1

    def is_time_to_write(self) -> bool:
        """Whether something waits to be written down, and the last time was long enough ago."""
        return bool(self._answers) and self._clock() - self._written_at >= WRITE_EVERY_S

    def taken(self) -> tuple[list[Polls], Counter[tuple[str, int]]]:
        """What waits, polls and answers; it is the caller's to write down."""
        polls, self._polls = list(self._polls.values()), {}
        answers, self._answers = self._answers, Counter()
        if len(self._software) > KEPT:
            self._software = {}
        self._written_at = self._clock()
        return polls, answers


async def counted(
    request: Request, document: str, answer: Callable[[], Awaitable[Response]], *, reader: str = ""
) -> Response:
    """*answer*, unless its client asks for *document* far too often; counted either way, but not what is an error.

    A *reader* who is known without an address (by a token) is counted by that name, wherever it asks from.
    """
    polling, client = _polling_of(request), client_of(request)
    name = reader or client or THIS_MACHINE
    if client and (wait_s := polling.must_wait_s(name, document)):
        polling.note(request, name, HTTPStatus.TOO_MANY_REQUESTS)
        polling.answered(request, HTTPStatus.TOO_MANY_REQUESTS)
        detail = f"more than {A_MINUTE} requests for this document within a minute: it changes less often than that"
        return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(wait_s)})
    try:
        response = await answer()
    except ZonewireError as error:
        polling.answered(request, status_of(error))
        raise
    polling.answered(request, response.status_code)
    if response.status_code < HTTPStatus.BAD_REQUEST:
        polling.note(request, name, response.status_code)
    if polling.is_time_to_write():
        response.background = BackgroundTask(write, face_of(request).store, *polling.taken())  # nobody waits for it
    return response


def _polling_of(request: Request) -> Polling:
    state = request.app.state
    if not hasattr(state, "polling"):
        state.polling = Polling()
    polling: Polling = state.polling
    return polling


async def flush(request: Request) -> None:
    """Write down at once what waits: for whoever is about to read it."""
    polls, answers = _polling_of(request).taken()
    if answers:
        await run_in_threadpool(write, face_of(request).store, polls, answers)


def write(store: Store, some: list[Polls], answers: Mapping[tuple[str, int], int]) -> None:
    """Write *some* and *answers* down; where the database takes nothing now, they are not worth anybody's waiting."""
    try:
        with store.settling() as db:
            moment = now(db)
            write_down(db, some, now=moment)
            tallies.add(db, _tallied(answers), now=moment)
    except Exception as error:
        log.warning("readers.uncounted", polls=sum(one.polls for one in some), error=str(error).splitlines()[0])


def _tallied(answers: Mapping[tuple[str, int], int]) -> Counter[tuple[str, str]]:
    return Counter({(tallies.FEED_REQUESTS, f"{form} {status}"): n for (form, status), n in answers.items()})


def client_of(request: Request) -> str:
    """Who asks: the peer, or whom the proxy on this machine or in this network names last; "" for ourselves."""
    peer = request.client.host if request.client else ""
    named = ",".join(request.headers.getlist("x-forwarded-for")).rpartition(",")[2].strip()
    if _is_near(peer) and named:
        return _address(named) or UNKNOWN
    return "" if _is_loopback(peer) else _address(peer) or UNKNOWN


def is_secure(request: Request) -> bool:
    """Whether the client came by https, as the proxy before us says; where that is silent, it is taken for granted."""
    peer = request.client.host if request.client else ""
    named = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return named != "http" if _is_near(peer) else request.url.scheme == "https"


def came_encrypted(request: Request) -> bool:
    """Whether the client surely came by https: to us, or to the proxy before us, which says so."""
    peer = request.client.host if request.client else ""
    named = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return request.url.scheme == "https" or (_is_near(peer) and named == "https")


def _address(text: str) -> str:
    """The address in *text*, which may have a port; of IPv6 the network of 64 bits, which one client has whole."""
    for candidate in (text, text.rpartition(":")[0]):
        try:
            address = ip_address(candidate.strip("[]"))
        except ValueError:
            continue
        if isinstance(address, IPv6Address):
            # A socket for both families names a client of IPv4 so: all of them would else be one network.
            address = address.ipv4_mapped or address
        return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))
    return ""


@lru_cache(maxsize=256)  # an address is read a thousand times by whoever polls through one proxy
def _is_near(peer: str) -> bool:
    try:
        return ip_address(peer).is_private or ip_address(peer).is_loopback
    except ValueError:
        return True  # a socket of this machine


@lru_cache(maxsize=256)
def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback
    except ValueError:
        return True
