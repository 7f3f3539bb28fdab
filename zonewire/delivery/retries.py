"""When a delivery is tried again: pure, so that every case can be tested (rules.md, Retries)."""

from dataclasses import dataclass

MOST_WAIT_S = 24 * 3600
"""A stated wait is cut at this."""

FREE_WAITS = 20
"""So many stated waits spend no try; each further one does."""

JITTER = 0.1


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The steps between tries, in seconds: n steps make n + 1 tries."""

    steps: tuple[int, ...]


INTENT = RetryPolicy((10, 120))
"""Of the hub's questions to a callback: three tries within ten minutes (rules.md, Feeds)."""


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a delivery whose try failed."""

    wait_s: float | None  # None: its tries have run out
    spends_try: bool


def next_try(policy: RetryPolicy, *, attempts: int, waits: int, stated_wait_s: int | None, chance: float) -> Next:
    """What follows a failed try, *attempts* tries and *waits* stated waits having gone before it.

    *chance* is uniform in [0, 1): jitter is only ever added, up to a tenth.
    """
    jitter = 1 + JITTER * chance
    if stated_wait_s is not None and waits < FREE_WAITS:
        return Next(min(stated_wait_s, MOST_WAIT_S) * jitter, spends_try=False)
    if attempts >= len(policy.steps):
        return Next(None, spends_try=True)
    wait_s = policy.steps[attempts] if stated_wait_s is None else min(stated_wait_s, MOST_WAIT_S)
    return Next(wait_s * jitter, spends_try=True)
