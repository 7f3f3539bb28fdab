"""Why a receiver has not had an article, in a sentence for an operator."""

from collections.abc import Mapping, Sequence
from typing import Any

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
    failed = "failed once" if tries == 1 else f"failed {tries} times" if tries else "its worker died"
    when = f"next try at {rfc3339(row.due_at)}" if row.due_at > now else "its next try is due"
    return f"{failed}{f', lastly: {last_error}' if last_error else ''}; {when}"


def of_subscription(row: Any, article: Article, facts: frozenset[tuple[str, str]], *, number: int, at: int) -> str:
    """Why the subscription *row* was owed nothing of an article that was accepted *at*, or what it waits for."""
    name = shown_subscription(row.id)
    if row.state != "active":
        return f"{name} is {row.state} since {rfc3339(row.state_at)}"
    if failed := unmet(parse_written(row.written), article, facts):
        return f"{name} does not match: {failed}"
    if row.cadence != "instant":
        if row.window_after < number:
            return f"{name} waits for its {row.cadence} digest, due at {rfc3339(row.next_at)}"
        return f"{name} has its window opened behind this article"
    if row.created_at > at or row.state_at > at:
        return f"{name} began at {rfc3339(max(row.created_at, row.state_at))}, after the article was accepted"
    return f"{name} matches, and nothing is owed yet: the lane events has not come to it"


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
