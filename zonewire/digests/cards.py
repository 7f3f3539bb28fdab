"""What robots write into their chats: one article, several that came together, what was put right, a digest.

Made here in words, without any platform's marks. How much of it fits into one message, and in which form, is its
channel's affair.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, select

from zonewire.articles.identity import shown_id
from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.articles.shortening import one_line
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import CardItem, CardMessage, CardSort
from zonewire.digests.contents import Correction, Sheet, Story, story_of
from zonewire.digests.rendering import PlannedSheet, planned_sheet
from zonewire.digests.wording import meta_line, summary_of
from zonewire.rendering.translation import LOCALES, Words, words
from zonewire.store import many, values_of
from zonewire.store.tables import subscriptions

MOST_STORIES = 40
"""That a digest tells in a chat; the page of the edition has the others."""
MOST_CORRECTIONS = 20
CHANGES = {"article.updated": "updated", "article.withdrawn": "withdrawn"}

# The language of each endpoint: of its oldest subscription that goes on, or rests. By the index on endpoints.
_LOCALES = select(subscriptions.c.endpoint_id, subscriptions.c.locale).where(
    subscriptions.c.id.in_(
        select(func.min(subscriptions.c.id))
        .where(
            subscriptions.c.endpoint_id.in_(values_of(many("endpoint_ids"))),
            subscriptions.c.state.in_(["active", "paused"]),
        )
        .group_by(subscriptions.c.endpoint_id)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedCard:
    """What one request to a robot is to tell: an edition, a test, or the news of some versions, in their order."""

    endpoint_id: int
    edition_id: int | None = None
    news: tuple[tuple[int, str], ...] = ()  # acceptance numbers and event types; of one sort
    plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A message, and the versions that it must not name, although they keep their place in it."""

    message: CardMessage
    withdrawn: frozenset[int] = frozenset()


def cards_of(db: Connection, owed: Sequence[OwedCard], *, mailing: Mailing, at: int) -> list[Card | None]:
    """The card of each of *owed*; None where nobody at its endpoint wants it any more. *at* in Unix seconds."""
    endpoint_ids = sorted({one.endpoint_id for one in owed})
    locales = {row.endpoint_id: row.locale for row in db.execute(_LOCALES, {"endpoint_ids": endpoint_ids})}
    versions = by_numbers(db, sorted({number for one in owed for number, _ in one.news}))
    return [_card(db, one, locales.get(one.endpoint_id), versions, mailing=mailing, at=at) for one in owed]


def _card(
    db: Connection, one: OwedCard, locale: str | None, versions: Mapping[int, Version], *, mailing: Mailing, at: int
) -> Card | None:
    if one.edition_id is not None:
        planned = planned_sheet(db, one.edition_id, base_url=mailing.base_url, portal=mailing.portal, most=MOST_STORIES)
        link = mailing.edition_link(one.edition_id, planned.made_at)
        return Card(message=_digest(planned, link, one, mailing, at), withdrawn=planned.withdrawn)
    if one.news:
        if locale is None:
            return None
        told = [(versions[number], event_type) for number, event_type in one.news]
        return Card(message=_news(told, words(locale), one, mailing, at))
    return Card(message=greeting(words(locale or LOCALES[0]), mailing, at, plain=one.plain))


def greeting(t: Words, mailing: Mailing, at: int, *, plain: bool = False) -> CardMessage:
    """The first words of a robot."""
    portal = mailing.portal.called(t.locale)
    return CardMessage(
        sort=CardSort.GREETING,
        locale=t.locale,
        portal=portal,
        home=_home(mailing),
        heading=t("robots.greeting", portal=portal),
        lead=t("robots.greeting_lead"),
        items=(),
        at=at,
        plain=plain,
    )


def _news(told: Sequence[tuple[Version, str]], t: Words, one: OwedCard, mailing: Mailing, at: int) -> CardMessage:
    items = tuple(_news_item(version, event_type, t, mailing) for version, event_type in told)
    changes = [CHANGES[event_type] for _, event_type in told if event_type in CHANGES]
    sort = CardSort.CHANGES if changes else CardSort.NEWS
    what = changes[0] if len(items) == 1 and changes else "changes"
    return CardMessage(
        sort=sort,
        locale=t.locale,
        portal=mailing.portal.called(t.locale),
        home=_home(mailing),
        heading=_heading(sort, len(items), t),
        lead=t(f"robots.{what}_lead") if changes else "",
        items=items,
        at=at,
        plain=one.plain,
    )


def recounted(message: CardMessage) -> CardMessage:
    """*message* with a heading that counts the articles which are left in it."""
    if message.sort not in {CardSort.NEWS, CardSort.CHANGES}:
        return message
    return message._replace(heading=_heading(message.sort, len(message.items), words(message.locale)))


def _heading(sort: CardSort, n: int, t: Words) -> str:
    """Of a card with *n* articles; one article alone is its own heading."""
    return "" if n == 1 else t("robots.changes" if sort is CardSort.CHANGES else "digest.count", n=n)


def _news_item(version: Version, event_type: str, t: Words, mailing: Mailing) -> CardItem:
    story = story_of(version, mailing.base_url)
    change = CHANGES.get(event_type, "")
    return _item(
        replace(story, url="", picture="") if change == "withdrawn" else story,
        meta=_meta(story, t, mailing, made_at=version.accepted_at),
        summary="" if change == "withdrawn" else story.excerpt,
        mark=t(f"robots.{change}") if change else "",
        page=_page(version, mailing),
    )


def _meta(story: Story, t: Words, mailing: Mailing, *, made_at: int) -> str:
    place = mailing.portal.place_called(story.zone, t.locale)
    return one_line(meta_line(replace(story, zone=place, updated=False), t, made_at=made_at))


def _page(version: Version, mailing: Mailing) -> str:
    """A short address that leads to the article's own: for chats that cannot hold that."""
    return f"{mailing.base_url}/articles/{shown_id(version.article_id)}"


def _item(story: Story, *, meta: str, summary: str, mark: str = "", group: str = "", page: str = "") -> CardItem:
    return CardItem(
        title=one_line(story.title),
        url=story.url,
        number=story.number,
        summary=one_line(summary),
        meta=meta,
        picture=story.picture,
        mark=mark,
        group=group,
        page=page,
    )


def _digest(planned: PlannedSheet, link: str, one: OwedCard, mailing: Mailing, at: int) -> CardMessage:
    t, sheet = words(planned.locale), planned.sheet
    when = t.date(planned.made_at)
    left_out = sheet.left_out + max(0, len(sheet.corrections) - MOST_CORRECTIONS)
    return CardMessage(
        sort=CardSort.DIGEST,
        locale=t.locale,
        portal=mailing.portal.called(t.locale),
        home=link,
        heading=t("robots.digest", when=when, count=t("digest.count", n=sheet.count)),
        lead=_places(sheet, t),
        items=(*_stories(sheet, t, planned.made_at, page=link), *_corrections(sheet.corrections, t)),
        at=at,
        more=t("robots.more", n=left_out) if left_out else "",
        more_url=link,
        plain=one.plain,
    )


def _places(sheet: Sheet, t: Words) -> str:
    """泰州 8 条、苏州 4 条; "" where all are from one place."""
    return summary_of(sheet, t).partition(t("common.colon"))[2]


def _stories(sheet: Sheet, t: Words, made_at: int, *, page: str) -> Iterator[CardItem]:
    def item(story: Story, group: str, summary: str = "") -> CardItem:
        meta = one_line(meta_line(story, t, made_at=made_at))
        return _item(story, meta=meta, summary=summary, group=group, page=page)

    yield item(sheet.lead, "", sheet.lead.excerpt)
    named = len(sheet.groups) > 1
    for group in sheet.groups:
        for story in group.stories:
            yield item(story, (group.name or t("common.elsewhere")) if named else "")


def _corrections(corrections: Sequence[Correction], t: Words) -> Iterator[CardItem]:
    for one in corrections[:MOST_CORRECTIONS]:
        mark = t("robots.withdrawn" if one.withdrawn else "robots.updated")
        yield CardItem(one_line(one.title), one.url, number=one.number, mark=mark, group=t("digest.corrections"))


def _home(mailing: Mailing) -> str:
    return mailing.portal.home or f"{mailing.base_url}/"
