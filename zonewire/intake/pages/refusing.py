"""Why a page holds no article, in words for whoever saved it."""

import re
from collections.abc import Sequence

from zonewire.errors import FieldError, NotAnArticle
from zonewire.intake.pages.furniture import is_contact, is_foot, is_text, may_be_foot
from zonewire.intake.pages.labels import DATE, normal
from zonewire.intake.pages.page import Block, Page

_LOGIN = re.compile(r"(?:请先?\s*登录|用户登录|会员登录|用户名|密\s*码|验证码|[Pp]assword|[Ss]ign in|[Ll]og ?in)")
_ERROR = re.compile(
    r"\b(?:404|403|500|502|503)\b|[Nn]ot [Ff]ound|[Ff]orbidden|[Ee]rror"
    r"|页面(?:不存在|没有找到|未找到|找不到|已删除|出错)|找不到(?:页面|文件|该页|服务器)"
    r"|(?:不存在|已被?删除|已下线|访问出错|系统出错|访问被拒绝|无权访问|系统维护|升级维护)"
)
_SHORT = 300
"""Characters: an error page says little."""
_SHORTER = 120
_SHELL = re.compile(
    r"[Jj]ava[Ss]cript|浏览器(?:不支持|版本过低)|(?:页面)?(?:正在|数据)?加载中|正在(?:加载|跳转)|[Ll]oading"
)
_ENTRIES = 4
_TITLE_CHARACTERS = 8


def no_article(page: Page, field: str, otherwise: str) -> NotAnArticle:
    """The error about *page*: what it is, as far as that can be told, else *otherwise*; *field* is what is missing."""
    for looks_so, what, mend in _KINDS:
        if looks_so(page):
            return NotAnArticle([FieldError(0, "", what)], mend=mend)
    return NotAnArticle([FieldError(0, field, otherwise)], mend="Save the page of one article, and name that.")


def is_error(page: Page) -> bool:
    """Whether the page only says that there is none."""
    said = _own(page)
    length = sum(map(len, said))
    if length > _SHORT:
        return False
    return bool(_ERROR.search(page.title)) or (length <= _SHORTER and any(map(_ERROR.search, said)))


def is_login(page: Page) -> bool:
    """Whether the page asks who its visitor is, and says little else."""
    text = "".join(_own(page))
    asks = page.has_login or len(set(_LOGIN.findall(text))) >= 2
    return asks and len(text) <= 2 * _SHORT


def is_frame(page: Page) -> bool:
    """Whether all that it shows stands in pages of their own."""
    return page.has_frames and sum(map(len, _own(page))) <= _SHORTER


def is_shell(page: Page) -> bool:
    """Whether it is still to be written by its scripts, or waits for them."""
    said = _own(page)
    waits = any(map(_SHELL.search, said)) or (not said and page.has_scripts)
    return waits and sum(map(len, said)) <= _SHORTER


def _own(page: Page) -> list[str]:
    """What the page says itself: no menus, and nothing of its foot."""
    return [
        block.text
        for block in page.blocks
        if block.text and not (block.is_linked or is_foot(block) or may_be_foot(block) or is_contact(block))
    ]


def is_list(blocks: Sequence[Block]) -> bool:
    """Whether they lead to articles, one a line."""
    return entries(blocks) >= _ENTRIES


def leads_on(blocks: Sequence[Block]) -> bool:
    """Whether they are titles of articles, each a link, with no more than a few words of each."""
    links = [block for block in blocks if block.is_linked and len(block.text) >= _TITLE_CHARACTERS]
    texts = [block for block in blocks if is_text(block)]
    return len(links) >= _ENTRIES and len(links) >= len(texts)


def entries(blocks: Sequence[Block]) -> int:
    """How many lines look like an entry of a list: a title with its date, or one behind the other."""
    lines = [normal(block.text) for block in blocks]
    dated = [
        bool((found := DATE.search(line)) and (found.start() < 3 or found.end() >= len(line) - 2)) for line in lines
    ]
    short = [len(line) < 90 for line in lines]
    titled = sum(d and s and len(line) > 14 for d, s, line in zip(dated, short, lines, strict=True))
    alone = sum(d and len(line) <= 14 for d, line in zip(dated, lines, strict=True))
    links = sum(block.is_linked and len(block.text) >= _TITLE_CHARACTERS for block in blocks)
    return max(titled, min(alone, links), links if alone + titled >= _ENTRIES else 0)


def _is_empty(page: Page) -> bool:
    return not (page.blocks or page.has_frames or page.has_scripts)


_KINDS = (
    (_is_empty, "the page is empty", "Name one with an article in it."),
    (is_frame, "the page is a frame around others, with no text of its own", "Save the page inside it, and name that."),
    (
        is_error,
        "the page says that there is none, or that something went wrong",
        "Open it again, and save what it shows.",
    ),
    (
        is_shell,
        "the page shows nothing but what its scripts would write",
        "Open it in a browser, wait until the article is there, and save it then.",
    ),
    (is_login, "the page asks for a login", "Sign in, and save the article's own page."),
    (
        lambda page: is_list(page.blocks) or leads_on(page.blocks),
        "the page is a list of articles",
        "Open those that are meant, and save their own pages.",
    ),
)
