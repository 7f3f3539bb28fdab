"""A card in as many messages as its platform makes of it, cut between articles and numbered."""

from collections.abc import Callable

from zonewire.channels.texts import within_chars
from zonewire.delivery.messages import CardMessage

Fits = Callable[[CardMessage], bool]

MOST_PARTS = 99
SHORT_CHARS = 60


def parts_of(card: CardMessage, fits: Fits) -> list[CardMessage]:
    """*card* in parts that each fit, as few as there can be; an article that fits nowhere has a part of its own."""
    if fits(card):
        return [card]
    if len(card.items) == 1:
        return [_shortened(card, fits)]
    counts: list[int] = []
    rest = card.items
    while rest:
        counts.append(_most_that_fit(card._replace(items=rest), fits, is_first=not counts))
        rest = rest[counts[-1] :]
    parts, begin = [], 0
    for nth, n in enumerate(counts, start=1):
        part = _part(card._replace(items=card.items[begin : begin + n]), nth, len(counts))
        parts.append(_shortened(part, fits) if n == 1 else part)
        begin += n
    return parts


def _part(card: CardMessage, nth: int, parts: int) -> CardMessage:
    """One of several: only the first has the lead, only the last says what is left out."""
    is_last = nth == parts
    return card._replace(part=nth, parts=parts, lead=card.lead if nth == 1 else "", more=card.more if is_last else "")


def _shortened(card: CardMessage, fits: Fits) -> CardMessage:
    """*card*, which has one article, as it is, or with less of that until it fits: never without its title."""
    item = card.items[0]
    if fits(card):
        return card
    short = item._replace(title=within_chars(item.title, SHORT_CHARS), summary="", url=item.page or item.url)
    plainer = (item._replace(summary=""), short, short._replace(url=""))
    tried = [card._replace(items=(one,), heading=within_chars(card.heading, SHORT_CHARS)) for one in plainer]
    return next((one for one in tried if fits(one)), tried[-1])


def _most_that_fit(card: CardMessage, fits: Fits, *, is_first: bool) -> int:
    """How many of the first items fit with all that could stand around them; one at least."""
    nth = 1 if is_first else MOST_PARTS
    low, high = 1, len(card.items)
    while low < high:
        n = (low + high + 1) // 2
        tried = _part(card._replace(items=card.items[:n]), nth, MOST_PARTS)._replace(more=card.more)
        low, high = (n, high) if fits(tried) else (low, n - 1)
    return low
