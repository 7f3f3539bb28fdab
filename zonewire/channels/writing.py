"""A card's text by a template of `templates/robots/`, every word of others made safe for the platform first."""

from collections.abc import Callable

from zonewire.delivery.messages import CardItem, CardMessage, CardSort
from zonewire.rendering.environment import render
from zonewire.rendering.translation import words

Safe = Callable[[str], str]


def heading_of(card: CardMessage) -> str:
    """Its heading, with its number where it is one of several."""
    if card.parts == 1:
        return card.heading
    return words(card.locale)("robots.part", heading=card.heading, part=card.part, parts=card.parts)


def is_article(card: CardMessage) -> bool:
    """Whether it is about one article alone, whose title says all that a heading would."""
    return card.sort in {CardSort.NEWS, CardSort.CHANGES} and len(card.items) == 1


def notification_of(card: CardMessage) -> str:
    """What a phone shows of *card* before it is opened."""
    if is_article(card):
        return title_of(card.items[0], card.locale)
    if card.sort is CardSort.NEWS:
        return words(card.locale)("robots.and_more", n=len(card.items) - 1, title=card.items[0].title)
    return heading_of(card)


def button_of(card: CardMessage) -> tuple[str, str]:
    """Label and address of the button below one article; of a withdrawn one, of the notice that stands in its place."""
    item, t = card.items[0], words(card.locale)
    return (t("robots.read"), item.url) if item.url else (t("robots.read_notice"), item.page or card.home)


def title_of(item: CardItem, locale: str) -> str:
    """Its title, behind the word for what has become of it."""
    return words(locale)("robots.marked", mark=item.mark, title=item.title) if item.mark else item.title


def written(template: str, card: CardMessage, *, safe: Safe, target: Safe) -> str:
    """*card* by `templates/robots/TEMPLATE`. *safe* is applied to texts of others, *target* to addresses of links."""
    items = []
    group = ""
    for item in card.items:
        items.append(
            {
                "title": safe(item.title),
                "url": target(item.url) if item.url else "",
                "notice": target(item.page) if item.page and not item.url else "",  # in a withdrawn article's place
                "summary": safe(item.summary),
                "meta": safe(item.meta),
                "picture": target(item.picture) if item.picture else "",
                "mark": f"{item.mark}{words(card.locale)('common.colon')}" if item.mark else "",
                "group": safe(item.group) if item.group != group else "",
            }
        )
        group = item.group
    text = render(
        f"robots/{template}",
        card.locale,
        card=card,
        is_article=is_article(card),
        heading=safe(heading_of(card)),
        portal="" if card.sort is CardSort.GREETING else safe(card.portal),  # its heading is from the portal
        lead=safe(card.lead),
        items=items,
        more=card.more,
        more_url=target(card.more_url) if card.more_url else "",
    )
    return text.strip()
