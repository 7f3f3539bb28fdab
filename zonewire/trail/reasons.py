"""Why a receiver has not had an article, in a sentence for an operator, in the operator's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zonewire.articles import Version
from zonewire.articles.model import Article, rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.states import State
from zonewire.filters import WANTED, folding, parse_written
from zonewire.rendering.translation import Words, words
from zonewire.subscriptions import shown_id as shown_subscription


@dataclass(frozen=True, slots=True)
class Telling:
    """How reasons are told: in whose words, and how moments are written."""

    t: Words
    when: Callable[[int], str] = rfc3339

    def __call__(self, key: str, /, **values: Any) -> str:
        """The sentence `why.KEY`; of a table that goes by number *n* chooses."""
        return self.t(f"why.{key}", **values)

    def known(self, reason: str | None) -> str:
        """A reason that the ledger keeps, in these words where it is one of ours, else as it stands."""
        key = f"why.known.{reason}"
        return self.t(key) if key in self.t.sentences else reason or ""

    def lastly(self, error: str, *, key: str = "lastly") -> str:
        """What was said last, to stand behind a reason."""
        return self(key, error=error) if error else ""


IN_ENGLISH = Telling(words("en"))


def of_delivery(row: Any, last_error: str, *, now: int, tell: Telling) -> str:
    """Why the delivery *row* has not arrived; "" where it has."""
    match State(row.state):
        case State.DELIVERED:
            why = ""
        case State.SENDING:
            why = tell("sending")
        case State.DEAD:
            why = tell("dead", reason=tell.known(row.reason or "given up"), lastly=tell.lastly(last_error))
        case State.CANCELLED:
            why = tell("cancelled", reason=tell.known(row.reason or "by an operator"))
        case _:
            why = _held(row, tell) if row.due_at is None else _owed(row, last_error, now, tell)
    return why


def _held(row: Any, tell: Telling) -> str:
    endpoint = shown_id(row.endpoint_id)
    if row.endpoint_state != "disabled":
        return tell("held_behind", endpoint=endpoint)
    if row.why_disabled:
        return tell("held_because", endpoint=endpoint, reason=tell.known(row.why_disabled))
    return tell("held", endpoint=endpoint)


def _owed(row: Any, last_error: str, now: int, tell: Telling) -> str:
    if row.state == State.PENDING:
        return tell("waits") if row.due_at <= now else tell("due", when=tell.when(row.due_at))
    tries = row.attempts + row.waits
    if not tries and row.part:
        return tell("part_done", when=tell.when(row.due_at))
    failed = tell("failed", n=tries) if tries else tell("worker_died")
    following = tell("next_try", when=tell.when(row.due_at)) if row.due_at > now else tell("next_try_due")
    return tell("retries", failed=failed, lastly=tell.lastly(last_error, key="lastly_so"), following=following)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The newest version of an article, and what decides who is owed it. Moments are microseconds."""

    version: Version
    facts: frozenset[tuple[str, str]]
    first_at: int  # when the article's first version was accepted
    is_unreacted: bool  # the outbox holds the version still
    kept_from: int  # the ledger may have lost what was settled before

    def is_forgotten(self, row: Any, *, had: bool) -> bool:
        """Whether the ledger may have lost what the subscription *row* was owed, or had, of it."""
        # Who is told of a withdrawal depends on who had an older version.
        accepted_at = self.first_at if self.version.withdrawn and not had else self.version.accepted_at
        return accepted_at < self.kept_from and bool(row.created_at <= self.version.accepted_at)


def of_subscription(row: Any, asked: Asked, *, had: bool, tell: Telling) -> str:
    """Why the subscription *row* was owed nothing of the article, or what it waits for.

    Whether it *had*, or may have had, an older version: then it is told of every newer one, whatever its filter says.
    """
    name, version = shown_subscription(row.id), asked.version
    forgotten = asked.is_forgotten(row, had=had)
    # A state that is older than the article decided about it; a younger one did not where the ledger has lost the row.
    if row.state != "active" and not (forgotten and row.state_at > version.accepted_at):
        return tell(f"is_{row.state}", name=name, when=tell.when(row.state_at))
    if version.withdrawn and not had and not forgotten:
        return tell("never_had", name=name)
    if not had and (failed := unmet(parse_written(row.written), version.article, asked.facts, tell)):
        return tell("no_match", name=name, failed=failed)
    if row.gone and not (forgotten and (row.disabled_at or 0) > version.accepted_at):
        return tell("gone", name=name, endpoint=shown_id(row.endpoint_id))
    return _of_active(row, asked, had=had, forgotten=forgotten, tell=tell)


def _of_active(row: Any, asked: Asked, *, had: bool, forgotten: bool, tell: Telling) -> str:
    name, version = shown_subscription(row.id), asked.version
    if row.cadence != "instant" and row.window_after < version.number and (had or not version.withdrawn):
        return _of_open_window(row, asked, tell)
    if row.cadence == "instant" and asked.is_unreacted and (had or not version.withdrawn):
        return tell("unreacted_had" if had else "unreacted", name=name)
    if forgotten:
        return tell("forgotten", name=name)
    if row.cadence != "instant":
        return tell("window_behind", name=name)
    if (began_at := max(row.created_at, row.state_at)) > version.accepted_at:
        return tell("began_later", name=name, when=tell.when(began_at))
    # A change of cadence, or an endpoint that was gone for a while, leaves no date.
    return tell("owed_nothing", name=name)


def _of_open_window(row: Any, asked: Asked, tell: Telling) -> str:
    key = "window_withdrawn" if asked.version.withdrawn else "window_open"
    name, due = shown_subscription(row.id), tell.when(row.next_at)
    return tell(key, name=name, cadence=tell(f"cadence_{row.cadence}"), when=due)


def unmet(
    options: Mapping[str, Sequence[str]], article: Article, facts: frozenset[tuple[str, str]], tell: Telling
) -> str:
    """The first dimension of a filter that *article* fails: what is wanted and what there is; "" where it passes."""
    for dimension, values in options.items():
        hits = [value for value in values if (dimension, folding(dimension)(value)) in facts]
        if dimension in WANTED and not hits:
            wanted = tell("or").join(values)
            return tell("wants", dimension=tell(dimension), wanted=wanted, there=_has(article, dimension, tell))
        if dimension not in WANTED and hits:
            return tell("leaves_out", dimension=tell(dimension.removeprefix("not_")), value=hits[0])
    return ""


def _has(article: Article, dimension: str, tell: Telling) -> str:
    if dimension == "keyword":
        return tell("none_of_these")
    value = getattr(article, dimension)
    said = " > ".join(value) if isinstance(value, tuple) else value
    return said or tell("has_no", dimension=tell(dimension))
