"""A card in as many messages as its platform makes of it, cut between articles and numbered."""

from collections.abc import Callable

from zonewire.delivery.messages import CardMessage

Fits = Callable[[CardMessage], bool]

MOST_PARTS = 99


def parts_of(card: CardMessage, fits: Fits) -> list[CardMessage]:
    """*card* in parts that each fit, as few as there can be; an article that fits nowhere has a part of its own."""
    if fits(card):
        return [card]
    counts: list[int] = []
    rest = card.items
    while rest:
        counts.append(_most_that_fit(card._replace(items=rest), fits, is_first=not counts))
        rest = rest[counts[-1] :]
    parts, begin = [], 0
    for nth, n in enumerate(counts, start=1):
        parts.append(_part(card._replace(items=card.items[begin : begin + n]), nth, len(counts)))
        begin += n
    return parts


def _part(card: CardMessage, nth: int, parts: int) -> CardMessage:
    """One of several: only the first has the lead, only the last says what is left out."""
    is_last = nth == parts
    return card._replace(part=nth, parts=parts, lead=card.lead if nth == 1 else "", more=card.more if is_last else "")


def _most_that_fit(card: CardMessage, fits: Fits, *, is_first: bool) -> int:
    """How many of the first items fit with all that could stand around them; one at least."""
    nth = 1 if is_first else MOST_PARTS
    low, high = 1, len(card.items)
    while low < high:
        n = (low + high + 1) // 2
        tried = _part(card._replace(items=card.items[:n]), nth, MOST_PARTS)._replace(more=card.more)
        low, high = (n, high) if fits(tried) else (low, n - 1)
    return low
