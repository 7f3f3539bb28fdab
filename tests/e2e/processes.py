"""Processes as /proc shows them: families, and the memory that they really take. Linux only."""

import contextlib
import os
from pathlib import Path

PROC = Path("/proc")


def carrying(mark: str) -> set[int]:
    """Every live process that has *mark* (`NAME=value`) in the environment that it was started with."""
    found = set()
    wanted = mark.encode()
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):  # it ended, or is another user's
            if wanted in (entry / "environ").read_bytes().split(b"\0") and is_alive(int(entry.name)):
                found.add(int(entry.name))
    return found


def descendants(root: int) -> set[int]:
    """Every live process below *root*, children of children too; without *root* itself."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return {pid for pid in found if is_alive(pid)}


def is_alive(pid: int) -> bool:
    """Whether *pid* runs; one that only waits to be reaped does not."""
    stat = _stat(pid)
    return stat is not None and stat[0] not in {"Z", "X"}


def parent(pid: int) -> int:
    """Who forked it; 0 once it has ended."""
    stat = _stat(pid)
    return int(stat[1]) if stat is not None else 0


def pss_kib(pid: int) -> int:
    """Its proportional share of memory, in KiB; 0 once it has ended."""
    with contextlib.suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def command(pid: int) -> str:
    """Its command line, for people."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def send(pids: set[int], signal_number: int) -> None:
    """Send a signal to each that is still there, the oldest first."""
    for pid in sorted(pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


def _stat(pid: int) -> list[str] | None:
    """State, parent and so on: what stands behind the name in /proc/PID/stat."""
    with contextlib.suppress(OSError):
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return None
