"""Why a receiver has not had an article, in a sentence for an operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zonewire.articles import Version
from zonewire.articles.model import Article, rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.states import State
from zonewire.filters import WANTED, folding, parse_written
from zonewire.subscriptions import shown_id as shown_subscription


def of_delivery(row: Any, last_error: str, *, now: int) -> str:
    """Why the delivery *row* has not arrived; "" where it has."""
    match State(row.state):
        case State.DELIVERED:
            why = ""
        case State.SENDING:
            why = "is being sent right now"
        case State.DEAD:
            why = f"dead letter: {row.reason or 'given up'}" + (f"; lastly: {last_error}" if last_error else "")
        case State.CANCELLED:
            why = f"cancelled: {row.reason or 'by an operator'}"
        case _:
            why = _held(row) if row.due_at is None else _owed(row, last_error, now)
    return why


def _held(row: Any) -> str:
    why = f" ({row.why_disabled})" if row.why_disabled else ""
    endpoint = shown_id(row.endpoint_id)
    return f"held: {endpoint} is disabled{why}; `zonewire endpoints enable {endpoint}` releases it"


def _owed(row: Any, last_error: str, now: int) -> str:
    if row.state == State.PENDING:
        return "waits to be sent" if row.due_at <= now else f"due at {rfc3339(row.due_at)}"
    tries = row.attempts + row.waits
    if not tries and row.part:
        return f"a part of it is done; the next is due at {rfc3339(row.due_at)}"
    failed = "failed once" if tries == 1 else f"failed {tries} times" if tries else "its worker died"
    when = f"next try at {rfc3339(row.due_at)}" if row.due_at > now else "its next try is due"
    return f"{failed}{f', lastly: {last_error}' if last_error else ''}; {when}"


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


def of_subscription(row: Any, asked: Asked, *, had: bool) -> str:
    """Why the subscription *row* was owed nothing of the article, or what it waits for.

    Whether it *had*, or may have had, an older version: then it is told of every newer one, whatever its filter says.
    """
    name, version = shown_subscription(row.id), asked.version
    forgotten = asked.is_forgotten(row, had=had)
    # A state that is older than the article decided about it; a younger one did not where the ledger has lost the row.
    if row.state != "active" and not (forgotten and row.state_at > version.accepted_at):
        return f"{name} is {row.state} since {rfc3339(row.state_at)}"
    if version.withdrawn and not had and not forgotten:
        return f"{name} has nothing to be told: the article was withdrawn, and it never had it"
    if not had and (failed := unmet(parse_written(row.written), version.article, asked.facts)):
        return f"{name} does not match: {failed}"
    if row.gone and not (forgotten and (row.disabled_at or 0) > version.accepted_at):
        endpoint = shown_id(row.endpoint_id)
        mend = f"`zonewire endpoints enable {endpoint}`"
        return f"{name} leads to {endpoint}, which is disabled as gone: nothing is made for it until {mend}"
    return _of_active(row, asked, had=had, forgotten=forgotten)


def _of_active(row: Any, asked: Asked, *, had: bool, forgotten: bool) -> str:
    name, version = shown_subscription(row.id), asked.version
    if row.cadence != "instant" and row.window_after < version.number and (had or not version.withdrawn):
        return _of_open_window(row, asked)
    if row.cadence == "instant" and asked.is_unreacted and (had or not version.withdrawn):
        why = "had an older version" if had else "matches"
        return f"{name} {why}, and nothing is owed yet: the lane events has not come to it"
    if forgotten:
        return f"{name}: what was owed so long ago (RETENTION_DAYS) is no longer in the ledger"
    if row.cadence != "instant":
        return f"{name} has its window opened behind this article"
    if (began_at := max(row.created_at, row.state_at)) > version.accepted_at:
        return f"{name} began at {rfc3339(began_at)}, after the article was accepted"
    # A change of cadence, or an endpoint that was gone for a while, leaves no date.
    return (
        f"{name} is owed nothing: it was not subscribed to this, or not as instant news, when the article was reacted "
        "to, or its endpoint was gone then"
    )


def _of_open_window(row: Any, asked: Asked) -> str:
    name, due = shown_subscription(row.id), f"due at {rfc3339(row.next_at)}"
    if asked.version.withdrawn:
        return f"{name} carried it; the first {row.cadence} digest with news, {due}, says that it was withdrawn"
    return f"{name} waits for its {row.cadence} digest, {due}"


def unmet(options: Mapping[str, Sequence[str]], article: Article, facts: frozenset[tuple[str, str]]) -> str:
    """The first dimension of a filter that *article* fails: what is wanted and what there is; "" where it passes."""
    for dimension, values in options.items():
        hits = [value for value in values if (dimension, folding(dimension)(value)) in facts]
        if dimension in WANTED and not hits:
            return f"it wants {dimension} {' or '.join(values)}; the article has {_has(article, dimension)}"
        if dimension not in WANTED and hits:
            return f"it leaves out {dimension.removeprefix('not_')} {hits[0]}"
    return ""


def _has(article: Article, dimension: str) -> str:
    if dimension == "keyword":
        return "none of these words"
    value = getattr(article, dimension)
    said = " > ".join(value) if isinstance(value, tuple) else value
    return said or f"no {dimension}"
