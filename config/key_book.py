"""When each key of the ring was first seen, when it became the first, and since when it only opens.

It stands in DATA_DIR/keys.json, by the keys' names: a name opens nothing. Without it a key counts as new, so it is kept
for too long and never for too short.
"""

import json
import os
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

KEYS_FILE = "keys.json"
LINKS_FOR = timedelta(days=400)
"""So long the links of a mail lead to its subscription (delivery.mailing.MANAGE_FOR_S)."""


@dataclass(slots=True)
class Ages:
    """Of one key, in ISO 8601, UTC."""

    seen_at: str
    first_at: str | None = None  # null: it never sealed anything yet, as far as is known
    retired_at: str | None = None  # null: it is the first, or never was

    @property
    def may_go_at(self) -> str | None:
        """When every link that it signed has ended, but for those that unsubscribe."""
        if self.retired_at is None:
            return None
        return (datetime.fromisoformat(self.retired_at) + LINKS_FOR).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class KeyBook:
    """What is known of keys, by their names."""

    ages: dict[str, Ages]

    @classmethod
    def read(cls, data_dir: Path) -> "KeyBook":
        """Empty where nothing was written down, or nothing that can be read."""
        try:
            return cls.parse((data_dir / KEYS_FILE).read_bytes())
        except OSError:
            return cls({})

    @classmethod
    def parse(cls, text: bytes) -> "KeyBook":
        """Empty where it cannot be read."""
        try:
            return cls({name: Ages(**ages) for name, ages in json.loads(text).items()})
        except (ValueError, TypeError, AttributeError):
            return cls({})

    def joined(self, other: "KeyBook") -> "KeyBook":
        """Both; where both know a key, as *other* has it."""
        return KeyBook(self.ages | other.ages)

    def note(self, names: Sequence[str], *, used: Container[str], now_s: float) -> None:
        """The ring is *names*, the first one first; something rests on those that are *used*."""
        now = datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds")
        for place, name in enumerate(names):
            ages = self.ages.setdefault(name, Ages(now))
            if place == 0:
                ages.first_at, ages.retired_at = ages.first_at or now, None
            elif ages.retired_at is None and (ages.first_at or name in used):
                ages.first_at, ages.retired_at = ages.first_at or ages.seen_at, now

    def waiting(self, names: Sequence[str]) -> list[str]:
        """Those of the ring that have never been the first."""
        return [name for name in names[1:] if (ages := self.ages.get(name)) is None or ages.first_at is None]

    def write(self, data_dir: Path) -> None:
        """Keep it."""
        draft = data_dir / f"{KEYS_FILE}.tmp"
        text = json.dumps({name: asdict(ages) for name, ages in self.ages.items()}, indent=1)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        draft.replace(data_dir / KEYS_FILE)
