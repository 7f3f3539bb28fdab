"""What the doctor looks at of disks: room for what comes and for what is kept, and what they are made of."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from config.settings import Settings
from workers.doctor.files import sqlite_file
from workers.doctor.findings import Finding, Result
from zonewire.store import SECOND, migrate, open_store
from zonewire.store.tables import deliveries

MEBIBYTE = 1024 * 1024
LITTLE, TOO_LITTLE = 1024 * MEBIBYTE, 100 * MEBIBYTE
FEW_FILES = 10_000
"""As many more files as a disk has room for in its table, and then it is full, whatever is free."""
SMALL = 100 * MEBIBYTE
"""A database that has not grown to this says nothing of how it will."""
YOUNG_S = 86_400
MOUNTS = Path("/proc/self/mountinfo")
REMOTE = ("nfs", "cifs", "smb", "ceph", "glusterfs", "lustre", "afs", "fuse.sshfs", "fuse.s3fs", "ocfs2", "gfs2")


def examine_disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room under DATA_DIR, and under the database where that stands elsewhere."""
    folder = _existing(settings.data_dir)
    yield _room(folder)
    file = sqlite_file(settings)
    if file is None:
        return
    beside = _existing(file.parent)
    if beside.stat().st_dev != folder.stat().st_dev:
        yield _room(beside)
    if (made_of := _filesystem(beside)).startswith(REMOTE):
        found = f"{file} stands on a network disk ({made_of}), where SQLite's locks do not hold"
        mend = "Put DATA_DIR on a disk of this machine, or use PostgreSQL: two writers at once spoil the database."
        yield Finding("disk", Result.FAIL, found, mend)
    yield from _retention(settings, file)


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f"{free // MEBIBYTE:,} MiB free under {folder}"
    table = os.statvfs(folder)
    if table.f_files and table.f_favail < FEW_FILES:
        said = f"{said}, and room for {table.f_favail:,} files more"
        return Finding("disk", Result.FAIL, said, "Remove small files: no mail and no log can be written without room.")
    if free < TOO_LITTLE:
        return Finding("disk", Result.FAIL, said, "Make room now: events are refused (507) when it is full.")
    if free < LITTLE:
        return Finding("disk", Result.WARN, said, "Make room, or shorten ZONEWIRE_RETENTION_DAYS.")
    return Finding("disk", Result.OK, said)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _filesystem(folder: Path) -> str:
    """What the disk under *folder* is made of, as the kernel calls it; "" where it does not say (proc(5))."""
    found, longest = "", -1
    for line in MOUNTS.read_text().splitlines() if MOUNTS.exists() else ():
        words, _, rest = line.partition(" - ")
        point = Path(words.split()[4].replace("\\040", " "))
        if (point == folder or point in folder.parents) and len(point.parts) >= longest:
            found, longest = rest.split()[0], len(point.parts)
    return found


def _retention(settings: Settings, file: Path) -> Iterator[Finding]:
    """Whether what is kept for RETENTION_DAYS, at the pace of so far, still fits; of SQLite, whose disk is this one."""
    size = file.stat().st_size if file.exists() else 0
    if size < SMALL:
        return
    with closing(open_store(settings.database, pool_size=1)) as store, store.reading() as db:
        oldest = db.execute(select(func.min(deliveries.c.created_at))).scalar() if migrate.is_current(db) else None
    kept_s = settings.retention_days * 86_400
    age_s = 0.0 if oldest is None else time.time() - oldest / SECOND
    if not YOUNG_S < age_s < kept_s:
        return
    more, free = int(size * (kept_s / age_s - 1)), shutil.disk_usage(file.parent).free
    if more > free - LITTLE:
        found = (
            f"the database has grown to {size // MEBIBYTE:,} MiB in {age_s / 86_400:.0f} days: at that pace"
            f" {settings.retention_days} days take {more // MEBIBYTE:,} MiB more, and {free // MEBIBYTE:,} are free"
        )
        yield Finding("disk", Result.WARN, found, "Shorten ZONEWIRE_RETENTION_DAYS, or make room in time.")
