"""The ring that `up` made and keeps in DATA_DIR/secrets.env: a key is added, becomes the first, is taken out."""

from collections.abc import Callable
from pathlib import Path

from config.keys import alone
from config.settings import keep_secrets, made_secrets
from zonewire.keys import KeyRing, new_secret_key


def add_last(data_dir: Path) -> str:
    """Make a key and put it behind the others, where it opens and checks only; its name."""
    made = new_secret_key()
    _change(data_dir, lambda keys: [*keys, made])
    return KeyRing((made,)).names()[0]


def put_first(data_dir: Path, name: str) -> None:
    """Let the key *name* seal and sign from now on."""
    _change(data_dir, lambda keys: sorted(keys, key=lambda key: KeyRing((key,)).names()[0] != name))


def take_out(data_dir: Path, name: str) -> None:
    """Forget the key *name*: what rests on it is lost."""
    _change(data_dir, lambda keys: [key for key in keys if KeyRing((key,)).names()[0] != name])


def _change(data_dir: Path, change: Callable[[list[str]], list[str]]) -> None:
    with alone(data_dir):
        kept = made_secrets(data_dir)
        ring = KeyRing.from_setting(kept["secret_key"])
        keep_secrets(data_dir, kept | {"secret_key": ",".join(change(list(ring.keys)))})
