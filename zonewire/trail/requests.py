"""What a receiver was sent, or would be now: the request of one delivery, built anew by what builds it for the push.

Of a request nothing is kept but what it is built of. So it is built once more, as of the moment of its last try, and
nothing is claimed or changed by that; where it may differ from what went out a remark says so. Signatures, tokens of
links and keys are hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from zonewire.building import Builder, Built
from zonewire.channels.registry import ROBOTS, TERMS
from zonewire.delivery.channel_names import SEALED
from zonewire.delivery.ledger import Claimed
from zonewire.delivery.listing import keys_of
from zonewire.delivery.loads import Load
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import NoRoom
from zonewire.delivery.statements import EVENT_TYPE
from zonewire.delivery.states import ARTICLE_KINDS, Kind, State
from zonewire.loading import Services
from zonewire.outbound.courier import HttpRequest, MailRequest, Request
from zonewire.rendering.translation import Words
from zonewire.store import Store
from zonewire.trail import statements
from zonewire.trail.hiding import Hiding, Shown, shown_http, shown_mail
from zonewire.trail.reasons import IN_ENGLISH

SETTLED_TOGETHER = 10_000
"""Deliveries of one request were owed near each other: so many keys at most lie between two of them."""


class Remark(StrEnum):
    """What is to be said of a request that is shown, or why none is: the sentence `sent.REMARK` of a language."""

    ERASED = "erased"
    PRUNED = "pruned"
    CONVERSATION = "conversation"
    OVER = "over"
    UNBUILDABLE = "unbuildable"
    UNTRIED = "untried"
    ANEW = "anew"
    PRESENT = "present"
    PARTS = "parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as people may see it; without a `shown` part, why there is none."""

    shown: Shown | None = None
    together: int = 1  # deliveries that it carries: several articles in one card, or addresses in one request
    remarks: tuple[Remark, ...] = ()
    why_not: Remark | None = None
    detail: str = ""  # of `why_not`: "ZONEWIRE_BAIDU_TOKEN is not set"

    def said(self, t: Words) -> list[str]:
        """The remarks as sentences."""
        found = [t("sent.together", n=self.together)] if self.together > 1 else []
        found += [t(f"sent.{remark}") for remark in self.remarks]
        if self.shown is not None and self.shown.is_cut:
            found.append(t("sent.cut", bytes=f"{self.shown.body_bytes:,}"))
        return found

    def said_why_not(self, t: Words) -> str:
        """Why there is no request, as a sentence; "" where there is one."""
        return "" if self.why_not is None else f"{t(f'sent.{self.why_not}')} {self.detail}".strip()

    def as_json(self, t: Words = IN_ENGLISH.t) -> dict[str, Any]:
        """As `deliveries show --sent --json` prints it."""
        shown = self.shown or Shown()
        return {
            "method": shown.method or None,
            "to": shown.to or None,
            "headers": [list(header) for header in shown.headers],
            "body": shown.body,
            "body_bytes": shown.body_bytes,
            "together": self.together,
            "remarks": self.said(t),
            "why_not": self.said_why_not(t) or None,
        }


def request_of(store: Store, name: str, *, installation: int, mailing: Mailing, services: Services) -> Sent:
    """The request of the delivery called *name*. Raises NotFound, and what the database raises; writes nothing."""
    with store.reading() as db:
        (key,) = keys_of(db, [name], installation=installation)
        row = db.execute(statements.OWED, {"of_id": key}).one()
        lost = _lost(db, row)
        if lost is not None:
            return Sent(why_not=lost)
        tried_at = _tried_at(db, row)
        rows = [_claimed(db, one) for one in _together(db, row)]
    builder = Builder(store, installation, mailing, services)
    request, together = _built(builder, rows, key=key, now=tried_at)
    challenge = builder.notes.get(key, "") if row.kind == Kind.VERIFICATION else ""
    hiding = Hiding((*builder.secrets_of(row.endpoint_id), *filter(None, [challenge])), mailing.base_url)
    return _sent(row, request, hiding, together=together)


def _sent(row: Any, request: Built, hiding: Hiding, *, together: int) -> Sent:
    """*request* with what is secret hidden, or why there is none."""
    if request is None or isinstance(request, NoRoom):
        return Sent(why_not=Remark.OVER)
    try:
        shown = _shown(row, request, hiding)
    except Exception as error:  # whatever it is: that this one cannot be built is what was asked
        request = error
    if isinstance(request, Exception):
        return Sent(why_not=Remark.UNBUILDABLE, detail=hiding(str(request)))
    return Sent(shown=shown, together=together, remarks=_remarks(row))


def _shown(row: Any, request: Request | Exception, hiding: Hiding) -> Shown | None:
    match request:
        case HttpRequest():
            return shown_http(request, hiding, to=row.address if row.channel in SEALED else None)
        case MailRequest():
            return shown_mail(request, hiding)
    return None


def _lost(db: Connection, row: Any) -> Remark | None:
    """Why there is nothing to build of; None where there is."""
    if row.address is None and row.sealed_address is None:
        return Remark.ERASED
    if row.channel == "wechat_oa":
        return Remark.CONVERSATION
    there = db.execute(statements.IS_KEPT, {"number": row.number, "edition": row.edition_id}).one()
    if (row.number is not None and not there.has_version) or (row.edition_id is not None and not there.has_edition):
        return Remark.PRUNED
    return None


def _remarks(row: Any) -> tuple[Remark, ...]:
    found: list[Remark] = []
    if not (row.attempts or row.waits or row.unknowns or row.part) and row.state != State.DELIVERED:
        found.append(Remark.UNTRIED)
    elif row.kind == Kind.NOTICE:
        found.append(Remark.PRESENT)
    elif row.channel != "webhook":  # whose body is made of a version alone, which never changes
        found.append(Remark.ANEW)
    if row.kind == Kind.DIGEST and row.channel in ROBOTS and row.part:
        found.append(Remark.PARTS)
    return tuple(found)


def _tried_at(db: Connection, row: Any) -> int | None:
    """When it was last sent: what a mail says of its own lateness goes by that. None where it was not yet."""
    if row.state == State.DELIVERED:
        return int(row.settled_at)
    return db.execute(statements.LAST_TRY, {"of_id": row.id}).scalar()


def _together(db: Connection, row: Any) -> Sequence[Any]:
    """The rows that the request carried which *row* was last sent by, in their order; else *row* alone."""
    if row.channel not in TERMS or row.kind not in ARTICLE_KINDS or row.plain:
        return [row]
    near = {"endpoint": row.endpoint_id, "first": row.id - SETTLED_TOGETHER, "last": row.id + SETTLED_TOGETHER}
    if row.state == State.DELIVERED:  # one request of an endpoint is out at a time, and its rows are settled together
        found = db.execute(statements.DELIVERED_TOGETHER, near | {"moment": row.settled_at}).all()
    else:
        found = db.execute(statements.TRIED_TOGETHER, near | {"of_id": row.id}).all()
    newest_first = TERMS[row.channel].sorts is False
    return sorted(found, key=lambda one: one.number or 0, reverse=newest_first) or [row]


def _claimed(db: Connection, row: Any) -> Claimed:
    """*row* as a claim would tell of it; what is fixed at a first claim is what it would be now."""
    known = {name: getattr(row, name) for name in Claimed._fields if hasattr(row, name)}
    fixed = {
        "kind": Kind(row.kind),
        "due_at": row.due_at or 0,
        "plain": int(row.plain),
        "event_type": db.execute(EVENT_TYPE.on(db), {"of_id": row.id}).scalar(),
        "lease_id": 0,
        "secret_mark": None,
    }
    return Claimed(**known | fixed)


def _built(builder: Builder, rows: Sequence[Claimed], *, key: int, now: int | None) -> tuple[Built, int]:
    """The request that carries the row *key*, with the others where they fit; and how many it carries."""
    own = [row for row in rows if row.id == key]
    if own[0].channel not in TERMS:
        ((_, request),) = builder.built(own, now=now)
        return request, 1
    for some in (rows, own):
        for built in builder.built_loads([Load(tuple(some), 0)], now=now):
            if own[0] in built.rows and not isinstance(built.request, NoRoom):
                return built.request, len(built.rows)
    return None, 1
