"""The picture that symptoms are judged by: values alone, as one look saw them. zonewire/picturing.py takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zonewire.delivery.lanes import BUDGET_S, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSeen:
    """One lane."""

    lane: Lane
    waiting: int = 0
    age_s: float = 0.0  # of the oldest due item
    workers: int = 1  # that gave a sign of life lately
    paused_s: float | None = None  # for how long an operator lets it rest; None where it works
    came_in: int = 0  # within FLOW_MINUTES
    went_out: int = 0
    died: int = 0  # dead letters within DEAD_MINUTES

    @property
    def budget_s(self) -> int:
        """How old the oldest may be."""
        return BUDGET_S[self.lane]


@dataclass(frozen=True, slots=True)
class Tries:
    """The tries of a channel within TRIES_MINUTES."""

    all: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands in no database, as the process that looks found it; None where it did not look."""

    disk_free: int | None = None  # bytes
    disk_size: int | None = None
    is_broker_up: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that a symptom may be seen in."""

    lanes: Mapping[Lane, LaneSeen]
    tries: Mapping[str, Tries] = field(default_factory=dict)  # by channel
    beat_s: float | None = None  # since a hint of beat reached a worker; None where none ever did
    write_s: float | None = None  # how long a small write took, on average over WRITE_MINUTES
    tokens_refused: Mapping[str, int] = field(default_factory=dict)  # by account: the platform's code
    certificate_s: float | None = None  # for how long BASE_URL's certificate holds
    around: Surroundings = Surroundings()
