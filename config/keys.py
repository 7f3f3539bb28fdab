"""The key ring that the settings give; made on first use, so that commands work before the first `up`."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import SECRETS_FILE, Settings, made_secrets, make_missing_secrets
from zonewire.keys import KeyRing, new_secret_key


def ring_of(settings: Settings) -> KeyRing:
    """The ring of SECRET_KEY. Unset: a key made once and kept in DATA_DIR/secrets.env. Raises SettingWrong."""
    if settings.secret_key is not None:
        return KeyRing.from_setting(settings.secret_key.get_secret_value())
    with _alone(settings.data_dir):
        if "secret_key" not in made_secrets(settings.data_dir):
            make_missing_secrets(settings, {"secret_key": new_secret_key()})
        return KeyRing.from_setting(made_secrets(settings.data_dir)["secret_key"])


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Two first commands at once must not make two keys."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)  # one that was there keeps its mode
    with (data_dir / f"{SECRETS_FILE}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
