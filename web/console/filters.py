"""The filter above the list of deliveries: read from a query, written into one, with what is wrong beside its field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection

from web.console.visitor import Visitor
from web.numbers import number_in
from zonewire.articles import newest
from zonewire.delivery.channel_names import BUILT
from zonewire.delivery.endpoints import existing_key
from zonewire.delivery.searching import HELD, Search, Tried, host_key
from zonewire.delivery.states import Kind, State
from zonewire.errors import NotFound
from zonewire.intake.moments import read_moment
from zonewire.operators import Role

STATES = (State.PENDING, State.SENDING, State.RETRYING, HELD, State.DEAD, State.DELIVERED, State.CANCELLED)
FIELDS = ("state", "channel", "kind", "endpoint", "article", "edition", "host", "error", "tried", "since", "until")
ERROR_CHARS = 200
CHOICES: Mapping[str, tuple[str, ...]] = {
    "state": STATES,
    "channel": BUILT,
    "kind": tuple(Kind),
    "tried": tuple(Tried),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What was asked for, as it was written, and as it is searched for."""

    written: dict[str, str]
    search: Search
    wrong: dict[str, str] = field(default_factory=dict)  # field: a key of `console.filter`

    def query(self, **over: str) -> str:
        """It as a query, with some of it changed; "" takes a field out."""
        return urlencode({name: value for name, value in (self.written | over).items() if value})


def read_filter(db: Connection, query: Mapping[str, str], visitor: Visitor) -> Filter:
    """The filter in *query*. What cannot be meant is left out, and said.

    Who sees addresses masked searches no errors that name one: it could be guessed letter by letter.
    """
    written = {name: query.get(name, "").strip()[:ERROR_CHARS] for name in FIELDS}
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, given in written.items():
        if given:
            try:
                values |= _value(db, name, given)
            except (NotFound, ValueError):
                wrong[name] = f"wrong_{name}"
    if "error" in values and not visitor.may(Role.OPERATE):
        values["open_error"] = values.pop("error")
    return Filter(written, Search(**values), wrong)


def _value(db: Connection, name: str, given: str) -> dict[str, Any]:
    """One field of the search. Raises NotFound, ValueError."""
    if name in CHOICES:
        if given not in CHOICES[name]:
            raise ValueError(given)
        return {name: given}
    found: Any = given
    match name:
        case "endpoint":
            name, found = "endpoint_id", existing_key(db, given)
        case "article":
            version = newest(db, given)
            if version is None:
                raise ValueError(given)
            name, found = "article_id", version.article_id
        case "edition":
            name, found = "edition_id", number_in(given.removeprefix("d"))
            if found is None:
                raise ValueError(given)
        case "host":
            name, found = "host_id", host_key(db, given.lstrip("@").lower())
        case "since" | "until":
            found = read_moment(given)
    return {name: found}
