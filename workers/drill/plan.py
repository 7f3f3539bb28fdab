"""What a drill is asked to do, and the settings that its installation runs with."""

from dataclasses import dataclass, field
from pathlib import Path

LEAST_S, USUAL_S = 25, 60
"""A round of all faults takes some 25 s where nothing else keeps the machine busy."""
EVENTS_PER_S = 3.0
RETRIES = ",".join(["1"] * 10 + ["2"] * 110)
"""Seconds between tries, for pushes and mails alike: what failed heals while we look, and no tries run out."""
PUSH_TIMEOUT_S = 3

SETTINGS = {
    "ZONEWIRE_RETRY_SCHEDULE": RETRIES,
    "ZONEWIRE_MAIL_RETRY_SCHEDULE": RETRIES,
    "ZONEWIRE_HTTP_TIMEOUT": str(PUSH_TIMEOUT_S),
    "ZONEWIRE_MAIL_FROM": "Zonewire drill <drill@localhost>",
}
"""What is set otherwise than in an installation as it comes; all else is as it comes, the guard too."""
SETTINGS_IN_WORDS = f"tries again after 1 s, later 2 s; {PUSH_TIMEOUT_S} s for one push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One drill."""

    seconds: int  # for which faults are made; each of them once, however long that takes
    seed: int  # the same articles and the same faults in the same order
    keep: Path | None = None  # where its folder goes in the end
    postgresql: bool = False  # on one of its own, else on SQLite
    loses_one: bool = False  # one receiver says that it never had a push that it has: the judge must find it
    only: frozenset[str] = field(default=frozenset())  # faults whose names have one of these words; all where empty
    per_s: float = EVENTS_PER_S
    patience_s: float = 10.0
    """So long the judge is asked again where nothing is owed and something is missing: it may be just on its way."""
