"""What stands beside the database and belongs to it: the secrets that were made, and the catalogue."""

import shutil
import stat
from dataclasses import dataclass

from config.key_book import KEYS_FILE, KeyBook
from config.settings import SECRETS_FILE, Settings, keep_secrets, made_secrets, parse_secrets
from zonewire.backup.taking import Beside
from zonewire.errors import Conflict
from zonewire.keys import KeyRing

CATALOGUE_FILE = "catalogue.toml"
BEFORE = f"{SECRETS_FILE}.before-restore"


@dataclass(frozen=True, slots=True)
class PutBack:
    """What came of the files of a backup: what to tell, a line each; and whether secrets of the database open."""

    lines: tuple[str, ...]
    opens: bool


def beside(settings: Settings) -> Beside:
    """What a backup takes along, as it is now. Makes no key where there is none."""
    files = {}
    data_dir = settings.data_dir
    for name, path in (
        (SECRETS_FILE, data_dir / SECRETS_FILE),
        (KEYS_FILE, data_dir / KEYS_FILE),
        (CATALOGUE_FILE, settings.catalogue),
    ):
        try:
            files[name] = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as cause:
            raise Conflict(f"{path} cannot be read: {cause.strerror}", mend="Run it as who runs Zonewire.") from None
    return Beside(files, names_of_keys(settings))


def names_of_keys(settings: Settings) -> tuple[str, ...]:
    """The names of the keys of the ring as it is now; none where no key was made yet."""
    if settings.secret_key is not None and settings.is_given("secret_key"):
        return KeyRing.from_setting(settings.secret_key.get_secret_value()).names()
    made = made_secrets(settings.data_dir).get("secret_key")
    return KeyRing.from_setting(made).names() if made else ()


def put_back(settings: Settings, files: dict[str, bytes], *, keys: tuple[str, ...]) -> PutBack:
    """Put the *files* of a backup in their places; *keys* are the names of those that sealed what is in it.

    Secrets that stand there are replaced, and kept in a file beside; keys among them stay, behind those of the backup.
    """
    lines = []
    if SECRETS_FILE in files:
        lines += _put_secrets_back(settings, parse_secrets(files[SECRETS_FILE].decode()))
    if KEYS_FILE in files:
        KeyBook.parse(files[KEYS_FILE]).joined(KeyBook.read(settings.data_dir)).write(settings.data_dir)
    then = files.get(CATALOGUE_FILE)
    if then is not None and (not settings.catalogue.is_file() or settings.catalogue.read_bytes() != then):
        place = settings.data_dir / "catalogue.restored.toml"
        place.write_bytes(then)
        lines.append(f"The catalogue of then stands in {place}; {settings.catalogue} is another one.")
    opens = not keys or keys[0] in names_of_keys(settings)
    return PutBack(tuple(lines), opens)


def _put_secrets_back(settings: Settings, then: dict[str, str]) -> list[str]:
    now = made_secrets(settings.data_dir)
    lines = []
    if now and now != then:
        place = settings.data_dir / BEFORE
        shutil.copyfile(settings.data_dir / SECRETS_FILE, place)
        place.chmod(stat.S_IRUSR | stat.S_IWUSR)
        lines.append(f"The secrets that stood here before are kept in {place}.")
    kept = now | then
    rings = [ring.split(",") for ring in (then.get("secret_key"), now.get("secret_key")) if ring]
    if rings:
        kept["secret_key"] = ",".join(dict.fromkeys(key.strip() for ring in rings for key in ring if key.strip()))
    keep_secrets(settings.data_dir, kept)
    return lines
