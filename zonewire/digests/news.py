"""The mail of one article, for readers who want news as it happens: composed once a version, language and filter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection, select

from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.delivery.mailing import MANAGE, UNSUBSCRIBE, Mailing, OwedNews
from zonewire.delivery.messages import LetterMessage
from zonewire.digests.contents import story_of
from zonewire.digests.messages import list_headers
from zonewire.digests.wording import meta_line
from zonewire.filters import MATCHING, facts_of, keyword_index, parse_written
from zonewire.rendering.mail import write_mail
from zonewire.rendering.mime import Letter, Slots, compose
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_words
from zonewire.store import many, values_of
from zonewire.store.tables import filters, subscriptions

_MARKS = {"article.updated": "updated", "article.withdrawn": "withdrawn"}

# The subscriptions of some endpoints to instant news that go on. By the index on endpoints.
_READERS = (
    select(
        subscriptions.c.id,
        subscriptions.c.endpoint_id,
        subscriptions.c.locale,
        subscriptions.c.filter_id,
        filters.c.written,
        subscriptions.c.state,
    )
    .join(filters, filters.c.id == subscriptions.c.filter_id)
    .where(
        subscriptions.c.endpoint_id.in_(values_of(many("endpoint_ids"))),
        subscriptions.c.cadence == "instant",
        subscriptions.c.state.in_(["active", "paused"]),
    )
)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who gets it: the subscription that it is sent for."""

    subscription_id: int
    locale: str
    filter_id: int
    written: str  # the filter's options, as JSON


def news_messages(db: Connection, rows: Sequence[OwedNews], *, mailing: Mailing, now: int) -> dict[int, LetterMessage]:
    """By delivery, the mail that it owes; *now* (microseconds) becomes its Date.

    A delivery that is not named has no reader any more: nobody at its endpoint wants instant news.
    """
    versions = by_numbers(db, sorted({row.number for row in rows}))
    readers = _readers(db, sorted({row.endpoint_id for row in rows}))
    passed = _filters_passed(db, versions) if any(len(some) > 1 for some in readers.values()) else {}
    messages: dict[int, LetterMessage] = {}
    for row in rows:
        some = readers.get(row.endpoint_id)
        if not some:
            continue
        filters_passed = passed.get(row.number, frozenset())
        reader = next((one for one in some if one.filter_id in filters_passed), some[0])
        key = ("news", row.number, row.event_type, reader.locale, reader.filter_id)
        compose_it = partial(_letter, versions[row.number], row.event_type, reader, mailing)
        letter = mailing.letters.get(key, compose_it)
        slots = mailing.slots(row, now=now) | mailing.reader_links(reader.subscription_id)
        if letter is not None:
            messages[row.id] = LetterMessage(delivery_id=row.delivery_id, letter=letter, slots=slots)
    return messages


def _readers(db: Connection, endpoint_ids: Sequence[int]) -> dict[int, list[_Reader]]:
    """For each endpoint its subscriptions to instant news, those that are active first, the oldest first.

    One that rests is sent what was owed before it did.
    """
    found = sorted(
        db.execute(_READERS, {"endpoint_ids": endpoint_ids}), key=lambda row: (row.state != "active", row.id)
    )
    readers: dict[int, list[_Reader]] = {}
    for row in found:
        reader = _Reader(row.id, row.locale, row.filter_id, row.written)
        readers.setdefault(row.endpoint_id, []).append(reader)
    return readers


def _filters_passed(db: Connection, versions: Mapping[int, Version]) -> dict[int, frozenset[int]]:
    """By number, the filters that each version passes: the mail says by which of them its reader gets it."""
    index = keyword_index(db)
    passed: dict[int, frozenset[int]] = {}
    for number, version in versions.items():
        facts = facts_of(version.article, index)
        parameters = {"dimensions": facts.dimensions, "values": facts.values}
        passed[number] = frozenset(db.execute(MATCHING, parameters).scalars())
    return passed


def _letter(version: Version, event_type: str, reader: _Reader, mailing: Mailing) -> Letter:
    t, slots = words(reader.locale), Slots()
    story = story_of(version, mailing.base_url)
    told = replace(story, updated=False, zone=mailing.portal.place_called(story.zone, t.locale))
    mail = write_mail(
        "news",
        reader.locale,
        about=mailing.portal,
        sender=mailing.sender,
        story=story,
        title=story.title,
        mark=_MARKS.get(event_type, ""),
        withdrawn=version.withdrawn,
        meta=meta_line(told, t, made_at=version.accepted_at),
        today=t.date(version.accepted_at),
        filter=filter_in_words(parse_written(reader.written), t),
        unsubscribe=slots.mark(UNSUBSCRIBE),
        manage=slots.mark(MANAGE),
    )
    headers = list_headers(mailing, slots, subject=mail.subject, locale=reader.locale, kind="news")
    return compose(headers=headers, text=mail.text, html=mail.html, slots=slots)
