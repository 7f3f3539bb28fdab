"""How the chat platforms read text: what becomes a link, a mention, a heading, and what a reader sees of it.

The dialects differ in what escapes:
- WeCom documents no escape at all, so nothing protects: `[..](..)`, `<font`, `<@` and backticks are live everywhere,
  within code too; a backslash and an entity are shown as they stand (all that is remembered, and taken as the worst).
- DingTalk reads CommonMark: a backslash before punctuation, entities, and code spans protect (remembered).
- Feishu documents HTML entities (`&lt;`, `&#91;`); a backslash is shown, code spans protect (remembered). Tags that
  make links and mentions: `<a href>`, `<link url>`, `<at id>`, `<at ids>`, `<at email>`, `<at user_id>`, `<person id>`.
- Slack has `&lt;`, `&gt;`, `&amp;`, and nothing else; angle brackets are live within code too (remembered).
Where it is not known whether a client makes a link of something, it does here: addresses that stand bare, for one.
"""

import html
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

Link = tuple[str, str]  # the title as seen, the address

_SHELTER = 0xF0000  # escaped characters wait here, where no rule sees them
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
_BACKSLASHED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]*|#[0-9]+|#[xX][0-9a-fA-F]+);")
_SLACK_ENTITY = re.compile(r"&(?:lt|gt|amp);")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_TOKEN = re.compile(r"\x00(\d+)\x00")  # a link already taken out
_BARE = re.compile(r"(?:https?://|www\.)[^\s<>\"'|()\x00（）《》“”，。；：！？、\u3000]+", re.IGNORECASE)
_TARGET = re.compile(r"""(\S+?)(?:\s+(?:"[^"]*"|'[^']*'))?""")
_BLOCK_MARKS = re.compile(r"^\s*(?:(?:>|[-+*]|\d+[.)])\s+|>)*")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$")
_BOLD_LINE = re.compile(r"^\*\*([^*]+)\*\*$")
_SLACK_BOLD_LINE = re.compile(r"^\*([^*]+)\*$")
_AUTOLINK = re.compile(r"<([a-zA-Z][a-zA-Z0-9+.-]+:[^\s<>]*)>")
_ANCHOR = re.compile(
    r"""<(?:a|link)\b[^<>]*?\b(?:href|url)\s*=\s*(["']?)([^"'<>]+?)\1(?:\s[^<>]*)?>(.*?)</(?:a|link)\s*>""",
    re.IGNORECASE | re.DOTALL,
)
_ANGLED = re.compile(r"<([^<>\n]+)>")
_SLACK_NAMED = re.compile(r"(?<![\w<!])@(?:channel|here|everyone)\b")

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_ITALIC = re.compile(r"(?<!\*)\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?!\*)")
_UNDERLINED = re.compile(r"(?<![^\W_])(_{1,2})(?=[^\s_])(.+?)(?<=[^\s_])\1(?![^\W_])")
_STRUCK = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_TICKED = re.compile(r"`+([^`\n]+)`+")
_FONT = re.compile(r"</?font\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reader sees of a text, beside its words."""

    links: list[Link] = field(default_factory=list)  # with a text of their own
    bare: list[str] = field(default_factory=list)  # addresses that a client makes links of by itself
    headings: list[str] = field(default_factory=list)  # lines that stand out and are no links
    mentions: list[str] = field(default_factory=list)

    def __add__(self, other: Self) -> "Seen":
        return Seen(
            links=self.links + other.links,
            bare=self.bare + other.bare,
            headings=self.headings + other.headings,
            mentions=self.mentions + other.mentions,
        )

    @property
    def titles(self) -> list[str]:
        """Texts of links, and the headings that do not repeat one of them."""
        named = [title for title, _url in self.links if title]
        return named + [heading for heading in self.headings if heading not in named]

    @property
    def rendered(self) -> list[str]:
        """Every address that one can tap."""
        return [url for _title, url in self.links] + self.bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One platform's markdown."""

    shelters: tuple[Callable[[str], str], ...]  # what escapes
    marks: tuple[re.Pattern[str], ...]  # pairs that vanish: the last group stays
    tags: re.Pattern[str]  # tags that vanish
    mention: re.Pattern[str] | None  # its only group is whom
    images: bool  # ![..](..) is a picture; else a link after an exclamation mark
    anchors: bool  # <a href> and <link url> are links
    lenient: bool  # a target with blanks is a target all the same


def _hide(text: str) -> str:
    return _PUNCTUATION.sub(lambda found: chr(_SHELTER + ord(found[0])), text)


def _show(text: str) -> str:
    return "".join(chr(ord(each) - _SHELTER) if _SHELTER < ord(each) < _SHELTER + 0x80 else each for each in text)


def _shelter_backslashed(text: str) -> str:
    return _BACKSLASHED.sub(lambda found: _hide(found[1]), text)


def _shelter_entities(text: str) -> str:
    return _ENTITY.sub(lambda found: _hide(html.unescape(found[0])), text)


def _shelter_code(text: str) -> str:
    return _CODE.sub(lambda found: _hide(found[2]), text)


_WHOM = re.compile(r"<@([^<>\s]+)>")
_AT_TAG = re.compile(
    r"""<(?:at|person)\b[^<>]*?\b(?:user_id|open_id|ids|id|email)\s*=\s*["']?([^"'<>]+?)["']?\s*/?>""", re.IGNORECASE
)
_SLACK_WHOM = re.compile(r"<([@!](?!date\^)[^<>|]+)(?:\|[^<>]*)?>")

WECOM = Dialect(
    shelters=(), marks=(_BOLD, _TICKED), tags=_FONT, mention=_WHOM, images=False, anchors=False, lenient=True
)
WECOM_V2 = Dialect(
    shelters=(),
    marks=(_BOLD, _ITALIC, _TICKED),
    tags=re.compile(r"(?!)"),  # protocols, 2: no font colour
    mention=None,  # protocols, 2: no @
    images=True,
    anchors=False,
    lenient=True,
)
DINGTALK = Dialect(
    shelters=(_shelter_backslashed, _shelter_code, _shelter_entities),
    marks=(_BOLD, _ITALIC, _UNDERLINED, _STRUCK),
    tags=_TAG,
    mention=None,  # decided by `at` beside the text
    images=True,
    anchors=True,
    lenient=False,
)
FEISHU = Dialect(
    shelters=(_shelter_code, _shelter_entities),
    marks=(_BOLD, _ITALIC, _STRUCK),
    tags=_TAG,
    mention=_AT_TAG,
    images=True,
    anchors=True,
    lenient=True,
)
SLACK_MARKDOWN = Dialect(  # of its block `markdown`; its own mrkdwn is `read_mrkdwn`
    shelters=DINGTALK.shelters,
    marks=DINGTALK.marks,
    tags=_TAG,
    mention=_SLACK_WHOM,
    images=True,
    anchors=False,
    lenient=False,
)


def read(source: str, dialect: Dialect) -> Seen:
    """What the clients of *dialect* make of *source*."""
    text = source.replace("\x00", "")
    for shelter in dialect.shelters:
        text = shelter(text)
    mentions = [_show(whom) for whom in dialect.mention.findall(text)] if dialect.mention else []
    links: list[Link] = []
    text = _take_links(text, dialect, links)
    if dialect.anchors:
        text = _ANCHOR.sub(lambda found: _keep(links, _words(found[3], dialect), _show(found[2])), text)
    bare = [_show(found) for found in _AUTOLINK.findall(text)]
    bare += [_show(found) for found in _BARE.findall(_AUTOLINK.sub("", text))]
    return Seen(links=links, bare=bare, headings=_headings(text, dialect), mentions=mentions)


def _keep(links: list[Link], title: str, url: str) -> str:
    links.append((title, url))
    return f"\x00{len(links) - 1}\x00"


def _words(text: str, dialect: Dialect) -> str:
    """*text* as a reader sees it."""
    for mark in dialect.marks:
        text = mark.sub(lambda found: str(found[found.re.groups]), text)
    return _show(dialect.tags.sub("", text)).strip()


def _take_links(text: str, dialect: Dialect, links: list[Link]) -> str:
    """*text* with a token in the place of each `[title](address)`; an inner link wins over an outer one."""
    at = 0
    while (close := text.find("](", at)) >= 0:
        at = close + 2
        opening, target = _opening(text, close), _target(text, at, dialect)
        if opening is None or target is None or _TOKEN.search(text, opening, close):
            continue
        url, end = target
        is_image = dialect.images and text[:opening].endswith("!")
        put = "" if is_image else _keep(links, _words(text[opening + 1 : close], dialect), url)
        start = opening - 1 if is_image else opening
        text = text[:start] + put + text[end:]
        at = start + len(put)
    return text


def _opening(text: str, close: int) -> int | None:
    """Where the bracket opens that closes at *close*, in the same paragraph."""
    depth = 1
    for place in range(close - 1, -1, -1):
        depth += {"]": 1, "[": -1}.get(text[place], 0)
        if depth == 0:
            return None if "\n\n" in text[place:close] else place
    return None


def _target(text: str, start: int, dialect: Dialect) -> tuple[str, int] | None:
    """The address that begins at *start*, and where its parenthesis ends."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if text[place] == "\n":
            return None
        if depth == 0:
            inside = text[start:place].strip()
            found = _TARGET.fullmatch(inside)
            url = found[1] if found else (inside if dialect.lenient else "")
            return (_show(url.removeprefix("<").removesuffix(">")), place + 1) if url else None
    return None


def _headings(text: str, dialect: Dialect) -> list[str]:
    found = []
    for line in text.splitlines():
        rest = dialect.tags.sub("", _BLOCK_MARKS.sub("", line)).strip()
        if (heading := _HEADING.match(rest) or _BOLD_LINE.match(rest)) and not _TOKEN.search(rest):
            found.append(_words(heading[1], dialect))
    return found


def read_mrkdwn(source: str, *, verbatim: bool = False, is_block: bool = True) -> Seen:
    """What Slack makes of *source*. Without *verbatim*, bare addresses are links, and names in blocks are mentions."""
    # https://docs.slack.dev/reference/block-kit/composition-objects/text-object: verbatim
    text = _SLACK_ENTITY.sub(lambda found: _hide(html.unescape(found[0])), source.replace("\x00", ""))
    mentions = [_show(whom) for whom in _SLACK_WHOM.findall(text)]
    links: list[Link] = []
    bare: list[str] = []
    text = _ANGLED.sub(lambda found: _take_angled(found[1], links, bare), text)
    if not verbatim:
        bare += [_show(found) for found in _BARE.findall(text)]
        mentions += _SLACK_NAMED.findall(text) if is_block else []
    lines = [_BLOCK_MARKS.sub("", line).strip() for line in text.splitlines()]
    bold = [found for line in lines if (found := _SLACK_BOLD_LINE.match(line)) and not _TOKEN.search(line)]
    return Seen(links=links, bare=bare, headings=[_show(found[1]).strip() for found in bold], mentions=mentions)


def _take_angled(inside: str, links: list[Link], bare: list[str]) -> str:
    """Slack's `<address|label>`; what stands in a label is shown as it stands (remembered)."""
    target, _, label = inside.partition("|")
    if target[0] in "@!":
        return ""
    if target[0] != "#" and not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", target):
        return _hide(f"<{inside}>")
    if label:
        return _keep(links, _show(label).strip(), _show(target))
    bare.append(_show(target))
    return ""


def show_slack(source: str) -> str:
    """Plain text of Slack's as a reader sees it."""
    return _SLACK_ENTITY.sub(lambda found: html.unescape(found[0]), source)


def read_plain(source: str) -> Seen:
    """Text without markdown: each address is tapped, and named by what stands before it on its line or above it."""
    links: list[Link] = []
    above = ""
    for line in source.splitlines():
        found = list(_BARE.finditer(line))
        start = 0
        for each in found:
            before = line[start : each.start()].strip().rstrip("：:").strip()
            links.append((before or above, each[0]))
            start, above = each.end(), ""
        if not found and line.strip():
            above = line.strip()
    return Seen(links=links)


def gather(parts: Iterable[Seen]) -> Seen:
    """All of *parts* as one."""
    whole = Seen()
    for part in parts:
        whole += part
    return whole
