"""The breadcrumb: `首页 > 开发区新闻 > 泰州 > 文字新闻`, so sections and a city."""

import re
from collections.abc import Sequence

from zonewire.intake.pages.labels import normal
from zonewire.intake.pages.page import Block, Kind

_HOME = r"(?:网站)?(?:首\s*页|主\s*页|[Hh]ome)[\]】]?"
_BETWEEN = r"\s*(?:[>＞»›→]|&gt;|(?<=[^\d])/(?=[^\d]))\s*"
_TRAIL = re.compile(rf"(?:^|[:\s\]】\[【|>]){_HOME}{_BETWEEN}")
_FROM_HOME = re.compile(rf"^.*?{_HOME}{_BETWEEN}")
_PARTS = re.compile(_BETWEEN)
# A crumb that ends so is a section; the one that does not is the city.
_SECTION = re.compile(
    r"(?:新闻|资讯|动态|公告|公示|要闻|信息|视频|图片|专题|报道|政策|通知|专栏|快讯|头条|推介|招商|中心|文件|项目|园区|开发区|之窗|活动)$"
)
_LAST = frozenset({"正文", "内容", "详情", "详细内容", "文章", "文章内容", "新闻内容", "内容页", "阅读", "浏览文章"})


def is_trail(block: Block) -> bool:
    """Whether *block* is a breadcrumb."""
    line = normal(block.text)
    return bool(_TRAIL.search(line)) or (block.kind is Kind.CRUMBS and len(_PARTS.split(line)) > 1)


def trail_at(blocks: Sequence[Block]) -> int:
    """Where the breadcrumb stands; -1 where there is none. One that the page calls so goes before others."""
    places = [place for place, block in enumerate(blocks) if is_trail(block)]
    named = [place for place in places if blocks[place].kind is Kind.CRUMBS]
    return (named or places or [-1])[0]


def sections_and_city(block: Block, *, title: str) -> tuple[tuple[str, ...], str]:
    """Sections and city of a breadcrumb: of three crumbs the middle one is the city, else the one named like none.

    A last crumb that is the article's own title, or says 正文, is none.
    """
    line = _FROM_HOME.sub("", normal(block.text), count=1)
    crumbs = [crumb.strip() for crumb in _PARTS.split(line)]
    crumbs = [crumb for crumb in crumbs if crumb and crumb not in _LAST and not _is_title(crumb, title)]
    places = [i for i, crumb in enumerate(crumbs) if i and not _SECTION.search(crumb)]
    if len(crumbs) == 3 and not _SECTION.search(crumbs[1]):
        places = [1]
    city = crumbs[places[-1]] if places else ""
    return tuple(crumb for i, crumb in enumerate(crumbs) if not places or i != places[-1]), city


def _is_title(crumb: str, title: str) -> bool:
    """Whether *crumb* is the article's title, whole or cut short. A city that the title begins with is none."""
    return crumb == title or (crumb.endswith(("…", "...")) and title.startswith(crumb.rstrip(".…")))
