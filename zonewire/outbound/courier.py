"""What a courier takes and brings back: requests go in with a ticket, replies come out with the same ticket.

A courier owns its connections and knows nothing of deliveries. One for each protocol: `http.py` (libcurl, in a process
of its own) and `smtp.py` (threads).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NewType, Protocol

Ticket = NewType("Ticket", int)
"""Chosen by whoever hands over; comes back with the reply."""

ANSWER_BYTES = 64 * 1024
"""Not more than this of an answer is read."""


class HttpRequest(NamedTuple):
    """One POST, or a GET where it has no body, in plain values: it may be carried to another process.

    A tuple: it is made for each of tens of thousands a second, and a frozen dataclass costs three times as much.
    """

    url: str
    host: str  # "host:port": what shares connections
    headers: tuple[str, ...]  # "name: value"
    body: bytes | None


@dataclass(frozen=True, slots=True)
class MailRequest:
    """One mail to one recipient."""

    host: str  # what shares connections: the recipient's domain, or the relay
    sender: str  # envelope
    recipient: str  # envelope
    content: Callable[[], bytes] | bytes  # the whole message with CRLF line ends
    name: str  # for the .eml file: the delivery's id


class DraftRequest(NamedTuple):
    """What is to be done about one draft of a WeChat Official Account."""

    host: str  # the AppID
    act: str  # add, update, submit, poll, or check: only whether the account lets us in
    articles: tuple[Any, ...] = ()  # digests.wechat.WechatArticle; at an update those that have changed
    indexes: tuple[int, ...] = ()  # at an update, which of the draft's articles these are
    media_id: str = ""
    publish_id: str = ""
    made_at: int = 0  # microseconds: the day on a cover of ours
    accent: str = ""
    name: str = ""  # the portal's
    is_uncertain: bool = False  # an earlier try may have done it already
    taken: tuple[str, ...] = ()  # media_ids of the account's drafts that belong to others
    told: str = ""  # JSON that comes back with the reply, for whoever settles it


Request = HttpRequest | MailRequest | DraftRequest


class Reply(NamedTuple):
    """What came back. `status` is 0 where no status line (HTTP) or final reply (SMTP) was read."""

    status: int = 0  # HTTP status, or the SMTP code of the reply that decided
    body: bytes = b""  # at most ANSWER_BYTES; for SMTP the text of the reply
    retry_after_s: int | None = None
    lost: bool = False  # bytes went out, and no answer came: the receiver may have it
    broken: bool = False  # the answer broke off behind its status line
    error: str = ""  # the courier's words where it failed: "connection refused"
    refused: bool = False  # the guard: the address leads inside
    unsent: bool = False  # handed back untried: its host does not answer, and it would only have waited
    took_ms: int = 0
    command: str = ""  # SMTP: the one whose reply decided: connect, login, mail, rcpt, data, or compose
    head: str = ""  # HTTP: status line and headers as they may be kept (outbound.heads); "" of most good answers


class Courier(Protocol):
    """Carries requests. All methods but `wait` are called from one thread at a time, `close` last.

    `finished` and `start` raise CourierGone once nothing is carried any more: the process must be replaced.
    """

    def wait(self, timeout_s: float) -> bool:
        """Until a reply is there to be fetched, for at most *timeout_s* seconds; whether one is."""

    @property
    def free_places(self) -> int:
        """How many more requests may be handed over now."""

    @property
    def in_flight(self) -> int:
        """How many were handed over and not yet fetched back."""

    def host_places(self) -> dict[str, int]:
        """Free places of each host that has requests with it; a host that is not named has `places_per_host`."""

    @property
    def places_per_host(self) -> int:
        """Free places of a host that has no request here."""

    def start(self, items: Sequence[tuple[Ticket, Request]]) -> None:
        """Hand over; returns at once."""

    def finished(self) -> list[tuple[Ticket, Reply]]:
        """Fetch every reply that has come, in no order."""

    def close(self, *, grace_s: float) -> None:
        """Finish what is in flight for at most *grace_s* seconds, then end."""
