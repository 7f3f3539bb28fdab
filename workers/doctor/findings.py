"""What a check of `zonewire doctor` says."""

from enum import StrEnum
from typing import NamedTuple


class Result(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """What a check found."""

    check: str
    result: Result
    found: str
    mend: str = ""
