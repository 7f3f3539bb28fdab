"""What the doctor looks at of the machine: the disk, who may read what, and the data of time zones."""

import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from config.settings import PREFIX, SECRETS_FILE, Settings
from workers.doctor.findings import Finding, Result

MEBIBYTE = 1024 * 1024
LITTLE, TOO_LITTLE = 1024 * MEBIBYTE, 100 * MEBIBYTE


def examine_disk(settings: Settings) -> Iterator[Finding]:
    """Whether there is room for what comes."""
    folder = _existing(settings.data_dir)
    free = shutil.disk_usage(folder).free
    said = f"{free // MEBIBYTE:,} MiB free under {folder}"
    if free < TOO_LITTLE:
        yield Finding("disk", Result.FAIL, said, "Make room now: events are refused (507) when it is full.")
    elif free < LITTLE:
        yield Finding("disk", Result.WARN, said, "Make room, or shorten ZONEWIRE_RETENTION_DAYS.")
    else:
        yield Finding("disk", Result.OK, said)


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def examine_files(settings: Settings) -> Iterator[Finding]:
    """Keys, data and mails are for their owner alone."""
    named = [Path(path) for name, path in os.environ.items() if name.startswith(PREFIX) and name.endswith("_FILE")]
    private = [settings.data_dir / SECRETS_FILE, *_of_database(settings), *named]
    there = [path for path in private if path.is_file()]
    outbox = settings.data_dir / "outbox"
    files = [str(path) for path in there if _is_open(path, settings.data_dir)]
    folders = [str(outbox)] if outbox.is_dir() and _is_open(outbox, settings.data_dir) else []
    if not files + folders:
        yield Finding("files", Result.OK, f"{len(there)} files with keys and data, readable by their owner alone")
        return
    mends = [shlex.join(["chmod", mode, *paths]) for mode, paths in (("600", files), ("700", folders)) if paths]
    found = f"{', '.join(files + folders)} can be read by other users of this machine"
    yield Finding("files", Result.FAIL, found, "; ".join(mends))


def _of_database(settings: Settings) -> list[Path]:
    """SQLite's files: the database, and what it keeps beside it while it is open."""
    file = sqlite_file(settings)
    return [] if file is None else [file.with_name(file.name + ending) for ending in ("", "-wal", "-shm")]


def sqlite_file(settings: Settings) -> Path | None:
    """Where the database stands; None on PostgreSQL, and where the address is none (the check of it says so)."""
    try:
        url = make_url(settings.database)
    except ArgumentError:
        return None
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def _is_open(path: Path, data_dir: Path) -> bool:
    """Whether others may read *path*, and may pass the folder that it stands in."""
    folders = [folder for folder in {path.parent, data_dir} if folder in path.parents]
    if any(not folder.stat().st_mode & (stat.S_IXGRP | stat.S_IXOTH) for folder in folders):
        return False
    return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def examine_time_zones(_settings: Settings) -> Iterator[Finding]:
    """Digests are due by their readers' clocks."""
    ZoneInfo("Asia/Shanghai")
    ZoneInfo("Europe/Berlin")
    yield Finding("time zones", Result.OK, "their data is there")
