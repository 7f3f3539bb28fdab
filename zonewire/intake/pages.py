"""A portal page as text: what a browser copies, or a script saves.

Read by the lines that such pages share: a breadcrumb (`首页 > 开发区新闻 > 泰州 > 文字新闻`), the title, a line of
labels (`发布时间:… 来源:… 发布开发区:…`), paragraphs, then the neighbours (`上一条`), contact and copyright, which are
not part of the article.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from zonewire.articles.folding import fold
from zonewire.articles.model import Article
from zonewire.errors import InvalidInput, NotAnArticle
from zonewire.intake.article_json import check_address, check_id, check_name, check_title
from zonewire.intake.moments import read_moment
from zonewire.intake.plaintext import html_of, without_controls

T = TypeVar("T")

_CRUMB_PARTS = re.compile(r"\s*[>＞»›]\s*")
_HOME = re.compile(r"(?:^|[:：\s])首\s*页\s*[>＞»›]")
_LABELS = (
    "发布时间",
    "发布日期",
    "来源",
    "信息来源",
    "稿源",
    "发布开发区",
    "作者",
    "责任编辑",
    "编辑",
    "浏览次数",
    "浏览",
    "点击",
    "阅读",
)
_LABEL = re.compile(r"(" + "|".join(sorted(_LABELS, key=len, reverse=True)) + r")\s*[:：]\s*")
_PUBLISHED = re.compile(r"发布(?:时间|日期)\s*[:：]")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s*(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII
)
_META_LINES = 4
"""The labels may stand on as many lines."""

# A crumb that ends so is a section; the one that does not is the city.
_SECTION = re.compile(r"(?:新闻|资讯|动态|公告|要闻|信息|视频|图片|专题|报道|政策|通知|专栏|快讯|头条|推介|招商)$")
_LAST_CRUMBS = frozenset({"正文", "内容", "详情"})
_FOOT = re.compile(
    r"(?:上一条|下一条|上一篇|下一篇)\s*[:：]?|(?:与我们联系|联系我们|相关新闻|相关阅读|分享到|打印本页|关闭窗口)\s*[:：]?$"
    r"|[Cc]opyright\b|©|版权所有"
)


def read_page(text: str, *, guid: str = "", url: str = "") -> Article:
    """The article on a portal page. *guid* and *url* where they are known; without either, see `made_guid`.

    Raises NotAnArticle, and InvalidInput where *guid* or *url* cannot be one.
    """
    lines = [line for line in (" ".join(line.split()) for line in without_controls(text).split("\n")) if line]
    crumb_at = next((place for place, line in enumerate(lines) if _HOME.search(line)), -1)
    title_at, after = _head(lines, crumb_at)
    labels = _labels(lines[title_at + 1 : after])
    paragraphs = _body(lines[after:])
    if not paragraphs:
        raise NotAnArticle.of("text", "the page has a title and a date, but no paragraphs")
    sections, city = _crumbs(lines[crumb_at]) if crumb_at >= 0 else ((), "")
    article = Article(
        guid="",
        url=_named("url", check_address, url) if url else "",
        title=_named("title", check_title, lines[title_at]),
        html=html_of(paragraphs),
        text="\n\n".join(paragraphs),
        zone=_named("zone", check_name, labels.get("发布开发区", "")),
        city=_named("city", check_name, city),
        section=tuple(_named("section", check_name, section) for section in sections),
        source=_named("source", check_name, labels.get("来源") or labels.get("信息来源") or labels.get("稿源", "")),
        author=_named("author", check_name, labels.get("作者", "")),
        published_at=_date(labels.get("发布时间") or labels.get("发布日期", "")),
    )
    return replace(article, guid=_named("guid", check_id, guid or url or made_guid(article)))


def made_guid(article: Article) -> str:
    """A guid for a page without an address: source, zone, date, and a hash of the title.

    Whoever changes the title makes a new article of it.
    """
    day = str(article.published_at)
    place = hashlib.sha256("\n".join((fold(article.source), fold(article.zone), day)).encode()).hexdigest()[:12]
    return f"page-{place}-{hashlib.sha256(fold(article.title).encode()).hexdigest()[:16]}"


def _head(lines: list[str], crumb_at: int) -> tuple[int, int]:
    """Where the title stands, and where the body begins."""
    dated_at = next((place for place in range(crumb_at + 1, len(lines)) if _is_dated(lines[place])), None)
    if dated_at is None:
        raise NotAnArticle.of("", "the page has no line with 发布时间 and a date: no article that can be read")
    titles = [place for place in range(crumb_at + 1, dated_at) if not _LABEL.match(lines[place])]
    if not titles:
        raise NotAnArticle.of("title", "no title stands above the line with 发布时间")
    after = dated_at + 1
    while after < min(dated_at + _META_LINES, len(lines)) and _LABEL.match(lines[after]):
        after += 1
    # Below a breadcrumb the title comes first (a subtitle may follow); without one, menus may stand above it.
    return (titles[0] if crumb_at >= 0 else titles[-1]), after


def _is_dated(line: str) -> bool:
    return bool(_PUBLISHED.search(line) and _DATE.search(line))


def _labels(lines: list[str]) -> dict[str, str]:
    """The values behind the labels; a label without one is left out."""
    parts = _LABEL.split("  ".join(lines))
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {label: value.strip(" 　|｜【】[]") for label, value in pairs if value.strip()}


def _date(value: str) -> int:
    found = _DATE.search(value)
    if found is None:
        raise NotAnArticle.of("published_at", "no date stands behind 发布时间")
    year, month, day, hour, minute, second = found.groups()
    text = f"{year}-{month:0>2}-{day:0>2}T{hour or 0:0>2}:{minute or 0:0>2}:{second or 0:0>2}+08:00"
    return _named("published_at", read_moment, text)


def _body(lines: list[str]) -> list[str]:
    foot = next((place for place, line in enumerate(lines) if _FOOT.match(line)), len(lines))
    return lines[:foot]


def _crumbs(line: str) -> tuple[tuple[str, ...], str]:
    """Sections and city of a breadcrumb: of three crumbs the middle one is the city, else the one named like none."""
    crumbs = [crumb for crumb in _CRUMB_PARTS.split(line)[1:] if crumb and crumb not in _LAST_CRUMBS]
    places = [i for i, crumb in enumerate(crumbs) if i and not _SECTION.search(crumb)]
    if len(crumbs) == 3 and not _SECTION.search(crumbs[1]):
        places = [1]
    city = crumbs[places[-1]] if places else ""
    return tuple(crumb for i, crumb in enumerate(crumbs) if not places or i != places[-1]), city


def _named(field: str, check: Callable[[str], T], value: str) -> T:
    try:
        return check(value)
    except ValueError as cause:
        raise InvalidInput.of(field, str(cause)) from None
