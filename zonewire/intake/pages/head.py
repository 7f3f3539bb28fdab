"""What stands above an article's body: its title and its labels; where portals put the labels below, those."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from zonewire.intake.pages import labels as labelled
from zonewire.intake.pages.columns import column_of
from zonewire.intake.pages.furniture import is_furniture, is_prose, is_text, without_foot
from zonewire.intake.pages.labels import Label, labels_of
from zonewire.intake.pages.page import Block, Kind, Page
from zonewire.intake.pages.refusing import is_error, is_list, is_login, is_shell, leads_on, no_article
from zonewire.intake.pages.titles import begin_of_title, packed, title_above, title_at, told_title_places, told_titles

_LABEL_LINES = 12
"""The labels may stand on so many lines: a table may have one cell for each, and one for its value."""
_LINES_TO_LABELS = 24
_LINES_TO_DATE = 4
"""Below a breadcrumb, a date that stands alone so near is the article's."""
_MENU_LINES = 2
_FEWEST_WITHOUT_LABELS = 60
"""Characters of prose that make an article of a page without one label."""
_FEWEST_TOLD = 10
"""Where the page's <meta> say that it is an article."""
_NO_LABELS = "the page has no line with 发布时间 and a date: no article that can be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What stands above the body, or belongs there."""

    title: str
    title_at: int  # where it begins; -1 where it is only told
    body: tuple[int, ...]  # the lines that may be the body's
    labels: dict[Label, str] = field(default_factory=dict)
    fallback: dict[Label, str] = field(default_factory=dict)  # what stands above the title: a table about the document


def head_of(page: Page, crumbs_at: int) -> Head:
    """The head of *page*. Raises NotAnArticle where it has none."""
    told_at = _told_title_at(page, crumbs_at)
    labels_at = _labels_at(page.blocks, crumbs_at, told_at)
    if labels_at < 0:
        return _head_without_labels(page, told_at)
    place = told_at if told_at is not None and told_at < labels_at else title_above(page, crumbs_at, labels_at)
    if place is None and not told_titles(page):
        raise no_article(page, "title", "no title stands above the line with 发布时间")
    return _head(page, crumbs_at, place, labels_at)


def continued_head(page: Page, crumbs_at: int, title: str) -> Head:
    """The head of a page that the article goes on in: it may repeat title and labels, or begin with its text."""
    lines = range(crumbs_at + 1, len(page.blocks))
    again = next((place for place in lines if packed(page.blocks[place].text).startswith(packed(title))), None)
    if again is None:
        return Head(title=title, title_at=crumbs_at, body=tuple(lines))
    labels_at = _labels_above_prose(page.blocks, again + 1)
    after = again + 1 if labels_at < 0 else _end_of_labels(page.blocks, labels_at)
    return Head(title=title, title_at=again, body=tuple(range(after, len(page.blocks))))


def _head(page: Page, crumbs_at: int, place: int | None, labels_at: int) -> Head:
    """The head with its title in the line *place*, or only told, and labels that begin in the line *labels_at*."""
    blocks = page.blocks
    if place is None:
        title, begin, behind = told_titles(page)[0], crumbs_at, labels_at
    else:
        begin = begin_of_title(page, place, crumbs_at)
        title, behind = title_at(page, begin)
    after = _end_of_labels(blocks, labels_at)
    between = [at for at in range(behind, labels_at) if _is_of_body(blocks[at])]
    if any(is_text(blocks[at]) for at in between) and sum(_is_publication(block) for block in blocks[after:]) > 1:
        raise no_article(page, "", "the page is a list of articles")
    return Head(
        title=title,
        title_at=begin,
        body=(*between, *range(after, len(blocks))),
        labels=labels_of([block.text for block in blocks[labels_at:after]]),
        fallback=_labels_in_table(blocks[max(crumbs_at + 1, begin - _LINES_TO_LABELS) : max(begin, 0)]),
    )


def _is_publication(block: Block) -> bool:
    return labelled.has_publication_date(block.text)


def _is_of_body(block: Block) -> bool:
    """Whether a line between title and labels is the article's: a subtitle, a summary, or, with labels below, all."""
    return not block.is_linked and not labelled.begins_with_label(block.text)


def _head_without_labels(page: Page, told_at: int | None) -> Head:
    """A page that says of itself which line is its title, and has prose below: an article that lacks its labels."""
    if told_at is None or any(looks_so(page) for looks_so in (is_error, is_login, is_shell)):
        raise no_article(page, "", _NO_LABELS)
    title, behind = title_at(page, told_at)
    body = without_foot(column_of(page, page.blocks[behind:], told_at))
    fewest = _FEWEST_TOLD if "articletitle" in page.metas or "pubdate" in page.metas else _FEWEST_WITHOUT_LABELS
    prose = sum(len(block.text) for block in body if is_prose(block))
    if is_list(page.blocks) or leads_on(body) or prose < fewest or not any(map(is_text, body)):
        raise no_article(page, "", _NO_LABELS)
    return Head(title=title, title_at=told_at, body=tuple(range(behind, len(page.blocks))))


# --- labels ----------------------------------------------------------------------------------------------------------


def _labels_at(blocks: Sequence[Block], crumbs_at: int, told_at: int | None) -> int:
    """The first line of labels; -1 where there is none. Those above the text go first, then those with a date."""
    start = crumbs_at + 1 if told_at is None else told_at + 1
    if told_at is not None and (above := _labels_above_prose(blocks, start)) >= 0:
        return above
    places = range(start, len(blocks))
    for is_one in (_is_dated, _is_labelled):
        found = next((place for place in places if is_one(blocks, place)), None)
        if found is not None:
            return _first_of_run(blocks, found, start)
    below = places[1:_LINES_TO_DATE] if crumbs_at >= 0 else ()
    return next(
        (
            place
            for place in below
            if labelled.DATE.match(labelled.normal(blocks[place].text)) and _is_dateline(blocks, place)
        ),
        -1,
    )


def _labels_above_prose(blocks: Sequence[Block], start: int) -> int:
    """The first line of labels between a title and the text; -1 where there is none."""
    places = range(start, min(len(blocks), start + _LINES_TO_LABELS))
    end = next((place for place in places if is_text(blocks[place]) and not _is_head_line(blocks, place)), places.stop)
    places = range(start, end)
    for is_one in (_is_dated, _is_labelled, _is_dateline):
        found = next((place for place in places if is_one(blocks, place)), None)
        if found is not None:
            return _first_of_run(blocks, found, start)
    return -1


def _is_head_line(blocks: Sequence[Block], place: int) -> bool:
    return _is_dated(blocks, place) or _is_labelled(blocks, place) or _is_dateline(blocks, place)


def _is_dateline(blocks: Sequence[Block], place: int) -> bool:
    return not blocks[place].linked and labelled.is_dateline(blocks[place].text)


def _is_dated(blocks: Sequence[Block], place: int) -> bool:
    """A date behind its label, or in the cell beside it."""
    text = blocks[place].text
    if labelled.has_labelled_date(text):
        return True
    return (
        labelled.ends_with_label(text)
        and place + 1 < len(blocks)
        and labelled.has_labelled_date(f"{text} {blocks[place + 1].text}")
    )


def _is_labelled(blocks: Sequence[Block], place: int) -> bool:
    text = blocks[place].text
    return labelled.begins_with_label(text) and labelled.has_label(
        text, Label.DATE, Label.SOURCE, Label.ORGAN, Label.ZONE, Label.AUTHOR
    )


def _first_of_run(blocks: Sequence[Block], place: int, start: int) -> int:
    """Labels may stand above the one with the date."""
    while place > start and _may_be_above(blocks, place - 1):
        place -= 1
    return place


def _may_be_above(blocks: Sequence[Block], place: int) -> bool:
    text = blocks[place].text
    follows_label = place > 0 and labelled.is_value(text, blocks[place - 1].text)
    return labelled.begins_with_label(text) or labelled.is_date(text) or labelled.is_byline(text) or follows_label


def _end_of_labels(blocks: Sequence[Block], place: int) -> int:
    """The first line behind the labels."""
    end = min(place + _LABEL_LINES, len(blocks))
    seen = labelled.fields_in(blocks[place].text)
    place += 1
    while place < end and _goes_on(blocks[place], blocks[place - 1].text, seen):
        seen |= labelled.fields_in(blocks[place].text)
        place += 1
    return place


def _goes_on(block: Block, before: str, seen: set[Label]) -> bool:
    """Whether the labels *seen* go on in *block*. What tells one of them again is the text: 时间：2026年6月8日."""
    text = block.text
    if labelled.is_value(text, before) or is_furniture(block) or labelled.has_publication_date(text):
        return True
    is_one = labelled.begins_with_label(text) or labelled.is_date(text) or labelled.is_byline(text)
    return is_one and not labelled.fields_in(text) & seen


def _labels_in_table(blocks: Iterable[Block]) -> dict[Label, str]:
    """What a table above the title says of the document: 发布机构, 发文日期."""
    said: list[str] = []
    is_value = False
    for block in blocks:
        is_label = labelled.begins_with_label(block.text)
        if is_label or is_value:
            said.append(block.text)
        is_value = is_label and labelled.ends_with_label(block.text)
    return labels_of(said) if said else {}


# --- the title -------------------------------------------------------------------------------------------------------


def _told_title_at(page: Page, crumbs_at: int) -> int | None:
    """The line that the page calls its title: the nearest above labels, a heading before others.

    One with a menu below it is the portal's name: careless portals have nothing else in <title>.
    """
    places = [place for place in told_title_places(page, crumbs_at) if not _is_above_menu(page.blocks, place)]
    distances = {place: _distance(page.blocks, place) for place in places}
    return min(
        places,
        key=lambda place: (distances[place], page.blocks[place].kind is not Kind.HEADING, place),
        default=None,
    )


def _is_above_menu(blocks: Sequence[Block], place: int) -> bool:
    labels_at = _labels_above_prose(blocks, place + 1)
    return sum(block.is_linked for block in blocks[place + 1 : max(labels_at, 0)]) >= _MENU_LINES


def _distance(blocks: Sequence[Block], place: int) -> int:
    """Lines from the one in *place* to the labels below it; many where there is text before them."""
    labels_at = _labels_above_prose(blocks, place + 1)
    return labels_at - place if labels_at >= 0 else _LINES_TO_LABELS + 1
