"""Traces: how long each step of an article's way took, for a collector that somebody runs (docs/operators/tracing.md).

A span is told when what it tells of is over. Hints carry ids and no context, so where a step belongs is computed: the
trace of an article's version from the installation's number and the acceptance number, that of an edition from its id.
Whatever process is at it comes to the same trace. Without a tracer, `is_on` is false and nothing is computed.
"""

import hashlib
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, Protocol

MOST_LINKS = 20
"""Of what a batch carried, so many are linked to."""

Value = str | int | float | bool | Sequence[str]


class Place(NamedTuple):
    """Where a span stands: its trace (128 bits) and itself (64 bits)."""

    trace: int
    span: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that is over. Moments are nanoseconds since 1970."""

    name: str
    begun: int
    ended: int
    place: Place
    parent: Place | None  # None: the first of its trace
    links: tuple[Place, ...]
    attributes: Mapping[str, Value]
    error: str
    is_served: bool  # somebody outside asked for it


class Tracer(Protocol):
    """Whoever takes spans, from any thread."""

    @property
    def installation(self) -> int:
        """Whose articles these are."""

    def take(self, span: Span) -> None:
        """Keep *span*, or drop it where its trace is not sampled; never waits and never raises."""

    def close(self) -> None:
        """Let go of what was kept, within some seconds."""


_tracer: Tracer | None = None
_current: ContextVar[Place | None] = ContextVar("zonewire_span", default=None)


def install(tracer: Tracer | None) -> None:
    """Let *tracer* take the spans of this process; None ends that."""
    global _tracer  # noqa: PLW0603 - one a process, as the log is
    _tracer = tracer


def close() -> None:
    """End what `install` began."""
    tracer = _tracer
    install(None)
    if tracer is not None:
        tracer.close()


def is_on() -> bool:
    """Whether anybody wants spans."""
    return _tracer is not None


def of_article(number: int) -> Place:
    """The first span of the trace that the version with this acceptance number has: its acceptance."""
    return _derived("article", number)


def of_edition(edition_id: int) -> Place:
    """The same of an edition: its being cut."""
    return _derived("edition", edition_id)


def _derived(kind: str, key: int) -> Place:
    assert _tracer is not None  # noqa: S101 - nobody asks without having asked is_on
    seed = f"{kind} {key} of {_tracer.installation}".encode()
    digest = hashlib.blake2b(seed, digest_size=24, person=b"zonewire-traces").digest()
    return Place(int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:]) or 1)


def new(parent: Place | None = None) -> Place:
    """A place below *parent*, or of a trace of its own."""
    span = random.getrandbits(64) or 1
    return Place(random.getrandbits(128) or 1, span) if parent is None else Place(parent.trace, span)


def current() -> Place | None:
    """What this thread, or this request, is at."""
    return _current.get()


@contextmanager
def within(place: Place) -> Iterator[None]:
    """What is told inside stands below *place*, unless it says otherwise."""
    token = _current.set(place)
    try:
        yield
    finally:
        _current.reset(token)


def moment() -> int:
    """Now, as spans have it."""
    return time.time_ns()


def tell(
    name: str,
    begun: int,
    attributes: Mapping[str, Value | None],
    *,
    place: Place | None = None,
    parent: Place | None = None,
    links: Iterable[Place | None] = (),
    error: str = "",
    is_served: bool = False,
) -> Place:
    """Tell of what began at *begun* and is over now; where it stands.

    Without *place* it stands below *parent*, or else below what is current.
    """
    if place is None:
        parent = parent or current()
        place = new(parent)
    if _tracer is not None:
        span = Span(
            name=name,
            begun=begun,
            ended=moment(),
            place=place,
            parent=parent,
            links=tuple(link for link in links if link is not None),
            attributes={f"zonewire.{key}": value for key, value in attributes.items() if value is not None},
            error=error,
            is_served=is_served,
        )
        _tracer.take(span)
    return place
