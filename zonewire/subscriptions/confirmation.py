"""The confirmation mail: asks a reader whether the subscription is theirs, in its own language and words."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, Text, select

from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.filters import parse_written
from zonewire.rendering.mail import write_mail
from zonewire.rendering.mime import Letter, Slots, compose
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_words, filter_of_a_stranger
from zonewire.store import many, values_of
from zonewire.store.tables import consents, feeds, subscriptions
from zonewire.subscriptions.statements import SHOWN

CONFIRM = "confirm"
"""The slot that holds a reader's own link."""

# Those of some subscriptions that were asked for on a page. By the index on the subscription.
_BY_STRANGERS = select(consents.c.subscription_id).where(
    consents.c.subscription_id.in_(values_of(many("subscription_ids"))), consents.c.act == "asked"
)
# Zones, cities and sections that have had an article: their names stand in feeds, which are some thousands at most.
_KNOWN_PLACES = select(feeds.c.title).where(
    feeds.c.kind.in_(["zone", "city", "section"]), feeds.c.title.in_(values_of(many("names", Text)))
)
# What the mails of some subscriptions say. By primary key.
_ASKED = SHOWN.where(subscriptions.c.id.in_(values_of(many("subscription_ids"))))


def confirmation_messages(
    db: Connection, rows: Sequence[OwedLetter], *, mailing: Mailing, now: int
) -> dict[int, LetterMessage]:
    """By delivery, the mail that it owes; *now* (microseconds) becomes its Date.

    A delivery that is not named asks nothing any more: its subscription is gone, confirmed or ended.
    """
    ids = sorted({row.subscription_id for row in rows})
    asked = {one.id: one for one in db.execute(_ASKED, {"subscription_ids": ids}) if one.state == "unconfirmed"}
    strangers = set(db.execute(_BY_STRANGERS, {"subscription_ids": ids}).scalars())
    messages: dict[int, LetterMessage] = {}
    for row in rows:
        if (one := asked.get(row.subscription_id)) is not None:
            options, t = parse_written(one.written), words(one.locale)
            said = _said_by_a_stranger(db, options, t) if one.id in strangers else filter_in_words(options, t)
            letter = _letter(locale=one.locale, cadence=one.cadence, said=said, mailing=mailing)
            slots = mailing.slots(row, now=now) | {CONFIRM: mailing.confirm_link(row.subscription_id)}
            messages[row.id] = LetterMessage(delivery_id=row.delivery_id, letter=letter, slots=slots)
    return messages


def _said_by_a_stranger(db: Connection, options: dict[str, list[str]], t: Words) -> str:
    """What was asked for on a page, in words of which none is the stranger's own."""
    named = sorted({value for values in options.values() for value in values})
    known = frozenset(db.execute(_KNOWN_PLACES, {"names": named}).scalars())
    return filter_of_a_stranger(options, known, t)


def _letter(*, locale: str, cadence: str, said: str, mailing: Mailing) -> Letter:
    """The letter of all who asked for the same in the same language."""
    key = ("confirmation", locale, cadence, said)
    letter = mailing.letters.get(key, partial(_compose, locale, cadence, said, mailing))
    assert letter is not None  # noqa: S101 - _compose makes one always
    return letter


def _compose(locale: str, cadence: str, said: str, mailing: Mailing) -> Letter:
    t, slots = words(locale), Slots()
    mail = write_mail(
        "confirmation",
        locale,
        about=mailing.portal,
        sender=mailing.sender,
        what=t("confirmation.what", cadence=t(f"cadence.{cadence}"), filter=said),
        confirm=slots.mark(CONFIRM),
    )
    headers = mailing.headers(slots, subject=mail.subject)
    return compose(headers=headers, text=mail.text, html=mail.html, slots=slots)
