"""What a delivery carries, and to whom: the two things that a channel makes a request of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

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
    signing: tuple[SigningKey, ...] = ()  # a webhook's: the newest first; more than one while a secret is replaced
    secret: str = ""  # a robot's, for its platform's way of signing; "" where nothing is signed


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


class AlarmMessage(NamedTuple):
    """To a webhook of an operator: that something is wrong with this installation, or is not any more."""

    delivery_id: str  # the same on every try
    type: str  # alarm.began, alarm.ended
    timestamp: str  # RFC 3339
    data: Mapping[str, Any]
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


class CardSort(StrEnum):
    """What a card in a chat is about."""

    NEWS = "news"  # one article, or several that came together
    CHANGES = "changes"  # 更正, 撤稿
    DIGEST = "digest"
    GREETING = "greeting"  # `endpoints test`
    ALARM = "alarm"
    ALARM_OVER = "alarm_over"


class CardItem(NamedTuple):
    """One article in a card. All texts are plain, on one line, and whole: each platform cuts for itself."""

    title: str
    url: str  # "" of a withdrawn one
    number: int = 0  # its version, by acceptance number
    summary: str = ""
    meta: str = ""  # where and when it is from
    picture: str = ""  # an https address
    mark: str = ""  # what stands before the title: 更正, 撤稿; "" of news
    group: str = ""  # the place under whose heading it stands
    page: str = ""  # a short address of ours, for a message that cannot hold `url`


class CardMessage(NamedTuple):
    """What a robot writes into its chat."""

    sort: CardSort
    locale: str
    portal: str  # its name in that language
    home: str  # where a card leads that is about no single article
    heading: str  # one line that says what this is; "" of one article alone, whose title does
    lead: str  # a sentence under it; may be ""
    items: tuple[CardItem, ...]
    at: int  # this try's moment in Unix seconds, for signatures
    more: str = ""  # how many are left out; "" where none is
    more_url: str = ""
    part: int = 1
    parts: int = 1
    plain: bool = False  # the rich form of it was refused


class UrlsMessage(NamedTuple):
    """The addresses of articles that are new, changed or withdrawn, to a search engine."""

    urls: tuple[str, ...]
    service: str  # where they are sent
    key: str  # what we prove by that the site is ours; open: never log one


class DraftMessage(NamedTuple):
    """What is to be done about a draft of an Official Account: see outbound.courier.DraftRequest."""

    act: str
    articles: tuple[Any, ...] = ()
    indexes: tuple[int, ...] = ()
    media_id: str = ""
    publish_id: str = ""
    made_at: int = 0
    accent: str = ""
    name: str = ""
    is_uncertain: bool = False
    taken: tuple[str, ...] = ()
    told: Mapping[str, Any] = {}  # comes back with the reply, for whoever keeps what is known of drafts


class NoRoom:
    """In a message's place where this turn has no room for it: it is claimed again in a moment."""


Message = (
    NewsMessage
    | TestMessage
    | AlarmMessage
    | LetterMessage
    | NoticeMessage
    | IntentMessage
    | PingMessage
    | CardMessage
    | UrlsMessage
    | DraftMessage
)
