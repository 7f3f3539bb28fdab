"""The breadcrumb: `首页 > 开发区新闻 > 泰州 > 文字新闻`, so sections and a city."""

import re
from collections.abc import Sequence
from dataclasses import replace

from zonewire.intake.pages.labels import normal
from zonewire.intake.pages.page import Block, Kind, Page

_HOME = r"(?:网站)?(?:首\s*页|主\s*页|[Hh]ome(?:page)?)[\]】]?"
_BETWEEN = r"\s*(?:[>＞»›→]|&gt;|(?<=[^\d])/(?=[^\d]))\s*"
_DASHES = r"\s+[-–—]+\s+"  # between crumbs only where the line is told to be one
_PLACE = r"^\W*(?:您|你)?(?:当前|现在|目前|所在|的)*位置\s*(?:是|:)?\s*"
# "办理路径：首页 > 办事大厅" is what an article says.
_BEFORE_HOME = r"(?:^\W*|(?<![:：])\s|[\]】\[【|>]|(?:位置|栏目|导航|[Hh]ere|[Ll]ocation)(?:是|\W)*)"
_TRAIL = re.compile(rf"{_BEFORE_HOME}{_HOME}{_BETWEEN}|{_PLACE}[^>]{{2,30}}(?:{_BETWEEN}|{_DASHES})")
_FROM_HOME = re.compile(rf"^.*?{_HOME}(?:{_BETWEEN}|{_DASHES})")
_FROM_PLACE = re.compile(_PLACE)
_PARTS = re.compile(_BETWEEN)
_DASHED_PARTS = re.compile(_DASHES)
_PORTAL = re.compile(r"(?:网|门户|政府|管委会|开发区|园区|新区)$")
# A crumb that ends so is a section; the one that does not is the city.
_SECTION = re.compile(
    r"(?:新闻|资讯|动态|公告|公示|要闻|信息|视频|图片|专题|报道|政策|通知|专栏|快讯|头条|推介|招商|中心|文件|项目|园区|开发区|之窗|活动)$"
)
_ENDS_AT_HOME = re.compile(rf"{_BEFORE_HOME}{_HOME}\s*[>＞»›→]*$")
_BEGINS_WITH_SIGN = re.compile(r"\s*[>＞»›→/]")
_ENDS_WITH_SIGN = re.compile(r"[>＞»›→]\s*$|^\s*/\s*$")
_LONGEST = 300
_LONGEST_CRUMB = 60
_LOOKED_AT = 3
_LAST = frozenset({"正文", "内容", "详情", "详细内容", "文章", "文章内容", "新闻内容", "内容页", "阅读", "浏览文章"})


def is_trail(block: Block) -> bool:
    """Whether *block* is a breadcrumb."""
    line = normal(block.text[:_LONGEST])
    return bool(_TRAIL.search(line)) or (block.kind is Kind.CRUMBS and len(_parts(line)) > 1)


def trail_at(blocks: Sequence[Block]) -> int:
    """Where the breadcrumb stands; -1 where there is none. One that the page calls so goes first, then a longer one."""
    places = [place for place, block in enumerate(blocks) if is_trail(block)][:_LOOKED_AT]
    named = [place for place in places if blocks[place].kind is Kind.CRUMBS]
    return max(named or places, key=lambda place: (len(crumbs_in(blocks[place])), -place), default=-1)


def with_trail_joined(page: Page) -> Page:
    """*page* with a breadcrumb that stands on several lines, as lists do, on one."""
    blocks = page.blocks
    place = next((at for at in range(len(blocks) - 1) if _begins_trail(blocks, at)), -1)
    if place < 0:
        return page
    end = place + 1
    while end < len(blocks) and len(blocks[end].text) <= _LONGEST_CRUMB and _is_open(blocks, end):
        end += 1
    line = " ".join(block.text for block in blocks[place:end])
    joined = replace(blocks[place], text=line, kind=Kind.CRUMBS, markup="", linked=0)
    return replace(page, blocks=(*blocks[:place], joined, *blocks[end:]))


def _begins_trail(blocks: Sequence[Block], place: int) -> bool:
    line = normal(blocks[place].text[:_LONGEST])
    return bool(_ENDS_AT_HOME.search(line)) and _is_open(blocks, place + 1)


def _is_open(blocks: Sequence[Block], place: int) -> bool:
    """Whether a breadcrumb goes on in that line: with a sign, or behind one."""
    return bool(_BEGINS_WITH_SIGN.match(blocks[place].text) or _ENDS_WITH_SIGN.search(blocks[place - 1].text))


def crumbs_in(block: Block) -> list[str]:
    """The crumbs of a breadcrumb, without the home page or the portal that it begins with, and without 正文."""
    line = normal(block.text)
    inside = _FROM_HOME.sub("", line, count=1)
    crumbs = [crumb.strip() for crumb in _parts(_FROM_PLACE.sub("", inside))]
    if inside == line and crumbs and _PORTAL.search(crumbs[0]):
        crumbs = crumbs[1:]
    return [crumb for crumb in crumbs if crumb and crumb not in _LAST]


def sections_and_city(block: Block, *, title: str) -> tuple[tuple[str, ...], str]:
    """Sections and city of a breadcrumb: of three crumbs the middle one is the city, else the one named like none.

    A last crumb that is the article's own title is none.
    """
    crumbs = crumbs_in(block)
    if crumbs and _is_title(crumbs[-1], title):
        crumbs.pop()
    places = [i for i, crumb in enumerate(crumbs) if i and not _SECTION.search(crumb)]
    if len(crumbs) == 3 and not _SECTION.search(crumbs[1]):
        places = [1]
    city = crumbs[places[-1]] if places else ""
    return tuple(crumb for i, crumb in enumerate(crumbs) if not places or i != places[-1]), city


def _is_title(crumb: str, title: str) -> bool:
    """Whether *crumb* is the article's title, whole or cut short. A city that the title begins with is none."""
    return crumb == title or (crumb.endswith(("…", "...")) and title.startswith(crumb.rstrip(".…")))


def _parts(line: str) -> list[str]:
    parts = _PARTS.split(line)
    return parts if len(parts) > 1 else _DASHED_PARTS.split(line)
