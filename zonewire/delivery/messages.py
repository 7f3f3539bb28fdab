"""What a delivery carries, and to whom: the two things that a channel makes a request of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from zonewire.articles.model import Version
from zonewire.keys import SigningKey
from zonewire.rendering.mime import Letter


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a push goes. Secrets are open here: never log one of these."""

    id: int
    channel: str
    address: str
    host: str  # "host:port", or a mail domain
    signing: tuple[SigningKey, ...] = ()  # the newest first; more than one while a secret is replaced


class NewsMessage(NamedTuple):
    """An article's news or withdrawal, to one endpoint at once. A tuple, since one is made for each webhook."""

    delivery_id: str  # UUIDv7, the same on every try
    event_type: str  # article.published, article.updated, article.withdrawn
    sequence: int | None
    version: Version
    address: str  # of the article: its own, or our page of it
    at: int  # this try's moment in Unix seconds, for signatures


class TestMessage(NamedTuple):
    """What `endpoints test` sends to whatever is no mailbox: that we are here, and nothing else."""

    delivery_id: str
    sequence: int | None
    asked_at: int  # microseconds
    at: int  # this try's moment in Unix seconds, for signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterMessage:
    """A mail to one person: a letter composed once for all its readers, and this reader's slots."""

    delivery_id: str
    letter: Letter
    slots: Mapping[str, str]


class NoticeMessage(NamedTuple):
    """A changed feed document, to a subscriber of the hub (WebSub §7)."""

    topic: str
    hub: str
    content_type: str
    body: bytes
    secret: bytes | None  # open: never log one


@dataclass(frozen=True, slots=True)
class IntentMessage:
    """What the hub asks a callback, or tells it, about a subscription (WebSub §5.2, §5.3)."""

    mode: str  # subscribe, unsubscribe, denied
    topic: str
    challenge: str = ""
    lease_s: int | None = None
    reason: str = ""


class PingMessage(NamedTuple):
    """To another's hub: a topic that it may have subscribers for has changed."""

    topic: str


class NoRoom:
    """In a message's place where this turn has no room for it: it is claimed again in a moment."""


Message = NewsMessage | TestMessage | LetterMessage | NoticeMessage | IntentMessage | PingMessage
