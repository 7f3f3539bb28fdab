"""What the doctor looks at of files: who may read keys and data, and whose they are."""

import os
import pwd
import shlex
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from config.settings import PREFIX, SECRETS_FILE, Settings
from workers.doctor.findings import Finding, Result

MOUNTED = Path("/run/secrets")
"""Where Compose puts each secret, readable by all: the container's user is not the one who keeps it outside."""


def examine_files(settings: Settings) -> Iterator[Finding]:
    """Keys, data and mails are for their owner alone, and their owner is who runs this."""
    yield from _modes(settings)
    yield from _owners(settings)


def _modes(settings: Settings) -> Iterator[Finding]:
    private = [settings.data_dir / SECRETS_FILE, *_of_database(settings), *named_by(os.environ)]
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


def named_by(environment: Mapping[str, str]) -> list[Path]:
    """The files of settings; without those that Compose mounts into a container, where nobody else is."""
    named = [Path(path) for name, path in environment.items() if name.startswith(PREFIX) and name.endswith("_FILE")]
    return [path for path in named if MOUNTED not in path.parents]


def _owners(settings: Settings) -> Iterator[Finding]:
    """What belongs to another user cannot be written by that one's processes, or not by ours."""
    folder = settings.data_dir
    if not folder.is_dir():
        return
    owner, us = folder.stat().st_uid, os.geteuid()
    if us not in {owner, 0}:
        mend = f"Run it as {_user(owner)}, or name a folder of {_user(us)}'s in ZONEWIRE_DATA_DIR."
        yield Finding("files", Result.FAIL, f"{folder} belongs to {_user(owner)}, and this is {_user(us)}", mend)
        return
    others = [path for path in sorted(folder.iterdir()) if path.lstat().st_uid != owner]
    if others:
        found = f"{', '.join(map(str, others))} belongs to another user than {folder} ({_user(owner)})"
        mend = shlex.join(["chown", "-R", f"{_user(owner)}:", *map(str, others)])
        yield Finding("files", Result.FAIL, found, f"{mend}; run commands as {_user(owner)}.")


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


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
