"""What the doctor looks at of clocks: due times and signatures go by them."""

import ctypes
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from config.settings import Settings
from workers.doctor.findings import Finding, Result

APART_S = 2.0
NTP = "Let NTP set both: signatures and due times go by them."
UNSYNCHRONISED = 0x40
"""STA_UNSYNC of adjtimex(2)."""
TIMEX_BYTES, STATUS_AT = 512, 40
"""The kernel's struct timex is smaller; its field `status` stands behind four longs and one int, padded."""


def examine_clock(whose: str, theirs_s: float) -> Iterator[Finding]:
    """Whether the clock of *whose* agrees with this machine's; *theirs_s* is what it shows, in Unix seconds."""
    apart = abs(theirs_s - time.time())
    if apart > APART_S:
        yield Finding("clock", Result.FAIL, f"{whose}'s clock is {apart:.0f} s from this machine's", NTP)
    else:
        yield Finding("clock", Result.OK, f"agrees with {whose}'s")


def examine_machines_clock(_settings: Settings) -> Iterator[Finding]:
    """Whether anybody keeps this machine's clock, as far as the kernel knows."""
    status = _kernel_status()
    if status is not None and status & UNSYNCHRONISED:
        mend = "Install chrony or systemd-timesyncd, on the host where this is a container; else it drifts, and jumps."
        yield Finding("clock", Result.WARN, "the kernel says that nobody keeps this machine's clock", mend)


def _kernel_status() -> int | None:
    """The clock's status bits by adjtimex(2), which changes nothing so; None where the kernel does not tell."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(timex)
    except (OSError, AttributeError):
        return None
    return None if state < 0 else int.from_bytes(timex.raw[STATUS_AT : STATUS_AT + 4], "little", signed=True)


def examine_time_zones(_settings: Settings) -> Iterator[Finding]:
    """Digests are due by their readers' clocks."""
    ZoneInfo("Asia/Shanghai")
    ZoneInfo("Europe/Berlin")
    yield Finding("time zones", Result.OK, "their data is there")
