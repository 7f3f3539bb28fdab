"""Importing: many subscriptions from JSON lines, in chunks that leave the database free in between.

A line is read and checked outside of any transaction; a chunk of good ones is written in one. Bad lines are told by
number and left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import orjson
from sqlalchemy import Connection

from zonewire.delivery.endpoints import CHANNELS_WITH_SECRET, shown_id
from zonewire.errors import ZonewireError
from zonewire.filters import Filter
from zonewire.keys import KeyRing
from zonewire.outbound.guard import Guard
from zonewire.subscriptions.request import SubscriptionRequest
from zonewire.subscriptions.subscribing import take_in
from zonewire.subscriptions.validate import NOTHING, read_options

CHUNK_LINES = 1_000
LINE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, and why."""

    number: int  # from 1
    detail: str


@dataclass(slots=True)
class Chunk:
    """Some lines of a file, read and checked; nothing written yet."""

    lines: list[tuple[int, SubscriptionRequest]] = field(default_factory=list)  # with their numbers
    bad: list[BadLine] = field(default_factory=list)
    bytes_read: int = 0


@dataclass(frozen=True, slots=True)
class MadeSecret:
    """The secret of an endpoint that is new: shown once."""

    endpoint: str
    to: str
    secret: str  # whsec_…


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a chunk."""

    added: int
    known: int  # there already; they stay as they are
    bad: list[BadLine]
    secrets: list[MadeSecret]  # of the webhook endpoints that this chunk made


def read_chunks(
    file: BinaryIO, *, guard: Guard, unset: Mapping[str, str] = NOTHING, only: Mapping[str, str] = NOTHING
) -> Iterator[Chunk]:
    """The lines of *file*, CHUNK_LINES at a time. Names are not looked up: the guard sees them at connection.

    *unset* and *only* as in `validate.read_options`.
    """
    chunk = Chunk()
    for number, line in enumerate(_lines(file), 1):
        chunk.bytes_read += len(line)
        if line.strip():
            try:
                chunk.lines.append((number, _request(line, guard, unset, only)))
            except ZonewireError as error:
                chunk.bad.append(BadLine(number, _in_one_line(error)))
        if number % CHUNK_LINES == 0:
            yield chunk
            chunk = Chunk()
    yield chunk


def import_chunk(
    db: Connection, chunk: Chunk, *, keys: KeyRing, now: int, filter_ids: dict[Filter, int] | None = None
) -> Imported:
    """Write the good lines of *chunk*; what is there already stays as it is.

    *filter_ids*, one dict for all chunks of a file, spares looking the same filters up again and again.
    """
    taken = take_in(db, [request for _, request in chunk.lines], keys=keys, now=now, filter_ids=filter_ids)
    bad = list(chunk.bad)
    secrets: dict[int, MadeSecret] = {}
    for (number, _), one in zip(chunk.lines, taken.placed, strict=True):
        if one.refusal is not None:
            bad.append(BadLine(number, _in_one_line(one.refusal)))
        elif one.endpoint.secret is not None and one.request.channel in CHANNELS_WITH_SECRET:
            made = MadeSecret(shown_id(one.endpoint.id), one.request.address.shown, one.endpoint.secret)
            secrets.setdefault(one.endpoint.id, made)
    good = len(chunk.lines) + len(chunk.bad) - len(bad)
    bad.sort(key=lambda line: line.number)
    return Imported(len(taken.new), good - len(taken.new), bad, list(secrets.values()))


def _in_one_line(error: ZonewireError) -> str:
    """What was wrong, and in brackets what to do."""
    what, *mend = str(error).split("\n")
    return f"{what} ({' '.join(mend)})" if mend else what


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines, none longer than LINE_BYTES and one; the rest of a longer one is passed over."""
    while line := file.readline(LINE_BYTES + 1):
        tail = line
        while len(tail) > LINE_BYTES and not tail.endswith(b"\n"):
            tail = file.readline(LINE_BYTES + 1)
        yield line


def _request(line: bytes, guard: Guard, unset: Mapping[str, str], only: Mapping[str, str]) -> SubscriptionRequest:
    return read_options(_object(line), check_url=guard.check_literal, unset=unset, only=only)


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > LINE_BYTES:
        raise ZonewireError(f"longer than {LINE_BYTES // 1024} KiB")
    try:
        options = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as cause:
        raise ZonewireError(f"is no JSON: {cause}") from None
    if not isinstance(options, dict):
        raise ZonewireError("is no JSON object")
    return options
