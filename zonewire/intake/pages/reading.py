"""The article on a portal page: what stands between its title and its foot, and what its labels say of it.

Read by what such pages share, and not by any portal's markup: a breadcrumb (`首页 > 开发区新闻 > 泰州 > 文字新闻`), the
title, a line of labels (`发布时间:… 来源:… 发布开发区:…`), paragraphs, then the neighbours (`上一条`), contact and
copyright. Pages of HTML name their title as well, and say by their columns what belongs together.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeVar

from zonewire.articles.folding import fold
from zonewire.articles.model import Article
from zonewire.errors import InvalidInput, NotAnArticle
from zonewire.intake.article_json import check_address, check_id, check_name, check_title
from zonewire.intake.moments import read_moment
from zonewire.intake.pages import labels as labelled
from zonewire.intake.pages.body import Body, body_of
from zonewire.intake.pages.crumbs import sections_and_city, trail_at
from zonewire.intake.pages.furniture import is_foot, is_furniture, tail_of, without_lists_of_links
from zonewire.intake.pages.labels import DATE, Label, labels_of
from zonewire.intake.pages.page import Block, Kind, Page
from zonewire.intake.pages.refusing import is_error, is_list, is_login, no_article

T = TypeVar("T")

_LABEL_LINES = 12
"""The labels may stand on so many lines: a table may have one cell for each, and one for its value."""
_TITLE_PARTS = re.compile(r"\s*[-_|–—·»]+\s*")
_SHORTEST_TITLE = 4
_TITLES_LOOKED_AT = 50
_MOST_LINES = 20_000
_PROSE_CHARACTERS = 12
_VALUE_CHARACTERS = 40
_SENTENCE_END = re.compile(r"[。！？；]")
_SENTENCE = re.compile(r"[。！？；，,.!?;]")
_BESIDE = re.compile(r"side|related|recommend|hot|rank|widget|foot|copyright|bottom|comment|links", re.IGNORECASE)
_COLUMN = re.compile(r"(?:^|[._\s-])(?:left|right|fl|fr|l|r|nav|menu|zuo|you)(?:$|[_\s\d-])", re.IGNORECASE)
_CONTACT = re.compile(
    r"\W*(?:联系)?(?:电\s*话|传\s*真|邮\s*箱|地\s*址|邮\s*编|邮政编码|[Tt]el|[Ff]ax|[Ee]-?mail)\s*[:：]"
)
_FEWEST_WITHOUT_LABELS = 60
"""Characters of prose that make an article of a page without one label."""
_FEWEST_TOLD = 10
"""Where the page's <meta> say that it is an article."""


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands above the body."""

    title: str
    title_at: int  # where; the place above the first line where it is only told
    body_at: int
    labels: dict[Label, str]


def article_of(pages: Sequence[Page], *, guid: str = "", url: str = "") -> Article:
    """The article on *pages*, the first and those that it goes on in. *guid* and *url* where they are known.

    Its guid is else its address, where the page tells one, else `made_guid`. Raises NotAnArticle, and InvalidInput
    where *guid* or *url* cannot be one.
    """
    page = pages[0]
    if any(len(one.blocks) > _MOST_LINES for one in pages):
        raise NotAnArticle.of("", f"the page has more than {_MOST_LINES} lines: no article has")
    crumbs_at = trail_at(page.blocks)
    head = _head(page, crumbs_at)
    blocks, tail = _article_blocks(page, head)
    for following in pages[1:]:
        more, more_tail = _article_blocks(following, _head_again(following))
        blocks, tail = [*blocks, *more], tail | more_tail
    address = url or page.address
    body = body_of(blocks, base=address, said_base=page.base)
    if not body.text:
        raise no_article(page, "text", "the page has a title, but no paragraphs below it")
    labels = tail | head.labels
    sections, city = sections_and_city(page.blocks[crumbs_at], title=head.title) if crumbs_at >= 0 else ((), "")
    article = _article(head.title, body, labels, page, address)
    article = replace(article, section=tuple(_named("section", check_name, one) for one in sections))
    article = replace(article, city=_named("city", check_name, city))
    return replace(article, guid=_named("guid", check_id, guid or address or made_guid(article)))


def made_guid(article: Article) -> str:
    """A guid for a page without an address: source, zone, date, and a hash of the title.

    Whoever changes the title makes a new article of it.
    """
    day = str(article.published_at)
    place = hashlib.sha256("\n".join((fold(article.source), fold(article.zone), day)).encode()).hexdigest()[:12]
    return f"page-{place}-{hashlib.sha256(fold(article.title).encode()).hexdigest()[:16]}"


def _article(title: str, body: Body, labels: dict[Label, str], page: Page, address: str) -> Article:
    metas = page.metas
    source = labels.get(Label.SOURCE) or labels.get(Label.ORGAN) or metas.get("contentsource", "")
    return Article(
        guid="",
        url=_named("url", check_address, address) if address else "",
        title=_named("title", check_title, title),
        html=body.html,
        text=body.text,
        zone=_named("zone", check_name, labels.get(Label.ZONE, "")),
        source=_named("source", check_name, source),
        author=_named("author", check_name, labels.get(Label.AUTHOR) or metas.get("author", "")),
        published_at=_date(labels.get(Label.DATE) or metas.get("pubdate") or metas.get("article:published_time", "")),
        language="en" if page.language.lower().startswith("en") else "zh-CN",
        images=body.images,
        enclosures=body.enclosures,
    )


# --- the head --------------------------------------------------------------------------------------------------------


def _head(page: Page, crumbs_at: int) -> _Head:
    """The title, the labels, and where the body begins."""
    blocks = page.blocks
    told_at = _told_title_at(page, crumbs_at)
    labels_at = _labels_at(blocks, crumbs_at, told_at)
    if labels_at < 0:
        return _head_without_labels(page, told_at)
    title_at = told_at if told_at is not None and told_at < labels_at else _title_above(page, crumbs_at, labels_at)
    if title_at is None and not _told_titles(page):
        raise no_article(page, "title", "no title stands above the line with 发布时间")
    after = _end_of_labels(blocks, labels_at)
    first = crumbs_at if title_at is None else title_at
    labels = labels_of([block.text for block in blocks[first + 1 : after]])
    title = _told_titles(page)[0] if title_at is None else _title_at(page, title_at)
    return _Head(title, first, after, labels)


def _head_again(page: Page) -> _Head:
    """The head of a page that an article goes on in; such a page may begin with its text."""
    crumbs_at = trail_at(page.blocks)
    try:
        return _head(page, crumbs_at)
    except NotAnArticle:
        return _Head("", crumbs_at, crumbs_at + 1, {})


def _head_without_labels(page: Page, told_at: int | None) -> _Head:
    """A page that says of itself which line is its title, and has prose below: an article that lacks its labels."""
    what = "the page has no line with 发布时间 and a date: no article that can be read"
    if told_at is None or is_error(page) or is_login(page) or is_list(page):
        raise no_article(page, "", what)
    below = page.blocks[told_at + 1 :]
    feet = (place for place, block in enumerate(below) if is_foot(block))
    prose = [block for block in below[: next(feet, len(below))] if _is_prose(block)]
    is_told = "articletitle" in page.metas or "pubdate" in page.metas
    if sum(len(block.text) for block in prose) < (_FEWEST_TOLD if is_told else _FEWEST_WITHOUT_LABELS):
        raise no_article(page, "", what)
    date_at = next((place for place, block in enumerate(below[:6]) if labelled.is_date(block.text)), None)
    after = told_at + 1 if date_at is None else told_at + 2 + date_at
    labels = {} if date_at is None else {Label.DATE: below[date_at].text}
    return _Head(_title_at(page, told_at), told_at, after, labels)


def _labels_at(blocks: Sequence[Block], crumbs_at: int, told_at: int | None) -> int:
    """The first line of labels below the title; -1 where there is none. A date with its label goes before others."""
    start = crumbs_at + 1 if told_at is None else told_at + 1
    end = len(blocks) if told_at is None else min(len(blocks), start + 2 * _LABEL_LINES)
    places = range(start, end)
    for is_one in (_is_dated, _is_labelled):
        found = next((place for place in places if is_one(blocks, place)), None)
        if found is not None:
            return _first_of_run(blocks, found, start)
    return -1


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
    follows_label = place > 0 and labelled.ends_with_label(blocks[place - 1].text) and _may_be_value(text)
    return labelled.begins_with_label(text) or labelled.is_date(text) or follows_label


def _may_be_value(text: str) -> bool:
    return len(text) <= _VALUE_CHARACTERS and not _SENTENCE_END.search(text)


def _end_of_labels(blocks: Sequence[Block], place: int) -> int:
    """The first line behind the labels."""
    end = min(place + _LABEL_LINES, len(blocks))
    place += 1
    while place < end:
        text = blocks[place].text
        is_value = labelled.ends_with_label(blocks[place - 1].text) and _may_be_value(text)
        if not (labelled.begins_with_label(text) or is_value or labelled.is_date(text) or is_furniture(blocks[place])):
            break
        place += 1
    return place


def _told_titles(page: Page) -> list[str]:
    """What the page itself calls its title, the surest first."""
    told = [page.metas.get("articletitle", ""), page.metas.get("og:title", "")]
    told += [part for part in _TITLE_PARTS.split(page.title)[:1] if part]
    return [one for one in told if len(one) >= _SHORTEST_TITLE]


def _told_title_at(page: Page, crumbs_at: int) -> int | None:
    """The line that the page calls its title: below the breadcrumb, above labels, a heading before others."""
    told = {_packed(one) for one in (*_told_titles(page), page.title) if one}
    if not told:
        return None
    places = [
        place
        for place in range(crumbs_at + 1, len(page.blocks))
        if len(page.blocks[place].text) >= _SHORTEST_TITLE and _is_told(page, place, told)
    ]
    if not places:
        return None
    places = places[:_TITLES_LOOKED_AT]
    return min(
        places, key=lambda place: (_labels_at(page.blocks, crumbs_at, place) < 0, not _is_heading(page, place), place)
    )


def _is_told(page: Page, place: int, told: set[str]) -> bool:
    """Whether the line is what <title> says, or begins with, the portal's name behind it; or its first half."""
    line = _packed(page.blocks[place].text)
    if line in told or (place + 1 < len(page.blocks) and line + _packed(page.blocks[place + 1].text) in told):
        return True
    title = " ".join(page.title.split())
    return bool(title) and any(_packed(title[: match.start()]) == line for match in _TITLE_PARTS.finditer(title))


def _is_heading(page: Page, place: int) -> bool:
    return page.blocks[place].kind is Kind.HEADING


def _packed(text: str) -> str:
    return "".join(fold(text).split())


def _title_at(page: Page, place: int) -> str:
    """The title in that line; where it goes on in the next by the page's own word, both."""
    first = page.blocks[place].text
    told = {_packed(one) for one in (*_told_titles(page), page.title) if one}
    if place + 1 < len(page.blocks) and _packed(first) not in told:
        both = f"{first} {page.blocks[place + 1].text}"
        if _packed(both) in told:
            return both
    return first


def _title_above(page: Page, crumbs_at: int, labels_at: int) -> int | None:
    """Where nothing tells the title: the first line below a breadcrumb; without one, the last above the labels."""
    places = [
        place
        for place in range(crumbs_at + 1, labels_at)
        if not labelled.begins_with_label(page.blocks[place].text)
        and not is_furniture(page.blocks[place])
        and page.blocks[place].text
    ]
    headings = [place for place in places if _is_heading(page, place)]
    if headings:
        return headings[-1]
    if not places:
        return None
    # Below a breadcrumb the title comes first (a subtitle may follow); without one, menus may stand above it.
    return places[0] if crumbs_at >= 0 else places[-1]


# --- the body --------------------------------------------------------------------------------------------------------


def _article_blocks(page: Page, head: _Head) -> tuple[list[Block], dict[Label, str]]:
    """The lines of the article, and what is said of it below them."""
    below = _column(page, head)
    end = next((place for place, block in enumerate(below) if is_foot(block)), len(below))
    blocks = without_lists_of_links([block for block in below[:end] if not is_furniture(block)])
    tails: list[str] = []
    while blocks and (said := tail_of(blocks[-1])):
        tails.append(said)
        blocks.pop()
    return blocks, labels_of(tails)


def _column(page: Page, head: _Head) -> list[Block]:
    """What stands below the head in the same column: not what other columns hold, in whatever order they come."""
    below = list(page.blocks[head.body_at :])
    anchor = page.blocks[head.title_at].path if page.is_markup and head.title_at >= 0 else ()
    prose = [block for block in below if _is_body(block)]
    for depth in range(len(anchor), 0, -1):
        mass = _mass_by_child(page, prose, anchor[: depth - 1])
        mine = mass.pop(anchor[depth - 1], 0)
        if mine and mine >= max(mass.values(), default=0):
            inside = [block for block in below if block.path[:depth] == anchor[:depth]]
            return _without_other_columns(page, inside, anchor[:depth])
    return _without_other_columns(page, below, ())


def _without_other_columns(page: Page, column: list[Block], around: tuple[int, ...]) -> list[Block]:
    """*column*, the lines inside *around*, without elements in it that are no part of an article.

    Such are elements whose names say so, lists of links, and whatever is named for its side, beside a heavier one. All
    else stays: a line too many is a lesser evil than half an article.
    """
    depth = len(around)
    mass = _mass_by_child(page, [block for block in column if _is_body(block)], around)
    if not mass:
        return column
    main = max(mass, key=lambda child: mass[child])
    inside = _by_child(column, depth)
    others = {child for child, blocks in inside.items() if child != main and _is_other(page.elements[child], blocks)}
    kept = [block for block in column if not (len(block.path) > depth and block.path[depth] in others)]
    if len(mass.keys() - others) > 1:
        return kept
    narrower: list[Block] = []
    for is_main, run in groupby(kept, key=lambda block: block.path[depth : depth + 1] == (main,)):
        blocks = list(run)
        narrower += _without_other_columns(page, blocks, (*around, main)) if is_main else blocks
    return narrower


def _by_child(blocks: Iterable[Block], depth: int) -> dict[int, list[Block]]:
    """*blocks* by the element at *depth* around them; those that are in none are left out."""
    inside: dict[int, list[Block]] = {}
    for block in blocks:
        if len(block.path) > depth:
            inside.setdefault(block.path[depth], []).append(block)
    return inside


def _is_other(element: str, blocks: Sequence[Block]) -> bool:
    """Whether an element, with *blocks* in it, holds something else than the article does."""
    if _BESIDE.search(element) or _COLUMN.search(element):
        return True
    linked = sum(block.linked for block in blocks if not block.files)
    return len(blocks) > 2 and linked > 0.5 * sum(len(block.text) for block in blocks)


def _mass_by_child(page: Page, prose: Sequence[Block], around: tuple[int, ...]) -> dict[int, int]:
    """Characters of prose in each element right inside *around*, but for those whose names say that they are beside."""
    depth, mass = len(around), dict[int, int]()
    for block in prose:
        if block.path[:depth] == around and len(block.path) > depth:
            child = block.path[depth]
            if not _BESIDE.search(page.elements[child]):
                mass[child] = mass.get(child, 0) + max(len(block.text), 1)
    return mass


def _is_body(block: Block) -> bool:
    return (_is_prose(block) or bool(block.pictures)) and not is_foot(block) and not _CONTACT.match(block.text)


def _is_prose(block: Block) -> bool:
    if block.is_linked or is_furniture(block):
        return False
    return len(block.text) >= _PROSE_CHARACTERS or bool(_SENTENCE.search(block.text))


def _date(value: str) -> int:
    """Microseconds; 0 where *value* holds no date."""
    found = DATE.search(labelled.normal(value))
    if found is None:
        return 0
    year, month, day, hour, minute, second = found.groups()
    text = f"{year}-{month:0>2}-{day:0>2}T{hour or 0:0>2}:{minute or 0:0>2}:{second or 0:0>2}+08:00"
    return _named("published_at", read_moment, text)


def _named(field: str, check: Callable[[str], T], value: str) -> T:
    try:
        return check(value)
    except ValueError as cause:
        raise InvalidInput.of(field, str(cause)) from None
