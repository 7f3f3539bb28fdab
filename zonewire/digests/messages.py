"""The mails of claimed digests: one letter an edition, a reader's own values in its slots (RFC 2369, 2919, 8058)."""

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from sqlalchemy import Connection

from zonewire.delivery.mailing import UNSUBSCRIBE, Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.digests import statements
from zonewire.digests.editions import LATE, MINUTE
from zonewire.digests.rendering import Edition, render_edition
from zonewire.rendering.mime import Letter, Slots, compose
from zonewire.rendering.translation import words

HOUR = 60 * MINUTE
SENDER_ID = "zonewire"  # Feedback-ID: 5 to 15 characters, counted from the right


def digest_messages(
    db: Connection, rows: Sequence[OwedLetter], *, mailing: Mailing, now: int, again: bool = False
) -> dict[int, LetterMessage]:
    """By delivery, the mail that it owes; *now* (microseconds) becomes its Date.

    *again*: the mail says that it was sent before. A delivery that is not named has nothing to say any more: all that
    its edition carried was withdrawn.
    """
    edition_ids = sorted({row.edition_id for row in rows if row.edition_id is not None})
    letters = _letters(db, edition_ids, mailing, now=now, again=again)
    messages: dict[int, LetterMessage] = {}
    for row in rows:
        letter = letters.get(row.edition_id) if row.edition_id is not None else None
        if letter is not None:
            slots = mailing.slots(row, now=now) | mailing.reader_links(row.subscription_id)
            messages[row.id] = LetterMessage(delivery_id=row.delivery_id, letter=letter, slots=slots)
    return messages


def _letters(
    db: Connection, edition_ids: Sequence[int], mailing: Mailing, *, now: int, again: bool
) -> dict[int, Letter | None]:
    """The letter of each edition; None where nothing is left of it.

    Composed anew only when something was withdrawn, or when it has become later by another hour.
    """
    gone = db.execute(statements.WITHDRAWN_IN, {"edition_ids": edition_ids}).all()
    withdrawn = {
        edition_id: tuple(row.number for row in rows) for edition_id, rows in groupby(gone, lambda row: row.edition_id)
    }
    letters: dict[int, Letter | None] = {}
    for edition_id, due_at in db.execute(statements.DUE_AT, {"edition_ids": edition_ids}):
        hours = None if again else hours_late(now - due_at)
        key = ("digest", edition_id, withdrawn.get(edition_id, ()), hours, again)
        letters[edition_id] = mailing.letters.get(key, partial(_letter, db, edition_id, mailing, hours, again=again))
    return letters


def hours_late(late: int) -> float | None:
    """*late* (microseconds) as a digest says it: None under LATE, then half an hour, then whole hours."""
    if late < LATE:
        return None
    return 0.5 if late < HOUR else late // HOUR


def _letter(db: Connection, edition_id: int, mailing: Mailing, hours: float | None, *, again: bool) -> Letter | None:
    edition = render_edition(
        db,
        edition_id,
        base_url=mailing.base_url,
        portal=mailing.portal,
        sender=mailing.sender,
        page_of=mailing.edition_link,
        hours_late=hours,
        again=again,
    )
    return None if edition is None else compose_digest(edition, mailing)


def compose_digest(edition: Edition, mailing: Mailing) -> Letter:
    """The mail of *edition*."""
    headers = list_headers(
        mailing, edition.slots, subject=edition.subject, locale=edition.locale, kind=edition.template
    )
    return compose(headers=headers, text=edition.text, html=edition.html, slots=edition.slots)


def list_headers(mailing: Mailing, slots: Slots, *, subject: str, locale: str, kind: str) -> list[tuple[str, str]]:
    """Every header of the digest checklist (protocols: feeds-webhooks-mail.md 5.2), for a list's mail of *kind*."""
    list_name = words(locale)("digest.list_name", portal=mailing.portal.called(locale))
    return [
        *mailing.headers(slots, subject=subject),
        ("List-Id", f"{list_name} <digest.{mailing.domain}>"),
        ("List-Unsubscribe", f"<{slots.mark(UNSUBSCRIBE)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Feedback-ID", f"{kind}:{locale}:{SENDER_ID}"),
        ("Precedence", "bulk"),
    ]
