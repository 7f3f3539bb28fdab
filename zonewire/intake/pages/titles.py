"""The title of a page: the line that the page itself calls so, else the one that stands where titles stand."""

import re
from collections.abc import Iterator, Sequence

from zonewire.articles.folding import fold
from zonewire.intake.pages import labels as labelled
from zonewire.intake.pages.crumbs import crumbs_in
from zonewire.intake.pages.furniture import is_furniture
from zonewire.intake.pages.page import Block, Kind, Page

SHORTEST_TITLE = 2
_SHORTEST_PART = 4
"""Characters: a shorter part of <title> is a word that may stand anywhere."""
_LOOKED_AT = 50
_LONGEST_LINE = 60
_LINES = 3
"""A title over more lines is none."""
# What stands between a title and a portal's name in <title>; where a portal uses the first, the others are its title's.
_SURE_BETWEEN = re.compile(r"\s*[_|｜]+\s*|\s+[-–—·»]+\s+|\s*--+\s*")
_BETWEEN = re.compile(r"\s*(?:[_|｜·»]+|(?<!—)—(?!—)|[-–]+)\s*")
_LABELLED = re.compile(r"^标\s*题\s*[:：]\s*")
_SUBTITLE = re.compile(r"[-—–─]")


def told_titles(page: Page) -> list[str]:
    """What the page calls its title, the surest first: in its <meta>, or in <title>, before the portal's name."""
    told = [page.metas.get("articletitle", ""), page.metas.get("og:title", "")]
    between = next((b for b in (_SURE_BETWEEN, _BETWEEN) if b.search(page.title)), None)
    told.append(between.split(page.title)[0] if between else page.title)
    return [one for one in told if len(one) >= _SHORTEST_PART]


def told_title_places(page: Page, crumbs_at: int) -> Iterator[int]:
    """The lines below the breadcrumb that are what the page calls its title; the first fifty."""
    told = _Told(page)
    found = (place for place in range(crumbs_at + 1, len(page.blocks)) if told.is_at(place))
    for place, _ in zip(found, range(_LOOKED_AT), strict=False):
        yield place


def title_above(page: Page, crumbs_at: int, labels_at: int) -> int | None:
    """Where nothing tells the title: below a breadcrumb the first line, without one the last above the labels.

    A heading goes before other lines; what names a section, leads elsewhere or is a subtitle is passed over.
    """
    places = [place for place in range(crumbs_at + 1, labels_at) if _may_be_title(page.blocks[place])]
    sections = crumbs_in(page.blocks[crumbs_at]) if crumbs_at >= 0 else []
    places = [place for place in places if page.blocks[place].text not in sections] or places
    if crumbs_at < 0:
        places = [place for place in places[-_LINES:] if place > _end_of_menu(page.blocks[:labels_at])]
    headings = [place for place in places if page.blocks[place].kind is Kind.HEADING]
    if headings:
        return min(headings, key=lambda place: (page.blocks[place].level, place))
    if not places:
        return None
    return places[0] if crumbs_at >= 0 else places[-1]


def title_at(page: Page, place: int) -> tuple[str, int]:
    """The title that begins in that line, and the line behind it: a title may stand on several."""
    told = _Told(page)
    if told.is_whole(place):
        return page.blocks[place].text, place + 1
    if told.is_with_next(place):
        return f"{page.blocks[place].text} {page.blocks[place + 1].text}", place + 2
    end = _end_of_element(page.blocks, place)
    title = " ".join(block.text for block in page.blocks[place:end])
    return _LABELLED.sub("", title) or title, end


def begin_of_title(page: Page, place: int, crumbs_at: int) -> int:
    """The first line of the title of which one stands in *place*, below the breadcrumb."""
    while place > crumbs_at + 1 and _end_of_element(page.blocks, place - 1) > place:
        place -= 1
    return place


def packed(text: str) -> str:
    """*text* for comparing: folded, without blanks."""
    return "".join(fold(text).split())


class _Told:
    """What a page says of its title, packed."""

    def __init__(self, page: Page) -> None:
        self._blocks = page.blocks
        self._whole = {packed(one) for one in (*told_titles(page), page.title) if one}
        self._parts = self._whole | set(_parts(page.title))

    def is_whole(self, place: int) -> bool:
        return packed(self._blocks[place].text) in self._parts

    def is_with_next(self, place: int) -> bool:
        if place + 1 >= len(self._blocks):
            return False
        first, second = (packed(block.text) for block in self._blocks[place : place + 2])
        return bool(first and second) and first + second in self._parts

    def is_at(self, place: int) -> bool:
        if not self._parts or not SHORTEST_TITLE <= len(self._blocks[place].text) <= 200:
            return False
        return self.is_whole(place) or self.is_with_next(place)


def _parts(title: str) -> Iterator[str]:
    """What of <title> may be the article's: all before a sign that parts names, and all behind one."""
    title = " ".join(title.split())
    for match in _BETWEEN.finditer(title):
        for part in (title[: match.start()], title[match.end() :]):
            if len(part) >= SHORTEST_TITLE:
                yield packed(part)


def _end_of_menu(blocks: Sequence[Block]) -> int:
    """The last of *blocks* that is a link, and no title that leads to its own page; -1 where there is none."""
    links = (place for place, block in enumerate(blocks) if block.is_linked and block.kind is not Kind.HEADING)
    return max(links, default=-1)


def _may_be_title(block: Block) -> bool:
    text = block.text
    return (
        len(text) >= SHORTEST_TITLE
        and not labelled.begins_with_label(text)
        and not labelled.is_dateline(text)
        and not is_furniture(block)
        and (not block.is_linked or block.kind is Kind.HEADING)
        and not _SUBTITLE.match(text)
    )


def _end_of_element(blocks: Sequence[Block], place: int) -> int:
    """The end of the lines that stand in the same element as that in *place*, where they are few and short.

    Labels may stand in it too, as a heading's small print; anything else there, and it is no title's.
    """
    path = blocks[place].path
    end = place + 1
    while end < len(blocks) and end - place < _LINES and path and blocks[end].path == path and _goes_on(blocks[end]):
        end += 1
    rest = blocks[end : end + 1]
    stops = not rest or rest[0].path != path or not _may_be_title(rest[0])
    return end if stops and all(_goes_on(block) for block in blocks[place:end]) else place + 1


def _goes_on(block: Block) -> bool:
    return _may_be_title(block) and len(block.text) <= _LONGEST_LINE and not labelled.is_sentence(block.text)
