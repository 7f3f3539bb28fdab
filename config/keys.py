"""The key ring that the settings give; made on first use, so that commands work before the first `up`."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import SECRETS_FILE, Settings, made_secrets, make_missing_secrets
from zonewire.errors import SettingWrong
from zonewire.keys import KeyRing, new_secret_key

LOOK_EVERY_S = 1.0
"""So long a process may go by a ring that has changed."""


def ring_of(settings: Settings) -> KeyRing:
    """The ring of SECRET_KEY. Unset: a key made once and kept in DATA_DIR/secrets.env. Raises SettingWrong.

    The ring of that file follows it, so that a rotation needs no restart; one of the environment does not change.
    """
    if settings.secret_key is not None and settings.is_given("secret_key"):
        return KeyRing.from_setting(settings.secret_key.get_secret_value())
    with alone(settings.data_dir):
        if "secret_key" not in made_secrets(settings.data_dir):
            make_missing_secrets(settings, {"secret_key": new_secret_key()})
    return FileRing(settings.data_dir)


class FileRing(KeyRing):
    """The ring in DATA_DIR/secrets.env, read again when the file is another one. It is looked at once a second."""

    def __init__(self, data_dir: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """*clock* is monotonic, in seconds. Raises SettingWrong where no key is there."""
        object.__setattr__(
            self, "_file", _File(data_dir, clock)
        )  # a KeyRing is frozen, and so is this but for the file

    def now(self) -> KeyRing:
        """The keys as they are in the file, or were a second ago."""
        file: _File = self._file  # type: ignore[attr-defined]  # set past the frozen base
        return file.ring()

    def __repr__(self) -> str:
        return "FileRing()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyRing) and self.now().keys == other.now().keys

    def __hash__(self) -> int:
        return hash(self.now().keys)


@dataclass(slots=True)
class _File:
    """What was last read, and when it was last looked for more."""

    data_dir: Path
    clock: Callable[[], float]
    _ring: KeyRing | None = None
    _stamp: tuple[int, int] | None = None
    _looked_at: float = field(default=float("-inf"))

    def ring(self) -> KeyRing:
        """The newest one that could be read."""
        moment = self.clock()
        if self._ring is not None and moment - self._looked_at < LOOK_EVERY_S:
            return self._ring
        self._looked_at = moment
        stamp = self._now_stamped()
        if self._ring is None:
            self._ring = self._read()
        elif stamp != self._stamp:
            with suppress(SettingWrong):  # it cannot be read just now: what was read before is still good
                self._ring = self._read()
        self._stamp = stamp
        return self._ring

    def _now_stamped(self) -> tuple[int, int] | None:
        """Another one whenever the file is replaced: every writer does that."""
        with suppress(OSError):
            found = (self.data_dir / SECRETS_FILE).stat()
            return found.st_ino, found.st_mtime_ns
        return None

    def _read(self) -> KeyRing:
        return KeyRing.from_setting(made_secrets(self.data_dir).get("secret_key", ""))


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Two first commands at once must not make two keys."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that was there keeps its mode
    with (data_dir / f"{SECRETS_FILE}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
