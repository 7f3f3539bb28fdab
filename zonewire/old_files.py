"""Files that are kept for a time: mails that were written to the outbox, logs, what a killed writer left half done."""

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger()

DAY_S = 86_400
MOST_AT_ONCE = 5_000
LEFT_FOR_DAYS = 1
LARGE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """Where they stand, and for how many days."""

    outbox: Path
    outbox_days: int
    logs: Path
    log_days: int


def forget_old_files(kept: Kept, *, now_s: float) -> Counter[str]:
    """Remove what is older than it is kept, MOST_AT_ONCE of each at most; how many."""
    gone: Counter[str] = Counter()
    outbox = {
        "mails": (lambda name: name.endswith(".eml"), kept.outbox_days),
        "drafts": (lambda name: name.startswith(".") and name.endswith(".tmp"), LEFT_FOR_DAYS),
    }
    for what, (is_meant, days) in outbox.items():
        gone[what] = _removed(kept.outbox, is_meant, before_s=now_s - days * DAY_S)
    # The open one ends in .log, and is never old while anything is logged.
    gone["logs"] = _removed(kept.logs, lambda name: ".log." in name, before_s=now_s - kept.log_days * DAY_S)
    _put_aside(kept.logs / "redis.log")
    if any(gone.values()):
        log.info("files.forgotten", **{what: n for what, n in gone.items() if n})
    return gone


def _removed(folder: Path, is_meant: Callable[[str], bool], *, before_s: float) -> int:
    removed = 0
    for entry in _entries(folder):
        if removed >= MOST_AT_ONCE:
            break
        with contextlib.suppress(FileNotFoundError):
            if is_meant(entry.name) and entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before_s:
                Path(entry.path).unlink()
                removed += 1
    return removed


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        yield from found


def _put_aside(path: Path) -> None:
    """Redis opens its log for each line, so another name is enough."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > LARGE_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
