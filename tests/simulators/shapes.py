"""What a platform demands of each field of a message, said as checks that yield complaints.

A check takes a value and the path to it, and yields nothing where all is well. `fields` refuses what it does not know:
a misspelt name (`messageUrl` for `messageURL`) is an error here, even where the platform would drop it in silence.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Check = Callable[[Any, str], Iterator[str]]

_NONE: Mapping[str, Check] = {}


def complaint(check: Check, value: Any, path: str = "body") -> str | None:
    """The first thing that *check* has against *value*."""
    return next(check(value, path), None)


def words(*, least: int = 1, most: int | None = None) -> Check:
    """Text of *least* to *most* characters."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{path} is no text"
        elif len(value.strip()) < least:
            yield f"{path} is empty"
        elif most is not None and len(value) > most:
            yield f"{path} has {len(value)} characters of {most}"

    return check


def address(*schemes: str, most: int | None = None) -> Check:
    """An absolute address of one of *schemes*, http and https where none is named, of at most *most* characters."""
    form = re.compile(rf"(?:{'|'.join(schemes or ('https?',))})://[^\s/]+\S*", re.IGNORECASE)

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str) or not form.fullmatch(value):
            yield f"{path} is no address: {value!r}"
        elif most is not None and len(value) > most:
            yield f"{path} has {len(value)} characters of {most}"

    return check


def one_of(*values: Any) -> Check:
    """One of *values*, of the same type: "0" is not 0, and True is not 1."""

    def check(value: Any, path: str) -> Iterator[str]:
        if not any(type(value) is type(known) and value == known for known in values):
            yield f"{path} is {value!r}, not one of {values}"

    return check


def number(low: float, high: float) -> Check:
    """A number from *low* to *high*."""

    def check(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            yield f"{path} is {value!r}, no number from {low} to {high}"

    return check


def truth(value: Any, path: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield f"{path} is {value!r}, neither true nor false"


def anything(_value: Any, _path: str) -> Iterator[str]:
    """Whatever."""
    yield from ()


def listed(check: Check, *, least: int = 0, most: int | None = None) -> Check:
    """A list of *least* to *most* items, each of which passes *check*."""

    def check_list(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path} is no list"
            return
        if len(value) < least or (most is not None and len(value) > most):
            yield f"{path} has {len(value)} items, not {least} to {most}"
        for place, item in enumerate(value):
            yield from check(item, f"{path}[{place}]")

    return check_list


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] = _NONE) -> Check:
    """An object with all of *required*, perhaps some of *optional*, and nothing else."""
    known = {**required, **optional}

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path} is no object"
            return
        yield from (f"{path}.{name} is missing" for name in required if name not in value)
        for name, part in value.items():
            if name in known:
                yield from known[name](part, f"{path}.{name}")
            else:
                yield f"{path}.{name} is unknown"

    return check


def tagged(name: str, kinds: Mapping[str, Check]) -> Check:
    """An object whose field *name* says which of *kinds* it must pass."""

    def check(value: Any, path: str) -> Iterator[str]:
        kind = value.get(name) if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            yield f"{path}.{name} is {kind!r}, not one of {sorted(kinds)}"
            return
        yield from kinds[kind](value, path)

    return check


def both(*checks: Check) -> Check:
    """All of *checks*, in turn."""

    def check(value: Any, path: str) -> Iterator[str]:
        for each in checks:
            yield from each(value, path)

    return check


def nodes(value: Any) -> Iterator[Json]:
    """Every object within *value*, from the outside in, in reading order."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from nodes(part)
    elif isinstance(value, list):
        for part in value:
            yield from nodes(part)


def texts(value: Any) -> Iterator[str]:
    """Every text within *value*: what a platform looks for a keyword in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)
