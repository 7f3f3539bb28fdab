"""Building: the request of each claimed row. It only reads, and what cannot be built spoils nothing else.

What the next batch will need as well is kept: versions, and endpoints with their secrets open.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

from zonewire.articles import reading
from zonewire.articles.model import Version
from zonewire.channels.registry import CHANNELS
from zonewire.delivery import opening
from zonewire.delivery.addresses import secrets_in
from zonewire.delivery.channel_names import SEALED
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.ledger import Claimed
from zonewire.delivery.loads import Load
from zonewire.delivery.mailing import Mailing, OwedLetter, OwedNews
from zonewire.delivery.messages import Endpoint, LetterMessage, Message, NewsMessage, NoRoom, TestMessage
from zonewire.delivery.states import ARTICLE_KINDS, Kind
from zonewire.digests import digest_messages, news_messages
from zonewire.errors import StoreBusy, StoreUnavailable, ZonewireError
from zonewire.hub import hub_messages
from zonewire.loading import Portion, Services, portions_of
from zonewire.outbound.courier import DraftRequest, HttpRequest, Reply, Request
from zonewire.store import SECOND, Store
from zonewire.store import now as clock
from zonewire.subscriptions.confirmation import confirmation_messages
from zonewire.subscriptions.links import links_messages
from zonewire.subscriptions.trial import trial_messages

VERSIONS_KEPT = 512
MADE_OF_TABLES = frozenset({"email", "websub"})
"""Channels whose messages are more than an article's news."""
ENDPOINTS_KEPT = 32_768
"""Some 20 MiB of open secrets and addresses, in a process that pushes to so many."""

_FOR_EVER = 2**63

Made = dict[int, Message | NoRoom | Exception]
"""Messages that are read from the database, or why there is none, by row."""


Built = Request | NoRoom | Exception | None


class BuiltLoad(NamedTuple):
    """Rows that one request carries."""

    rows: tuple[Claimed, ...]
    mark: int  # of its place in the pace
    request: Built


class _Kept(NamedTuple):
    """An endpoint with its secrets open, or why it cannot be opened."""

    mark: str | None  # of its sealed secret
    endpoint: Endpoint | Exception
    until: int  # when its previous secret ends


class Builder:
    """Builds requests in one process."""

    def __init__(self, store: Store, installation: int, mailing: Mailing, services: Services) -> None:
        self._store, self._installation, self._mailing = store, installation, mailing
        self._services = services
        self._versions: dict[int, Version] = {}
        self._endpoints: dict[int, _Kept] = {}
        self.notes: dict[int, str] = {}  # what was written beside a row's request, for whoever settles it to take

    def built(self, rows: Sequence[Claimed], *, now: int | None = None) -> list[tuple[Claimed, Built]]:
        """The request of each row, in order; None where nothing is left to say, else why it is not built.

        As it is at *now* (microseconds; unset: by the database's clock). Raises what the database raises: then nothing
        was built.
        """
        mails = [row for row in rows if row.channel == "email"]
        hubs = [row for row in rows if row.channel == "websub"]
        made: Made = {}
        with self._store.reading() as db:
            if len(mails) + len(hubs) < len(rows):
                self._load_versions(db, rows)
            self._load_endpoints(db, rows)
            if mails:
                made = _each_or_all(lambda some: self._letters(db, some, now), mails)
            if hubs:
                made |= _each_or_all(lambda some: self._of_hub(db, some, now), hubs)
        at = _seconds(now)
        return [(row, self._request(row, made, at)) for row in rows]

    def built_loads(self, loads: Sequence[Load], *, now: int | None = None) -> list[BuiltLoad]:
        """The request of each load, or why there is none; a load may come apart. As `built` otherwise."""
        at = _seconds(now)
        with self._store.reading() as db:
            self._load_endpoints(db, [row for load in loads for row in load.rows])
            sites = {row.endpoint_id: self._address(row) for load in loads for row in load.rows[:1]}
            found = portions_of(db, loads, sites=sites, mailing=self._mailing, services=self._services, at=at)
        return [one for load, portions in zip(loads, found, strict=True) for one in self._built_load(load, portions)]

    def _built_load(self, load: Load, portions: Sequence[Portion]) -> list[BuiltLoad]:
        requests = [self._request_of(portion) for portion in portions]
        sent = next((nth for nth, request in enumerate(requests) if isinstance(request, HttpRequest | DraftRequest)), 0)
        if isinstance(requests[sent], HttpRequest):
            self.notes |= portions[sent].notes
        marks = [load.mark if nth == sent else 0 for nth in range(len(portions))]
        return [
            BuiltLoad(portion.rows, mark, request)
            for portion, mark, request in zip(portions, marks, requests, strict=True)
        ]

    def _request_of(self, portion: Portion) -> Built:
        message, row = portion.message, portion.rows[0]
        if message is None or isinstance(message, NoRoom | Exception):
            return message
        try:
            return CHANNELS[row.channel].build(message, self._endpoint(row))
        except Exception as error:  # whatever it is: it is this load's alone
            return error

    def redacted(self, row: Claimed, reply: Reply) -> Reply:
        """*reply* without the endpoint's secrets, which a platform may repeat in its answer: it is kept and shown."""
        body, head = reply.body, reply.head
        for secret in self.secrets_of(row.endpoint_id):
            body, head = body.replace(secret.encode(), "…".encode()), head.replace(secret, "…")
        return reply if (body, head) == (reply.body, reply.head) else reply._replace(body=body, head=head)

    def secrets_of(self, endpoint_id: int) -> list[str]:
        """What must not be kept or shown of what is said to and by an endpoint that was built for; the longest first.

        Pieces of a robot's address, its secret, and the keys of search engines.
        """
        kept, services = self._endpoints.get(endpoint_id), self._services
        if kept is None or not isinstance(kept.endpoint, Endpoint):
            return []
        sealed = (kept.endpoint.address, kept.endpoint.secret) if kept.endpoint.channel in SEALED else ("", "")
        return secrets_in(*sealed, services.baidu_token, services.indexnow_key)

    def _address(self, row: Claimed) -> str:
        endpoint = self._endpoints[row.endpoint_id].endpoint
        return endpoint.address if isinstance(endpoint, Endpoint) else ""

    def _request(self, row: Claimed, made: Made, at: int) -> Built:
        try:
            message = made.get(row.id) if row.channel in MADE_OF_TABLES else self._news(row, at)
            if message is None or isinstance(message, NoRoom | Exception):
                return message
            return CHANNELS[row.channel].build(message, self._endpoint(row))
        except Exception as error:  # whatever it is: it is this row's alone
            return error

    def _news(self, row: Claimed, at: int) -> Message:
        if row.kind == Kind.TEST:
            ident = delivery_uuid(self._installation, row.id, row.created_at)
            return TestMessage(ident, row.sequence, row.created_at, at)
        version = self._versions.get(row.number or 0)
        if version is None or row.event_type is None:
            raise LookupError(f"version {row.number} is not there")
        return NewsMessage(
            delivery_uuid(self._installation, row.id, row.created_at),
            row.event_type,
            row.sequence,
            version,
            version.article.url or reading.address_of(version, self._mailing.base_url),
            at,
        )

    def _load_versions(self, db: Connection, rows: Sequence[Claimed]) -> None:
        missing = {row.number for row in rows if row.number is not None} - self._versions.keys()
        if len(self._versions) + len(missing) > VERSIONS_KEPT:
            self._versions.clear()
            missing = {row.number for row in rows if row.number is not None}
        if missing:
            self._versions |= reading.readable(db, sorted(missing))  # of one that cannot be read only its own fall

    def _letters(self, db: Connection, rows: Sequence[Claimed], now: int | None) -> Made:
        """The mails of *rows*. One that is not named has nothing to say any more."""
        now, mailing = clock(db) if now is None else now, self._mailing
        messages: Made = {}
        builders: dict[Kind, Callable[..., dict[int, LetterMessage]]] = {
            Kind.DIGEST: digest_messages,
            Kind.RESEND: partial(digest_messages, again=True),
            Kind.CONFIRMATION: confirmation_messages,
            Kind.LINKS: links_messages,
            Kind.TEST: trial_messages,
        }
        for kind, build in builders.items():
            owed = [self._owed_letter(row) for row in rows if row.kind == kind]
            if owed:
                messages |= build(db, owed, mailing=mailing, now=now)
        instant = [self._owed_news(row) for row in rows if row.kind in ARTICLE_KINDS]
        if instant:
            messages |= news_messages(db, instant, mailing=mailing, now=now)
        return messages

    def _of_hub(self, db: Connection, rows: Sequence[Claimed], now: int | None) -> Made:
        """The hub's messages of *rows*; what their settlements will need is noted."""
        now, mailing = clock(db) if now is None else now, self._mailing
        found = hub_messages(db, rows, base_url=mailing.base_url, keys=mailing.keys, now=now)
        self.notes |= {ident: note for ident, (_, note) in found.items() if note}
        return {ident: message for ident, (message, _) in found.items()}

    def _owed_letter(self, row: Claimed) -> OwedLetter:
        return OwedLetter(
            id=row.id,
            delivery_id=delivery_uuid(self._installation, row.id, row.created_at),
            subscription_id=row.subscription_id or 0,
            edition_id=row.edition_id,
            endpoint_id=row.endpoint_id,
        )

    def _owed_news(self, row: Claimed) -> OwedNews:
        return OwedNews(
            id=row.id,
            delivery_id=delivery_uuid(self._installation, row.id, row.created_at),
            endpoint_id=row.endpoint_id,
            number=row.number or 0,
            event_type=row.event_type or "",
        )

    def _load_endpoints(self, db: Connection, rows: Sequence[Claimed]) -> None:
        """Open the endpoints of *rows* that are not kept as they are now; the next article goes to the same ones."""
        now, kept = clock(db), self._endpoints
        missing = {
            row.endpoint_id: row.secret_mark
            for row in rows
            if (known := kept.get(row.endpoint_id)) is None or known.mark != row.secret_mark or known.until <= now
        }
        if not missing:
            return
        if len(kept) + len(missing) > ENDPOINTS_KEPT:
            kept.clear()
            missing = {row.endpoint_id: row.secret_mark for row in rows}
        for row in db.execute(opening.ENDPOINTS, {"endpoint_ids": list(missing)}):
            kept[row.id] = self._opened(row, missing[row.id], now)

    def _opened(self, row: Any, mark: str | None, now: int) -> _Kept:
        is_replaced = row.previous_secret is not None and (row.previous_until or 0) > now
        try:
            endpoint = opening.opened(row, keys=self._mailing.keys, now=now)
        except ZonewireError as error:
            return _Kept(mark, error, 0)
        return _Kept(mark, endpoint, row.previous_until if is_replaced else _FOR_EVER)

    def _endpoint(self, row: Claimed) -> Endpoint:
        endpoint = self._endpoints[row.endpoint_id].endpoint
        if isinstance(endpoint, Exception):
            raise endpoint
        return endpoint


def _seconds(now: int | None) -> int:
    """*now*, or the moment that it is, in Unix seconds: what signatures name."""
    return int(time.time()) if now is None else now // SECOND


def _each_or_all(build: Callable[[Sequence[Claimed]], Made], rows: Sequence[Claimed]) -> Made:
    """Build all at once; where that fails, one by one, so that a poisoned row falls alone."""
    try:
        return dict(build(rows))
    except (StoreBusy, StoreUnavailable):
        raise
    except Exception as error:
        if len(rows) == 1:
            return {rows[0].id: error}
    messages: Made = {}
    for row in rows:
        messages |= _each_or_all(build, [row])
    return messages
