"""What every mail needs besides its contents: who sends it, where its links lead, and the keys that sign them."""

import pickle
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cached_property

from zonewire.keys import KeyRing, make_token
from zonewire.rendering.mime import Letter, Slots, mailbox
from zonewire.rendering.portal import Portal
from zonewire.store import SECOND

KEPT_LETTERS = 64
"""Composed letters that a process keeps ready: some 50 KB each, so a few MiB."""
PACKED_BYTES = 32 * 1024 * 1024
"""Of further ones, packed: some 10 KB each, so those of 3,000 editions."""

UNSUBSCRIBE_TOKEN = "unsubscribe"  # noqa: S105 - the purpose of a token, not one
CONFIRM_TOKEN = "confirm"  # noqa: S105 - the same
MANAGE_TOKEN = "manage"  # noqa: S105 - the same
EDITION_TOKEN = "edition"  # noqa: S105 - the same
OWNER_TOKEN = "owner"  # noqa: S105 - the same
OWNER_FOR_S = 3600
"""A link that its reader has just asked for opens more than the link of each mail, which may have been passed on."""
MANAGE_FOR_S = 400 * 24 * 3600
"""A link to change a subscription works for so long; one to leave it always does."""

UNSUBSCRIBE, MANAGE = "unsubscribe", "manage"
"""The slots that hold a reader's own links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedLetter:
    """A claimed delivery that becomes a mail."""

    id: int
    delivery_id: str  # UUIDv7: the Message-ID's left part
    subscription_id: int  # 0 where it is about none
    edition_id: int | None = None
    endpoint_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedNews:
    """A claimed delivery that becomes the mail of one article."""

    id: int
    delivery_id: str
    endpoint_id: int
    number: int
    event_type: str


class Letters:
    """The letters that were composed last, by what went into them.

    Mails are claimed in the order of their addresses, so the readers of all editions come mixed: a process keeps the
    letters of a whole morning, or it would compose one for nearly every reader. All but the last are packed.
    """

    def __init__(self, *, packed_bytes: int = PACKED_BYTES) -> None:
        self._ready: OrderedDict[Hashable, Letter | None] = OrderedDict()
        self._packed: OrderedDict[Hashable, bytes] = OrderedDict()
        self._room = packed_bytes
        self._lock = threading.Lock()

    def get(self, key: Hashable, compose: Callable[[], Letter | None]) -> Letter | None:
        """The letter kept under *key*, else what *compose* makes."""
        with self._lock:
            if key in self._ready:
                self._ready.move_to_end(key)
                return self._ready[key]
            packed = self._packed.get(key)
        letter = compose() if packed is None else _unpacked(packed)
        with self._lock:
            self._ready[key] = letter
            while len(self._ready) > KEPT_LETTERS:
                self._put_away(*self._ready.popitem(last=False))
        return letter

    def _put_away(self, key: Hashable, letter: Letter | None) -> None:
        """Pack *letter*, unless it is packed, and let go of those that were put away first where there is no room."""
        packed = self._packed.pop(key, None)
        self._packed[key] = packed if packed is not None else _packed(letter)
        self._room -= len(self._packed[key]) if packed is None else 0
        while self._room < 0:
            self._room += len(self._packed.popitem(last=False)[1])


def _packed(letter: Letter | None) -> bytes:
    return zlib.compress(pickle.dumps(letter), level=1)


def _unpacked(packed: bytes) -> Letter | None:
    letter: Letter | None = pickle.loads(zlib.decompress(packed))  # noqa: S301 - this process wrote it, for itself
    return letter


@dataclass(frozen=True)
class Mailing:
    """Handed down by the process that builds mails, one for its life: it keeps what it composed."""

    base_url: str  # without a slash at its end
    mail_from: str  # "Name <address>"; the address is the envelope's sender too
    keys: KeyRing
    portal: Portal = field(default_factory=Portal)  # whose news this is, as its readers know it
    letters: Letters = field(default_factory=Letters, compare=False, repr=False)

    @cached_property
    def sender(self) -> str:
        """The address of MAIL_FROM. Raises InvalidInput where it holds none."""
        return mailbox(self.mail_from)[1]

    @cached_property
    def domain(self) -> str:
        """The domain of MAIL_FROM: Message-IDs and the list's id are made under it."""
        return self.sender.rpartition("@")[2]

    def headers(self, slots: Slots, *, subject: str) -> list[tuple[str, str]]:
        """What every mail begins with, the marks of *slots* where a reader's own values will stand."""
        return [
            ("From", self.mail_from),
            ("To", slots.mark("to")),
            ("Subject", subject),
            ("Date", slots.mark("date")),
            ("Message-ID", f"<{slots.mark('id')}@{self.domain}>"),
            ("Auto-Submitted", "auto-generated"),
        ]

    def slots(self, row: OwedLetter | OwedNews, *, now: int) -> dict[str, str]:
        """The values that every mail has of its own, but for the recipient, which the channel fills in."""
        return {"id": row.delivery_id, "date": format_datetime(datetime.fromtimestamp(now // SECOND, UTC))}

    def reader_links(self, subscription_id: int) -> dict[str, str]:
        """The values of the slots that every mail of a subscription has: where its reader changes and leaves it."""
        return {UNSUBSCRIBE: self.unsubscribe_link(subscription_id), MANAGE: self.manage_link(subscription_id)}

    def unsubscribe_link(self, subscription_id: int) -> str:
        """Where a reader of this subscription leaves it; never expires."""
        return f"{self.base_url}/unsubscribe/{make_token(self.keys, UNSUBSCRIBE_TOKEN, subscription_id)}"

    def manage_link(self, subscription_id: int) -> str:
        """Where a reader changes this subscription; works for MANAGE_FOR_S seconds."""
        return f"{self.base_url}/manage/{make_token(self.keys, MANAGE_TOKEN, subscription_id)}"

    def owner_link(self, subscription_id: int) -> str:
        """Where whoever reads this mailbox now changes this subscription, and what is kept about them."""
        return f"{self.base_url}/manage/{make_token(self.keys, OWNER_TOKEN, subscription_id)}"

    def edition_link(self, edition_id: int, made_at: int) -> str:
        """The page of an edition that was made at *made_at* microseconds: one address for all its readers, for good."""
        return f"{self.base_url}/editions/{make_token(self.keys, EDITION_TOKEN, edition_id, now_s=made_at // SECOND)}"

    def confirm_link(self, subscription_id: int) -> str:
        """Where a reader confirms this subscription."""
        return f"{self.base_url}/confirm/{make_token(self.keys, CONFIRM_TOKEN, subscription_id)}"
