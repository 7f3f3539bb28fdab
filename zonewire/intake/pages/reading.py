"""The article on a portal page: what stands between its title and its foot, and what its labels say of it.

Read by what such pages share, and not by any portal's markup: a breadcrumb (`首页 > 开发区新闻 > 泰州 > 文字新闻`), the
title, a line of labels (`发布时间:… 来源:… 发布开发区:…`), paragraphs, then the neighbours (`上一条`), contact and
copyright. Pages of HTML name their title as well, and say by their columns what belongs together.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from zonewire.articles.folding import fold
from zonewire.articles.model import Article
from zonewire.errors import InvalidInput, NotAnArticle
from zonewire.intake.article_json import check_address, check_id, check_name, check_title
from zonewire.intake.moments import read_moment
from zonewire.intake.pages.body import Body, body_of
from zonewire.intake.pages.columns import column_of
from zonewire.intake.pages.crumbs import sections_and_city, trail_at, with_trail_joined
from zonewire.intake.pages.furniture import is_text, tail_of, without_foot
from zonewire.intake.pages.head import Head, continued_head, head_of
from zonewire.intake.pages.labels import Label, date_in, has_publication_date, labels_of
from zonewire.intake.pages.page import MOST_LINES, Block, Page
from zonewire.intake.pages.refusing import is_list, no_article

T = TypeVar("T")

_MOST_DATED = 3
"""Lines with a date of publication, each behind its label, below that of the first: so many, and they are a list."""
_ZONED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")


def article_of(pages: Sequence[Page], *, guid: str = "", url: str = "") -> Article:
    """The article on *pages*, the first and those that it goes on in. *guid* and *url* where they are known.

    Its guid is else its address, where the page tells one, else `made_guid`. Raises NotAnArticle, and InvalidInput
    where *guid* or *url* cannot be one.
    """
    if any(len(one.blocks) > MOST_LINES for one in pages):
        raise NotAnArticle.of("", f"the page has more than {MOST_LINES} lines: no article has")
    page, *others = map(with_trail_joined, pages)
    crumbs_at = trail_at(page.blocks)
    head = head_of(page, crumbs_at)
    blocks, tail = _article_blocks(page, head)
    for following in others:
        more, more_tail = _article_blocks(following, continued_head(following, trail_at(following.blocks), head.title))
        blocks, tail = [*blocks, *more], tail | more_tail
    address = url or page.address
    body = body_of(blocks, base=address, said_base=page.base)
    if not body.text:
        raise no_article(page, "text", "the page has a title, but no paragraphs below it")
    article = _with_trail(_article(head, body, tail, page, address), page, crumbs_at)
    return replace(article, guid=_named("guid", check_id, guid or address or made_guid(article)))


def made_guid(article: Article) -> str:
    """A guid for a page without an address: source, zone, date, and a hash of the title.

    Whoever changes the title makes a new article of it.
    """
    day = str(article.published_at)
    place = hashlib.sha256("\n".join((fold(article.source), fold(article.zone), day)).encode()).hexdigest()[:12]
    return f"page-{place}-{hashlib.sha256(fold(article.title).encode()).hexdigest()[:16]}"


def _article(head: Head, body: Body, tail: dict[Label, str], page: Page, address: str) -> Article:
    metas, said = page.metas, tail | head.labels
    labels = head.fallback | said
    source = labels.get(Label.SOURCE) or said.get(Label.ORGAN) or metas.get("contentsource") or labels.get(Label.ORGAN)
    date = said.get(Label.DATE) or metas.get("pubdate") or metas.get("article:published_time")
    return Article(
        guid="",
        url=_named("url", check_address, address) if address else "",
        title=_named("title", check_title, head.title),
        html=body.html,
        text=body.text,
        zone=_named("zone", check_name, labels.get(Label.ZONE, "")),
        source=_named("source", check_name, source or ""),
        author=_named("author", check_name, labels.get(Label.AUTHOR) or metas.get("author", "")),
        published_at=_moment(date or head.fallback.get(Label.DATE, "")),
        language="en" if page.language.lower().startswith("en") else "zh-CN",
        images=body.images,
        enclosures=body.enclosures,
    )


def _with_trail(article: Article, page: Page, crumbs_at: int) -> Article:
    """*article* with the sections and the city of the page's breadcrumb."""
    if crumbs_at < 0:
        return article
    sections, city = sections_and_city(page.blocks[crumbs_at], title=article.title)
    sections = tuple(_named("section", check_name, one) for one in sections)
    return replace(article, section=sections, city=_named("city", check_name, city))


def _article_blocks(page: Page, head: Head) -> tuple[list[Block], dict[Label, str]]:
    """The lines of the article, and what is said of it below them. Raises NotAnArticle where they are a list's."""
    blocks = without_foot(column_of(page, [page.blocks[at] for at in head.body], head.title_at))
    if sum(has_publication_date(block.text) for block in blocks) >= _MOST_DATED or _are_list(blocks, page):
        raise no_article(page, "", "the page is a list of articles")
    tails: list[str] = []
    while blocks and (said := tail_of(blocks[-1])):
        tails.append(said)
        blocks.pop()
    return blocks, labels_of(tails) if tails else {}


def _are_list(blocks: Sequence[Block], page: Page) -> bool:
    """Whether *blocks* lead to articles and say nothing themselves; a chronicle has dates, but no links."""
    has_links = not page.is_markup or any(block.linked for block in blocks)
    return has_links and is_list(blocks) and not any(map(is_text, blocks))


def _moment(value: str) -> int:
    """Microseconds, in China Standard Time where *value* names no zone; 0 where it holds no date."""
    found = date_in(value)
    if found is None:
        return 0
    if _ZONED.fullmatch(value.strip()):
        return _named("published_at", read_moment, value.strip())
    year, month, day, hour, minute, second = found.groups()
    text = f"{year}-{month:0>2}-{day:0>2}T{hour or 0:0>2}:{minute or 0:0>2}:{second or 0:0>2}+08:00"
    return _named("published_at", read_moment, text)


def _named(field: str, check: Callable[[str], T], value: str) -> T:
    try:
        return check(value)
    except ValueError as cause:
        raise InvalidInput.of(field, str(cause)) from None
