"""The file of a backup: a gzipped tar that is written and read in one stream, a chunk in memory at a time.

manifest.json
files/secrets.env
tables/articles/000001.jsonl    a row a line, as an array of its columns
sums.json
"""

import contextlib
import gzip
import io
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from zonewire.errors import BackupUnreadable

MANIFEST, SUMS, FILES, TABLES = "manifest.json", "sums.json", "files/", "tables/"

DRAINED = 65_536
PRESSED = 6
"""gzip's level: 1 saves half a second a million deliveries, and costs a fifth more disk."""


class Writer:
    """Members, one after the other. Close it: what stands behind the last member tells that the file is whole."""

    def __init__(self, out: BinaryIO, *, at_s: int) -> None:
        """*at_s* (Unix seconds) is the age of every member."""
        self._at_s = at_s
        self._gzip = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=PRESSED, filename="", mtime=at_s)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115  # see close

    def add(self, name: str, body: bytes) -> None:
        """Write a member, readable by its owner alone wherever somebody unpacks it."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = len(body), self._at_s, stat.S_IRUSR | stat.S_IWUSR
        self._tar.addfile(member, io.BytesIO(body))

    def close(self) -> None:
        """Write what is left; *out* stays open."""
        self._tar.close()
        self._gzip.close()


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members of *path*, in order. Raises BackupUnreadable where it is none, or is damaged."""
    try:
        with gzip.open(path) as pressed, tarfile.open(fileobj=pressed, mode="r|") as tar:
            for member in tar:
                held = tar.extractfile(member)
                if held is not None:
                    yield member.name, held.read()
            while pressed.read(DRAINED):  # gzip's own sum stands at its end, behind tar's
                pass
    except (gzip.BadGzipFile, tarfile.TarError, EOFError, zlib.error) as cause:
        raise BackupUnreadable(f"{path} is no backup, or a damaged one: {cause}", mend="Take another.") from None
    except OSError as cause:
        mend = "Name a file that this user may read."
        raise BackupUnreadable(f"{path} cannot be read: {cause.strerror or cause}", mend=mend) from None


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """*path*, for its owner alone, and there only once it is whole and on the disk: until then it stands beside it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
