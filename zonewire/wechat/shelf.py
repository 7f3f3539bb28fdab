"""Which pictures an account has already: what WeChat gave for each, by the SHA-256 of the picture as it was found."""

from contextlib import suppress
from typing import Protocol

from zonewire.errors import StoreBusy, StoreUnavailable
from zonewire.store import Store, now
from zonewire.wechat.statements import FORGET_MEDIA, KEEP_MEDIA, MEDIA


class Shelf(Protocol):
    """Keeps what uploads gave, across drafts."""

    def get(self, appid: str, digest: bytes, use: str) -> str | None:
        """What WeChat gave for the picture: an address (inside) or a media_id (cover)."""

    def put(self, appid: str, digest: bytes, use: str, value: str) -> None:
        """Keep it; where there is one already, instead of it."""

    def forget(self, appid: str, value: str) -> None:
        """The account has *value* no longer (40007): its owner has deleted it."""


class SqlShelf:
    """In the database; each method is a transaction of its own, so that none is open during an upload."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, appid: str, digest: bytes, use: str) -> str | None:
        """Read one row."""
        with suppress(StoreBusy, StoreUnavailable), self._store.reading() as db:
            return db.execute(MEDIA, {"wanted_appid": appid, "wanted_digest": digest, "wanted_use": use}).scalar()
        return None  # uploaded once more than it need be

    def put(self, appid: str, digest: bytes, use: str, value: str) -> None:
        """Write one row. May be lost in a power cut: then the picture is uploaded once more."""
        with suppress(StoreBusy, StoreUnavailable), self._store.settling() as db:
            row = {"appid": appid, "digest": digest, "use": use, "value": value, "kept_at": now(db)}
            db.execute(KEEP_MEDIA, row)

    def forget(self, appid: str, value: str) -> None:
        """Delete the rows of one upload."""
        with self._store.settling() as db:
            db.execute(FORGET_MEDIA, {"wanted_appid": appid, "lost_value": value})
