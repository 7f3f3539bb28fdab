"""What the doctor looks at of limits: how many descriptors a process may open."""

import resource
from collections.abc import Iterator

from config.settings import Settings
from workers.doctor.findings import Finding, Result
from zonewire.outbound.couriers.carrying import DESCRIPTORS_BESIDE, PLACES

NEEDED = PLACES + DESCRIPTORS_BESIDE


def examine_limits(_settings: Settings) -> Iterator[Finding]:
    """A courier raises its own soft limit as far as the hard one allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= NEEDED:
        yield Finding("limits", Result.OK, "a process may open as many descriptors as a courier has places")
        return
    found = f"a process may open {hard:,} descriptors at most, and a courier has {PLACES:,} places"
    mend = f"Raise it to {NEEDED:,}: LimitNOFILE in the systemd unit, ulimits in compose, or limits.conf."
    yield Finding("limits", Result.WARN, f"{found}: with slow receivers pushes fail for want of them", mend)
