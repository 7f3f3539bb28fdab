"""One feed document of fifty entries, asked for again and again: answers a second of a server that has one core.

The web face is a process of its own, started as an installation of several parts starts it (`zonewire web`). It is
pinned to one core and whoever asks to another, so that the asking takes nothing from the answering; nginx is asked in
turn with it. Where others use that core too, the CPU that an answer costs its server says more than the rate. Last, a
face in this process is asked while the statements to its database are counted.
"""

import contextlib
import gzip
import os
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy import Engine, event

from bench.figures import Figure
from bench.newsroom import a_news_article
from bench.peers import nginx
from bench.polls import CONNECTIONS, Polled, ask, poll, request
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.web.faces import a_web_face
from web.public.shelf import FRESH_S

ENTRIES = 50
ZONE = "轮询产业园"
READER = {"Accept_Encoding": "gzip, deflate", "User_Agent": "bench/1 (16 subscribers)"}
BOUNDS = {("Zonewire", 200): 3_000, ("Zonewire", 304): 6_000}  # answers a second
BUSY = 0.9
"""An asker that takes more of its core than this is measured itself."""
WARM_S = 0.2
STARTS_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class ServingSize:
    """How long is asked."""

    seconds: float  # for each figure of a round
    rounds: int


@dataclass(frozen=True, slots=True)
class _Server:
    """A server with its document: what to ask for all of it, and for nothing but whether it has changed."""

    process: int
    port: int
    whole: bytes
    unchanged: bytes

    @classmethod
    def of(cls, process: int, port: int, path: str) -> "_Server":
        whole = request(port, path, **READER)
        tag = ask(port, whole).headers["etag"]
        return cls(process, port, whole, request(port, path, **READER, If_None_Match=tag))


@dataclass(frozen=True, slots=True)
class _Round:
    """What one server did with one question for some seconds."""

    polled: Polled
    cpu_us: float  # of the server, for each answer


def measure_serving(
    installation: Installation, size: ServingSize, *, judged: bool, said: Callable[[str], None]
) -> list[Figure]:
    """All figures of serving."""
    path = _published(installation)
    cores = sorted(os.sched_getaffinity(0))
    with _web(installation) as (port, process), tempfile.TemporaryDirectory(prefix="zw-bench-nginx-") as folder:
        ours = _Server.of(process, port, path)
        body = ask(port, ours.whole).body
        _pin(process, cores[-1])
        with _nginx(Path(folder), body, cores[-1], said) as peer, _pinned(cores[0]):
            rounds = _rounds({"Zonewire": ours} | ({"nginx": peer} if peer else {}), size, said)
    statements = _statements_per_s(installation, path, size.seconds)
    return _figures(rounds, statements, len(body), judged=judged and len(cores) > 1)


def _published(installation: Installation) -> str:
    """Publish a feed of fifty entries; the path of its document."""
    chance = random.Random(0)
    installation.publish([a_news_article(chance, zone=ZONE) for _ in range(ENTRIES)])
    json = f"/feeds/zone/{ZONE}.json"

    def is_whole() -> bool:
        answer = installation.get(json)
        return answer.ok and len(answer.json()["items"]) == ENTRIES

    eventually(is_whole, within_s=STARTS_WITHIN_S, what="the feed is whole")
    return urlsplit(installation.get(json).url).path.replace(".json", ".rss")


@contextlib.contextmanager
def _web(installation: Installation) -> Iterator[tuple[int, int]]:
    """Another web face of *installation*: its port and process."""
    port = free_port()
    process = installation.start("web", "--port", str(port))
    try:
        eventually(lambda: _answers(port), within_s=STARTS_WITHIN_S, what="a web face")
        yield port, process.pid
    finally:
        installation.forget(process)
        process.terminate()
        process.wait(STARTS_WITHIN_S)


def _answers(port: int) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    return False


@contextlib.contextmanager
def _nginx(folder: Path, body: bytes, core: int, said: Callable[[str], None]) -> Iterator[_Server | None]:
    """The peer with the same document, pinned to *core*; None where it is not installed."""
    program = nginx.found()
    if program is None:
        said("serving: nginx is not installed (Debian: nginx-light), so nothing is measured beside it")
        yield None
        return
    with nginx.running_nginx(program, folder, gzipped=body, plain=gzip.decompress(body)) as (port, process):
        _pin(process, core)
        yield _Server.of(process, port, "/document.rss")


def _pin(process: int, core: int) -> None:
    """Keep every thread of *process*, and what they start, on *core*."""
    for thread in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


@contextlib.contextmanager
def _pinned(core: int) -> Iterator[None]:
    """This process on *core*, for as long as the block lasts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _rounds(
    servers: dict[str, _Server], size: ServingSize, said: Callable[[str], None]
) -> dict[tuple[str, int], list[_Round]]:
    """By server and status, round by round."""
    rounds: dict[tuple[str, int], list[_Round]] = {}
    for n in range(size.rounds):
        told = []
        for name, server in servers.items():
            for status, asked in ((200, server.whole), (304, server.unchanged)):
                one = _round(server, asked, size.seconds)
                rounds.setdefault((name, status), []).append(one)
                told.append(f"{name} {status} {one.polled.rate:,.0f}/s (asking {one.polled.busy:.0%} of a core)")
        said(f"serving: round {n + 1}: " + ", ".join(told))
    if any(one.polled.busy > BUSY for (name, _), some in rounds.items() if name == "Zonewire" for one in some):
        said("serving: whoever asks was the slower of the two; these are figures of the bench")
    return rounds


def _round(server: _Server, asked: bytes, seconds: float) -> _Round:
    poll(server.port, asked, seconds=min(WARM_S, seconds))
    before = _cpu_s(server.process)
    polled = poll(server.port, asked, seconds=seconds)
    return _Round(polled, (_cpu_s(server.process) - before) / polled.answers * 1_000_000)


def _cpu_s(process: int) -> float:
    """Seconds of CPU that *process* has taken, its own and the kernel's for it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _statements_per_s(installation: Installation, path: str, seconds: float) -> float:
    """Questions to the database a second, while one document is asked for without a pause."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    with installation.store() as store, a_web_face(store, installation.data_dir) as url:
        port = int(url.rpartition(":")[2])
        asked = request(port, path, **READER)
        ask(port, asked)
        event.listen(Engine, "before_cursor_execute", note)
        try:
            polled = poll(port, asked, seconds=seconds)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    return len(seen) / (polled.took_s + FRESH_S)  # one at each end of what was measured


def _figures(
    rounds: dict[tuple[str, int], list[_Round]], statements: float, body_bytes: int, *, judged: bool
) -> list[Figure]:
    what = f"{ENTRIES} entries, {body_bytes / 1000:.0f} kB of gzip, {CONNECTIONS} connections, one core"
    names = {"Zonewire": f"answers, {what}", "nginx": "peer: nginx, one process, the same file"}
    found = []
    for (server, status), some in rounds.items():
        bound = BOUNDS.get((server, status)) if judged else None
        rates = [one.polled.rate for one in some]
        found.append(_median(f"{names[server]}: {status}", rates, "/s", at_least=bound))
        cpu = [one.cpu_us for one in some]
        most = 1_000_000 / bound if bound else None
        found.append(_median(f"CPU of {server} for one of them", cpu, "us", at_most=most))
    for status in (200, 304):
        if peer := rounds.get(("nginx", status)):
            pairs = zip(rounds["Zonewire", status], peer, strict=True)
            # By CPU: nginx is faster than whoever asks, so its rate is not its own.
            found.append(_median(f"Zonewire to nginx by CPU, {status}", [b.cpu_us / a.cpu_us for a, b in pairs], "x"))
    most = 1 / FRESH_S
    return [*found, Figure(name="questions to the database meanwhile", value=statements, unit="/s", at_most=most)]


def _median(
    name: str, some: list[float], unit: str, *, at_least: float | None = None, at_most: float | None = None
) -> Figure:
    samples = tuple(round(one, 3) for one in some)
    return Figure(
        name=name, value=statistics.median(some), unit=unit, at_least=at_least, at_most=at_most, samples=samples
    )
