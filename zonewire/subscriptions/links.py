"""The mail with the links to all subscriptions of one mailbox, for whoever asks for it on our pages."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func

from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.filters import parse_written
from zonewire.rendering.mail import write_mail
from zonewire.rendering.mime import Letter, Slots, compose
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_words, rhythm_in_words
from zonewire.store import many, values_of
from zonewire.store.tables import endpoints, subscribers, subscriptions
from zonewire.subscriptions.lifecycle import Subscription
from zonewire.subscriptions.statements import SHOWN

# What goes on at the mailboxes of some endpoints, in whatever case these are written; which of the endpoints it is.
# By primary keys, the index on lower(address), and that on the subscriber.
_asking, _owner, _same = endpoints.alias("asking"), subscribers.alias("owner"), subscribers.alias("same")
_GOING_ON = (
    SHOWN.add_columns(_asking.c.id.label("asked_by"))
    .join(_same, _same.c.id == subscriptions.c.subscriber_id)
    .join(_owner, func.lower(_owner.c.address) == func.lower(_same.c.address))
    .join(_asking, _asking.c.subscriber_id == _owner.c.id)
    .where(
        _asking.c.id.in_(values_of(many("endpoint_ids"))),
        endpoints.c.channel == "email",
        subscriptions.c.state.in_(["active", "paused"]),
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription, as the mail lists it."""

    filter: str
    rhythm: str
    is_paused: bool
    link: str


def links_messages(
    db: Connection, rows: Sequence[OwedLetter], *, mailing: Mailing, now: int
) -> dict[int, LetterMessage]:
    """By delivery, the mail that it owes; *now* (microseconds) becomes its Date.

    A delivery that is not named has nothing to list any more.
    """
    there: dict[int, list[Subscription]] = {}
    for row in db.execute(_GOING_ON, {"endpoint_ids": sorted({row.endpoint_id for row in rows})}).mappings():
        shown = {name: value for name, value in row.items() if name != "asked_by"}
        there.setdefault(row["asked_by"], []).append(Subscription(**shown))
    messages: dict[int, LetterMessage] = {}
    for owed in rows:
        if some := there.get(owed.endpoint_id):
            letter = _letter(some, mailing)
            messages[owed.id] = LetterMessage(
                delivery_id=owed.delivery_id, letter=letter, slots=mailing.slots(owed, now=now)
            )
    return messages


def _letter(some: Sequence[Subscription], mailing: Mailing) -> Letter:
    """In the language of the newest one. The links are one mailbox's own, so nobody shares this letter."""
    locale = some[-1].locale
    t, slots = words(locale), Slots()
    lines = [_line(one, t, mailing) for one in some]
    mail = write_mail("links", locale, about=mailing.portal, sender=mailing.sender, lines=lines)
    headers = mailing.headers(slots, subject=mail.subject)
    return compose(headers=headers, text=mail.text, html=mail.html, slots=slots)


def _line(one: Subscription, t: Words, mailing: Mailing) -> Line:
    rhythm = rhythm_in_words(one.cadence, t, at_minute=one.at_minute, weekday=one.weekday, timezone=one.timezone)
    said = filter_in_words(parse_written(one.written), t)
    return Line(said, rhythm, one.state == "paused", mailing.owner_link(one.id))
