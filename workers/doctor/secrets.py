"""What the doctor looks at of secrets: whether the ring opens what is sealed, and whether anybody could guess one."""

from collections.abc import Iterator
from contextlib import closing

from pydantic import SecretStr
from sqlalchemy import select

from config.settings import PREFIX, Settings
from workers.doctor.files import sqlite_file
from workers.doctor.findings import Finding, Result
from zonewire.errors import SettingWrong
from zonewire.keys import KeyRing
from zonewire.store import migrate, open_store
from zonewire.store.tables import endpoints

SHORT = 16
LOOKED_AT = 20
GUESSABLE = ("secret_key", "event_token", "admin_token", "metrics_token")


def examine_secrets(settings: Settings) -> Iterator[Finding]:
    """The newest sealed secrets, and the length of those that are set."""
    yield from _guessable(settings)
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        return
    with closing(open_store(settings.database, pool_size=1)) as store, store.reading() as db:
        if not migrate.is_current(db):
            return
        newest = select(endpoints.c.secret).where(endpoints.c.secret.is_not(None)).order_by(endpoints.c.id.desc())
        sealed = [bytes(one) for one in db.execute(newest.limit(LOOKED_AT)).scalars()]
    shut = len(sealed) - sum(_opens(settings.secret_key, one) for one in sealed)
    if shut:
        found = f"SECRET_KEY does not open {shut} of the newest {len(sealed)} secrets: what is owed there waits"
        mend = "Put the key back into ZONEWIRE_SECRET_KEY, behind the first, after a comma; a backup says which it was."
        yield Finding("secrets", Result.FAIL, found, mend)
    elif sealed:
        yield Finding("secrets", Result.OK, "the ring opens what is sealed in the database")


def _guessable(settings: Settings) -> Iterator[Finding]:
    for name in GUESSABLE:
        value = getattr(settings, name)
        if value is not None and any(len(one.strip()) < SHORT for one in value.get_secret_value().split(",")):
            mend = "Make a longer one: openssl rand -hex 32. A key is replaced by `zonewire keys rotate`."
            yield Finding("secrets", Result.WARN, f"{PREFIX}{name.upper()} has fewer than {SHORT} characters", mend)


def _opens(ring: SecretStr | None, sealed: bytes) -> bool:
    try:
        return ring is not None and bool(KeyRing.from_setting(ring.get_secret_value()).open(sealed))
    except SettingWrong:
        return False


def examine_guard(settings: Settings) -> Iterator[Finding]:
    """Whether strangers can make us call our own neighbours."""
    if settings.allow_private_endpoints:
        found = "ZONEWIRE_ALLOW_PRIVATE_ENDPOINTS is on: whoever may subscribe reaches what stands inside your network"
        mend = "Switch it off, and name in ZONEWIRE_ALLOW_ENDPOINTS the address:port pairs that are meant."
        yield Finding("guard", Result.WARN, found, mend)
