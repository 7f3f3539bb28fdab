"""The drill's folder: removed when all is well, kept and named when it is not, or where somebody asked for it."""

import shutil
from pathlib import Path

from zonewire.errors import ZonewireError


def end(folder: Path, keep: Path | None, *, is_clean: bool) -> str | None:
    """What becomes of *folder* in the end: where it is kept, if it is."""
    if keep is not None or not is_clean:
        return kept(folder, keep)
    removed(folder)
    return None


def kept(folder: Path, keep: Path | None) -> str:
    """*folder* where it was asked for, else where it is."""
    if keep is None:
        return str(folder)
    keep.parent.mkdir(parents=True, exist_ok=True)
    if keep.is_dir():
        keep.rmdir()  # an empty one: `check` has looked
    shutil.move(folder, keep)
    return str(keep)


def removed(folder: Path) -> None:
    """Nothing of *folder* is left."""
    shutil.rmtree(folder, ignore_errors=True)


def with_folder(error: Exception, folder: str) -> ZonewireError:
    """*error* as it is told, with where to look."""
    return ZonewireError(f"the drill could not be finished: {error}", mend=f"Its folder is kept: {folder}.")
