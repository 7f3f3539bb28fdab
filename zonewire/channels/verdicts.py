"""How platforms are read that say in the body how it went, under HTTP 200: by one table of codes for each.

Codes decide, never the words beside them, which the vendors say may change. What is no such answer at all (an error of
HTTP, a page of a gateway, JSON without a code) may work another time. A code that no table has is tried three times.
"""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import orjson

from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.outbound.courier import Reply

Verdict = Callable[[str, int], Outcome]
"""Makes an outcome of what is told (the code, and what to do) and the HTTP status."""

SAID_CHARS = 160
DAY_S, CHINA_S = 86_400, 8 * 3_600


def taken(_said: str, status: int) -> Outcome:
    """The receiver has it."""
    return Delivered(status)


def busy(said: str, status: int) -> Outcome:
    """The platform is overloaded: three tries."""
    return Later(said, status, most_tries=3)


def again(said: str, status: int) -> Outcome:
    """It may work another time, as often as the schedule says."""
    return Later(said, status)


def never(said: str, status: int) -> Outcome:
    """This one will never do, in no form; others may."""
    return Never(said, status)


def spent(said: str, status: int) -> Outcome:
    """The day's quota is used up: nothing more before midnight in China, where these days begin."""
    return Later(said, status, wait_s=until_tomorrow(), pauses_endpoint=True)


def until_tomorrow(now_s: float | None = None) -> int:
    """Seconds until midnight in China."""
    passed = (time.time() if now_s is None else now_s) + CHINA_S
    return int(DAY_S - passed % DAY_S) + 1


def rest(seconds: int) -> Verdict:
    """Too fast: nothing goes to this endpoint for so long."""
    return lambda said, status: Later(said, status, wait_s=seconds, pauses_endpoint=True)


def bad(said: str, status: int) -> Outcome:
    """This message, in this form, will never do; a plainer one may."""
    return Never(said, status, has_plainer=True)


def gone(said: str, status: int) -> Outcome:
    """The robot is no more."""
    return Never(said, status, close_endpoint=True)


def misset(said: str, status: int) -> Outcome:
    """A person must mend the settings, at the platform or here."""
    return Never(said, status, disable_endpoint=True)


def misset_after(tries: int) -> Verdict:
    """The same, unless it works at the next try."""
    return lambda said, status: Later(said, status, most_tries=tries, then_disable=True)


Table = Mapping[int, tuple[Verdict, str]]
"""What each code means, and a remark for whoever reads the ledger: what was wrong, and what to do."""


def read(reply: Reply, table: Table, *, code: str, words: str) -> Outcome:
    """The outcome that *reply* tells, its code under the key *code* and the platform's words under *words*."""
    status = reply.status
    if not status:
        return unanswered(reply)
    if status != HTTPStatus.OK:
        return _of_status(reply)
    answer = answer_of(reply.body)
    value = answer.get(code)
    if not isinstance(value, int) or isinstance(value, bool):
        return half_answered(reply) or Later(f"an answer without {code}", status)
    verdict, remark = table.get(value, (None, ""))
    said = " ".join(str(answer.get(words, "")).split())[:SAID_CHARS]
    told = f"{code} {value}: {remark or said}" + (f" ({said})" if remark and said else "")
    if verdict is None:
        return Later(told, status, most_tries=3)
    return verdict(told, status)


def unanswered(reply: Reply) -> Outcome:
    """Where no answer came: once more, if the receiver may have the message."""
    if reply.lost:
        return Unknown(reply.error or "no answer came", once_more=True)
    return Later(reply.error or "no answer")


def half_answered(reply: Reply) -> Outcome | None:
    """Where an answer broke off before it said how it went: as where none came. None where it did not."""
    return Unknown("the answer broke off", once_more=True) if reply.broken else None


def _of_status(reply: Reply) -> Outcome:
    status = reply.status
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE} and reply.retry_after_s is not None:
        return Later(f"HTTP {status}", status, wait_s=reply.retry_after_s, pauses_endpoint=True)
    return Later(f"HTTP {status}", status)


def answer_of(body: bytes) -> dict[str, Any]:
    """The object in *body*; empty where there is none."""
    try:
        found = orjson.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
