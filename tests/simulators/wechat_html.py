"""A strict checker of an article's content for WeChat: what the platform would drop, refuse or break.

`faults` names each rule that is broken and the place, as line:column of the tag. Facts: protocols, 1.7 (which HTML
survives) and 1.3 (how long it may be).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Literal
from urllib.parse import urlsplit

from tests.simulators.wechat_styles import declarations, is_hex, is_lost, wrong_styles

Images = Literal["mmbiz", "anywhere"]
Attributes = Sequence[tuple[str, str | None]]

CHARS_BELOW = 20_000  # protocols, 1.3: "< 20,000 characters of HTML, tags and styles included"
BYTES_BELOW = 1_000_000  # protocols, 1.3: "and < 1 MB"; the stricter reading of MB
PICTURE_HOST = "mmbiz.qpic.cn"  # protocols, 1.7: "img with src on mmbiz"
LIST_LEVELS = 2  # protocols, 1.7: "ul/ol/li (two levels; …)"

_VOID = {"br", "hr", "img"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCKS = {"section", "p", "ul", "ol", "blockquote", "table", "pre", "hr", "div"} | _HEADINGS
# protocols, 1.7, "keep"; rules, 公众号: "the tags of 1.7 and div"; `a` is looked at by itself
TAGS = _BLOCKS | {"span", "strong", "em", "u", "br", "li", "thead", "tbody", "tr", "th", "td", "code", "img", "a"}
_FOREIGN_VOID = {"meta", "link", "input", "embed", "source", "track", "wbr", "area", "base", "col", "param"}
# rules, 公众号: "attributes are style, lang, src, alt, colspan, rowspan, leaf, and href to mp.weixin.qq.com/s only"
_EVERYWHERE = {"style", "lang", "leaf"}
_ONLY_ON = {
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "a": {"href"},
}
_PARENTS = {
    "li": {"ul", "ol"},
    "thead": {"table"},
    "tbody": {"table"},
    "tr": {"table", "thead", "tbody"},
    "td": {"tr"},
    "th": {"tr"},
}
_CHILDREN = {
    "ul": {"li", "ul", "ol"},
    "ol": {"li", "ul", "ol"},
    "table": {"thead", "tbody", "tr"},
    "thead": {"tr"},
    "tbody": {"tr"},
    "tr": {"td", "th"},
}
_ARTICLE = re.compile(r"https?://mp\.weixin\.qq\.com/s(?:[/?].+)")
_SPACES = " \t\r\n\f"
_NBSP = "\N{NO-BREAK SPACE}"
_IMG = re.compile(r"<img\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class _Node:
    """An open tag."""

    tag: str
    place: str
    colour: str = ""  # of its text, by itself or inherited
    background: str = ""  # behind it, nearest first
    filled: bool = False  # it holds text, a picture, a rule or a line break
    told_lost: bool = False


def faults(html: str, *, images: Images = "mmbiz") -> list[str]:
    """Each rule that *html* breaks, with its place; none is what we want. *images* "anywhere": before the upload."""
    reader = _Reader(images)
    reader.feed(html)
    reader.close()
    return [*_too_long(html), *_cut_off(html), *reader.end()]


def text_of(html: str) -> str:
    """The words of *html*, as far as a reader sees any."""
    return unescape(re.sub(r"<[^>]*>", " ", html)).strip()


def picture_addresses(html: str) -> list[str]:
    """The `src` of each picture, in order."""
    return [_src(tag) for tag in _IMG.findall(html)]


def without_foreign_images(html: str) -> tuple[str, list[str]]:
    """*html* as the platform keeps it, and the `src` of each picture that it removed.

    protocols, 1.3: "foreign images removed".
    """
    removed: list[str] = []

    def kept(tag: re.Match[str]) -> str:
        if _is_on_mmbiz(src := _src(tag[0])):
            return tag[0]
        removed.append(src)
        return ""

    return _IMG.sub(kept, html), removed


def _src(tag: str) -> str:
    found: list[str] = []

    class One(HTMLParser):
        def handle_starttag(self, _tag: str, attrs: Attributes) -> None:
            found.extend(value or "" for name, value in attrs if name == "src")

    One().feed(tag)
    return found[0] if found else ""


def _host(address: str) -> str:
    """The host of a web address; empty where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.hostname or "" if parts.scheme in {"http", "https"} else ""


def _is_on_mmbiz(address: str) -> bool:
    return _host(address) == PICTURE_HOST


def _too_long(html: str) -> Iterator[str]:
    if len(html) >= CHARS_BELOW:
        yield f"1.3: fewer than {CHARS_BELOW} characters: {len(html)}, in the whole content"
    if (size := len(html.encode())) >= BYTES_BELOW:
        yield f"1.3: less than 1 MB: {size} bytes, in the whole content"


def _cut_off(html: str) -> Iterator[str]:
    if html.rfind("<") > html.rfind(">"):
        yield "1.7: well-formed: a tag is cut off, at the end"


@dataclass(slots=True)
class _Seen:
    """What the reader has found so far."""

    faults: list[str] = field(default_factory=list)
    has_text: bool = False


class _Reader(HTMLParser):
    """Reads content from its start to its end, and keeps what it finds wrong."""

    def __init__(self, images: Images) -> None:
        super().__init__(convert_charrefs=False)
        self._images = images
        self._open = [_Node(tag="", place="", filled=True)]
        self._seen = _Seen()

    def end(self) -> list[str]:
        """What was found, once all was read."""
        for node in reversed(self._open[1:]):
            self._fault(f"well-formed: <{node.tag}> is never closed", node.place)
        if not self._seen.has_text:
            self._fault("the text is empty", "in the whole content")
        return self._seen.faults

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        for fault in (*self._misplaced(tag), *_wrong_attributes(tag, attrs, self._images)):
            self._fault(fault, self._place(tag))
        if tag in _VOID:
            self._fill()
        elif tag not in _FOREIGN_VOID:
            self._open.append(self._node(tag, attrs))

    def handle_startendtag(self, tag: str, attrs: Attributes) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID | _FOREIGN_VOID:
            self._fault(f"well-formed: <{tag}/> closes nothing in HTML", self._place(tag))
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in [node.tag for node in self._open]:
            self._fault(f"well-formed: </{tag}> closes nothing", self._place(tag))
            return
        while (node := self._open.pop()).tag != tag:
            self._fault(f"well-formed: <{node.tag}> is open where </{tag}> stands", node.place)
        if (
            not node.filled
        ):  # protocols, 1.7: "Empty decorative nodes need <br> or a zero-size text, or they are dropped"
            self._fault("no empty nodes: without text, picture, rule or br it is dropped", node.place)

    def handle_data(self, data: str) -> None:
        node = self._open[-1]
        if "<" in data:
            self._fault("well-formed: a bare < in the text", self._place(node.tag))
        if "\n" in data and any(one.tag == "pre" for one in self._open):
            # protocols, 1.7: "In pre, raw newlines collapse to spaces on save: write <br> and &nbsp;"
            self._fault("no raw newlines in pre: write <br>", self._place(node.tag))
        if shown := data.strip(_SPACES):
            self._text(shown)

    def handle_entityref(self, name: str) -> None:
        self._text(unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        self._text(unescape(f"&#{name};"))

    def handle_comment(self, data: str) -> None:
        self._fault(f"comments are not kept: {data[:20]!r}", self._place("!--"))

    def handle_decl(self, decl: str) -> None:
        self._fault(f"no html wrappers: <!{decl[:20]}>", self._place("!"))

    def handle_pi(self, data: str) -> None:
        self._fault(f"no processing instructions: {data[:20]!r}", self._place("?"))

    def unknown_decl(self, data: str) -> None:
        self._fault(f"no declarations: {data[:20]!r}", self._place("!"))

    def _misplaced(self, tag: str) -> Iterator[str]:
        """What is wrong with *tag* standing here."""
        outer = [node.tag for node in self._open]
        if tag not in TAGS:  # protocols, 1.7, "keep"
            yield f"the tag <{tag}> is not kept"
        if tag in _BLOCKS and (closed := {"p", *_HEADINGS} & set(outer)):
            yield f"well-formed: <{tag}> ends the open <{closed.pop()}>"
        if tag in _PARENTS and outer[-1] not in _PARENTS[tag]:
            yield f"well-formed: <{tag}> does not stand in {' or '.join(sorted(_PARENTS[tag]))}"
        if outer[-1] in _CHILDREN and tag not in _CHILDREN[outer[-1]]:
            yield f"well-formed: <{tag}> stands right in <{outer[-1]}>"
        if tag in {"ul", "ol"}:
            if "li" in outer:  # protocols, 1.7: "put a nested list after its li, not in it"
                yield "a nested list stands after its li, not in it"
            if sum(one in {"ul", "ol"} for one in outer) >= LIST_LEVELS:
                yield "lists have two levels at most"

    def _text(self, shown: str) -> None:
        node = self._open[-1]
        self._fill()
        self._seen.has_text |= bool(shown.strip(_SPACES + _NBSP))
        if node.tag in _CHILDREN:
            self._fault(f"well-formed: text right in <{node.tag}>", self._place(node.tag))
        if node.colour and not node.told_lost and is_lost(node.colour, node.background):
            node.told_lost = True
            behind = node.background or "no background"
            self._fault(f"dark mode: near-white text {node.colour} on {behind}", node.place)

    def _node(self, tag: str, attrs: Attributes) -> _Node:
        outer = self._open[-1]
        style = dict(declarations(next((value or "" for name, value in attrs if name == "style"), "")))
        colour, background = style.get("color", ""), style.get("background-color", "")
        return _Node(
            tag=tag,
            place=self._place(tag),
            colour=colour if is_hex(colour) else outer.colour,
            background=background if is_hex(background) else outer.background,
        )

    def _fill(self) -> None:
        for node in self._open:
            node.filled = True

    def _place(self, tag: str) -> str:
        line, column = self.getpos()
        return f"<{tag}> at {line}:{column + 1}"

    def _fault(self, what: str, place: str) -> None:
        self._seen.faults.append(f"1.7: {what}, {place}")


def _wrong_attributes(tag: str, attrs: Attributes, images: Images) -> Iterator[str]:
    names = [name for name, _ in attrs]
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"well-formed: the attribute {name} stands twice"
    allowed = _EVERYWHERE | _ONLY_ON.get(tag, set())
    for name, value in attrs:
        if name not in allowed:  # protocols, 1.7, "avoid": class, id, on*, width/height attributes, data-src
            yield f"the attribute {name} is not kept"
        elif name == "style":
            yield from wrong_styles(value or "")
    given = {name: value or "" for name, value in attrs}
    if tag == "img":
        yield from _wrong_picture(given.get("src", ""), images)
    if tag == "a" and not _ARTICLE.fullmatch(given.get("href", "")):
        # protocols, 1.7: "any other <a href>: the tag or the link is dropped"
        yield f"links lead to mp.weixin.qq.com/s only: {given.get('href', '')!r}"


def _wrong_picture(src: str, images: Images) -> Iterator[str]:
    if not _host(src):
        yield f"a picture has an address: {src[:40]!r}"
    elif images == "mmbiz" and not _is_on_mmbiz(src):
        yield f"pictures stand on {PICTURE_HOST}: {src[:80]!r}"
