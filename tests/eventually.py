"""Wait for what is bound to happen, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STEP_S = 0.02


def eventually(check: Callable[[], T], *, within_s: float, what: str = "") -> T:
    """The first true answer of *check*; AssertionError with its last answer after *within_s* seconds."""
    deadline = time.monotonic() + within_s
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what or check}; last answer: {answer!r}")
        time.sleep(STEP_S)  # a step of polling, bounded by the deadline
