"""What the doctor looks at of clocks: due times and signatures go by them."""

import time
from collections.abc import Iterator

from workers.doctor.findings import Finding, Result

APART_S = 2.0


def examine_clock(whose: str, theirs_s: float) -> Iterator[Finding]:
    """Whether the clock of *whose* agrees with this machine's; *theirs_s* is what it shows, in Unix seconds."""
    apart = abs(theirs_s - time.time())
    if apart > APART_S:
        found = f"{whose}'s clock is {apart:.0f} s from this machine's"
        yield Finding("clock", Result.FAIL, found, "Let NTP set both: signatures and due times go by them.")
    else:
        yield Finding("clock", Result.OK, f"agrees with {whose}'s")
