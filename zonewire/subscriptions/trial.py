"""The mail of `endpoints test`: that mails of this portal arrive, in the language that its reader chose."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, bindparam, exists, func, select

from zonewire.delivery.channel_names import TOLD_BY_URL
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.delivery.owing import owe_test
from zonewire.errors import Conflict
from zonewire.rendering.mail import write_mail
from zonewire.rendering.mime import Letter, Slots, compose
from zonewire.rendering.translation import LOCALES
from zonewire.store import many, values_of
from zonewire.store.tables import endpoints, subscriptions

# The language of each endpoint's newest subscription. By the index on the endpoint.
_LOCALES = select(subscriptions.c.endpoint_id, subscriptions.c.locale).where(
    subscriptions.c.id.in_(
        select(func.max(subscriptions.c.id))
        .where(subscriptions.c.endpoint_id.in_(values_of(many("endpoint_ids"))))
        .group_by(subscriptions.c.endpoint_id)
    )
)
# Whether an endpoint is a mailbox, and whether somebody who reads there has agreed. By the index on the endpoint.
_ASKED = select(
    endpoints.c.channel,
    exists()
    .where(subscriptions.c.endpoint_id == endpoints.c.id, subscriptions.c.state.in_(["active", "paused"]))
    .label("agreed"),
).where(endpoints.c.id == bindparam("endpoint_id"))


def refuse_unasked(db: Connection, endpoint_id: int) -> None:
    """Raise Conflict where a test would be a mail to somebody who has not confirmed, or has left; and for the hub's."""
    row = db.execute(_ASKED, {"endpoint_id": endpoint_id}).one()
    if row.channel == "websub":
        raise Conflict(
            f"{shown_id(endpoint_id)} belongs to the hub, which sends feed documents and nothing else",
            mend="`zonewire hub list` shows what is sent there; publishing an article sends it.",
        )
    if row.channel in TOLD_BY_URL:
        raise Conflict(
            f"{shown_id(endpoint_id)} stands for a search engine, which is told addresses and nothing else",
            mend="Publishing an article tells it; `zonewire doctor` looks for IndexNow's key.",
        )
    if row.channel == "email" and not row.agreed:
        raise Conflict(
            f"nobody at {shown_id(endpoint_id)} wants mail: no subscription there is confirmed",
            mend=f"`zonewire endpoints show {shown_id(endpoint_id)}` lists what there was.",
        )


def owe_trial(db: Connection, endpoint_id: int, *, installation: int, now: int) -> str:
    """Owe a test message to an endpoint; the delivery's id, as everybody outside sees it. Raises Conflict."""
    refuse_unasked(db, endpoint_id)
    owed = owe_test(db, endpoint_id, now=now)
    if owed is None:
        shown = shown_id(endpoint_id)
        raise Conflict(f"{shown} is disabled", mend=f"`zonewire endpoints enable {shown}` turns it on.")
    return delivery_uuid(installation, owed, now)


def trial_messages(
    db: Connection, rows: Sequence[OwedLetter], *, mailing: Mailing, now: int
) -> dict[int, LetterMessage]:
    """By delivery, the mail that it owes; *now* (microseconds) becomes its Date."""
    endpoint_ids = sorted({row.endpoint_id for row in rows})
    locales = {row.endpoint_id: row.locale for row in db.execute(_LOCALES, {"endpoint_ids": endpoint_ids})}
    messages: dict[int, LetterMessage] = {}
    for row in rows:
        locale = locales.get(row.endpoint_id, LOCALES[0])
        letter = mailing.letters.get(("trial", locale), partial(_compose, locale, mailing))
        assert letter is not None  # noqa: S101 - _compose makes one always
        slots = mailing.slots(row, now=now)
        messages[row.id] = LetterMessage(delivery_id=row.delivery_id, letter=letter, slots=slots)
    return messages


def _compose(locale: str, mailing: Mailing) -> Letter:
    slots = Slots()
    written = write_mail("trial", locale, about=mailing.portal, sender=mailing.sender)
    headers = mailing.headers(slots, subject=written.subject)
    return compose(headers=headers, text=written.text, html=written.html, slots=slots)
