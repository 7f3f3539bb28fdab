"""A page of HTML as lines, whatever its markup: <br> or paragraphs, tables or columns, blanks of every kind.

An HTML5 parser reads it, so that broken markup comes out as browsers show it. Each line remembers the elements around
it; nothing is judged here.
"""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from zonewire.intake.pages.labels import begins_with_label
from zonewire.intake.pages.page import Block, File, Kind, Page, Picture, text_page
from zonewire.intake.plaintext import without_controls
from zonewire.intake.sanitise import rough_text
from zonewire.intake.shape import is_odd, tags

_LOOKS_SO = re.compile(r"<(?:!doctype|html|head|body|frameset|div|table|p|span|br|meta|title|h[1-6])\b", re.IGNORECASE)
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+?)\s*-->", re.IGNORECASE)
_FRAMES = re.compile(r"<(?:frameset|frame|iframe)\b", re.IGNORECASE)

_DROPPED = tags(
    "script style noscript template head object applet embed svg math canvas audio video iframe frame frameset "
    "select option datalist textarea input button map title -comment -cdata"
)
_BLOCKS = tags(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table caption "
    "tbody td tfoot th thead tr ul"
)
_INLINE = tags("a b strong em i u sub sup s del ins code mark")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_KINDS = {"li": Kind.ITEM, "blockquote": Kind.QUOTE, "figcaption": Kind.CAPTION, "caption": Kind.CAPTION}
_ASIDE = tags("footer aside")
_CRUMBS = re.compile(r"crumb|position|location|weizhi|dqwz|dangqian|curnav|cur_pos|sitepath|local\b", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHINESE = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_WRAPPED = re.compile(rf"(?<=[{_CHINESE}])[ \t]*[\r\n]\s*(?=[{_CHINESE}])")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_EMPTY_PAIR = re.compile(r"<(a|b|strong|em|i|u|sub|sup|s|del|ins|code|mark)(?: [^<>]*)?>\s*</\1>")
_NEXT = re.compile(r"[\[(（]?\s*下\s*一?\s*页\s*[\])）]?\s*[>»]*|[Nn]ext(?: page)?\s*[>»]*")
_FILES = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|wps|et|zip|rar|7z|csv|ofd|txt|rtf|mp3|mp4)$", re.IGNORECASE)
_LAZY = ("data-original", "data-src", "data-lazy-src", "data-echo", "original", "_src")
_SMALLEST = 48
"""Pixels: smaller pictures are signs and buttons."""
_SIGNS = re.compile(
    r"file_?type|/ico(?:n|ns)?[/_.]|spacer|blank\.|loading|transparent|/share|qrcode|ewm|weixin\.|wechat\.|/logo",
    re.IGNORECASE,
)
_CELL_CHARACTERS = 60

Attributes = Mapping[str, str | None]


def looks_like_markup(text: str) -> bool:
    """Whether *text* is HTML, and not what a browser shows of it."""
    return bool(_LOOKS_SO.search(text[:20_000]))


def markup_page(text: str) -> Page:
    """The page in *text*, which is HTML. One that no parser should be asked to read is taken by its text alone."""
    clean = without_controls(text)
    if is_odd(clean):
        return text_page(rough_text(clean))
    tree = LexborHTMLParser(clean)
    reader = _Reader()
    if tree.root is not None:
        reader.read(tree.root)
    metas = dict(_metas(tree))
    saved = _SAVED_FROM.search(clean)
    base = tree.css_first("base[href]")
    title = tree.css_first("title")
    return Page(
        blocks=tuple(reader.blocks),
        is_markup=True,
        title=_folded(title.text()) if title else "",
        metas=metas,
        elements=tuple(reader.elements),
        address=_address(saved[1] if saved else "", tree, metas),
        base=(base.attributes.get("href") or "") if base else "",
        following=reader.following,
        has_login=tree.css_first("input[type=password i]") is not None,
        has_frames=bool(_FRAMES.search(clean)),
        language=(tree.root.attributes.get("lang") or "") if tree.root is not None else "",
    )


def _metas(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    for node in tree.css("meta[content]"):
        name = node.attributes.get("name") or node.attributes.get("property") or ""
        if name and (content := _folded(node.attributes.get("content") or "")):
            yield name.strip().lower(), content


def _address(saved: str, tree: LexborHTMLParser, metas: Mapping[str, str]) -> str:
    """Where the page says that it stands; not the address of a whole portal, which careless ones give every page."""
    canonical = tree.css_first("link[rel=canonical i][href]")
    said = (saved, (canonical.attributes.get("href") or "") if canonical else "", metas.get("og:url", ""))
    for address in said:
        try:
            parts = urlsplit(address.strip())
        except ValueError:
            continue
        if parts.scheme in {"http", "https"} and parts.hostname and (parts.path.strip("/") or parts.query):
            return address.strip()
    return ""


def _folded(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", text).split())


class _Reader:
    """Walks the tree once, without recursion, and keeps the line that is being read."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.elements: list[str] = []
        self.following = ""
        self._path: list[int] = []
        self._names: list[str] = []  # of the block elements around, from the outside in
        self._inline: list[tuple[str, str]] = []  # the tags that are open, each with how it is written
        self._crumbs = 0  # elements of a breadcrumb that are open
        self._markup: list[str] = []
        self._text: list[str] = []
        self._linked = 0
        self._pictures: list[Picture] = []
        self._files: list[File] = []

    def read(self, root: Any) -> None:
        """Every line below *root*."""
        work: list[tuple[Any, bool]] = [(root, False)]
        while work:
            node, is_left = work.pop()
            if is_left:
                self._leave(node)
            elif node.tag == "-text":
                self._say(node.text_content or "")
            elif self._enters(node):
                work.append((node, True))
                children = []
                child = node.child
                while child is not None:
                    children.append((child, False))
                    child = child.next
                work.extend(reversed(children))
        self._flush()

    def _enters(self, node: Any) -> bool:
        """Take *node* in; whether its children are to be read."""
        tag = node.tag
        attributes: Attributes = node.attributes if tag and tag[0] not in "-_!" else {}
        if tag == "br":
            self._break()
            return False
        if tag == "img":
            self._show(attributes)
            return False
        if tag in _DROPPED or tag in _ASIDE or _is_hidden(attributes):
            return False
        if tag == "table" and (rows := _data(node)):
            self._flush()
            self._add(Block(text="\n".join(rows), kind=Kind.TABLE, markup=node.html, path=tuple(self._path)))
            return False
        if tag in _BLOCKS:
            self._enter_block(tag, attributes)
        elif tag in _INLINE:
            self._open(tag, node, attributes)
        return True

    def _enter_block(self, tag: str, attributes: Attributes) -> None:
        named = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        if self._crumbs:
            self._crumbs += 1
            self._say(" > " if tag in {"li", "dd", "td"} and "".join(self._text).strip() else " ")
            return
        self._flush()
        self._path.append(len(self.elements))
        self._names.append(tag)
        self.elements.append(f"{tag}.{(attributes.get('class') or '').strip()}")
        if _CRUMBS.search(named):
            self._crumbs = 1

    def _leave(self, node: Any) -> None:
        if node.tag in _BLOCKS:
            if self._crumbs > 1:
                self._crumbs -= 1
                return
            self._flush()
            self._crumbs = 0
            self._path.pop()
            self._names.pop()
        elif node.tag in _INLINE:
            self._inline.pop()
            self._markup.append(f"</{node.tag}>")

    def _open(self, tag: str, node: Any, attributes: Attributes) -> None:
        written = f"<{tag}>"
        if tag == "a":
            address = (attributes.get("href") or "").strip()
            written = f'<a href="{html.escape(address)}">' if _leads_somewhere(address) else "<a>"
            says = _folded(node.text() or "")
            if _leads_somewhere(address):
                self._note_link(address, says, attributes.get("title") or "")
        self._inline.append((tag, written))
        self._markup.append(written)

    def _note_link(self, address: str, says: str, title: str) -> None:
        if _NEXT.fullmatch(says):
            self.following = self.following or address
        elif _FILES.search(urlsplit_path(address)) or _FILES.search(title):
            self._files.append(File(address, says or title or unquote(urlsplit_path(address).rpartition("/")[2])))

    def _show(self, attributes: Attributes) -> None:
        lazy = next((value for name in _LAZY if (value := attributes.get(name))), None)
        address = (lazy or attributes.get("src") or "").strip()
        sizes = (_pixels(attributes.get(name)) for name in ("width", "height"))
        if not address or _SIGNS.search(address) or any(size and size < _SMALLEST for size in sizes):
            return
        self._pictures.append(Picture(address, _folded(attributes.get("alt") or "")))

    def _say(self, text: str) -> None:
        text = _INVISIBLE.sub("", _WRAPPED.sub("", text))
        if not text:
            return
        folded = re.sub(r"\s+", " ", text)
        if folded[0] == " " and (not self._text or self._text[-1].endswith(" ")):
            folded = folded[1:]
        if not folded:
            return
        self._text.append(folded)
        self._markup.append(html.escape(folded, quote=False))
        if any(tag == "a" and written != "<a>" for tag, written in self._inline):
            self._linked += len(folded.strip())

    def _break(self) -> None:
        if self._crumbs:
            self._say(" ")
        else:
            self._flush()

    def _flush(self) -> None:
        """End the line that is being read; tags that are open are opened again in the next."""
        text = "".join(self._text).strip()
        if text or self._pictures:
            for picture in self._pictures if not text else ():
                self._add(Block(text="", kind=Kind.PICTURE, path=tuple(self._path), pictures=(picture,)))
            if text:
                self._add(self._line(text))
        self._markup = [written for _, written in self._inline]
        self._text, self._linked, self._pictures, self._files = [], 0, [], []

    def _line(self, text: str) -> Block:
        name = next((name for name in reversed(self._names) if name in _HEADINGS or name in _KINDS), "")
        kind = Kind.HEADING if name in _HEADINGS else _KINDS.get(name, Kind.TEXT)
        return Block(
            text=text,
            kind=Kind.CRUMBS if self._crumbs else kind,
            markup=self._written(),
            level=_HEADINGS.get(name, 0),
            linked=self._linked,
            path=tuple(self._path),
            pictures=tuple(self._pictures),
            files=tuple(self._files),
        )

    def _written(self) -> str:
        markup = "".join(self._markup) + "".join(f"</{tag}>" for tag, _ in reversed(self._inline))
        while (tidied := _EMPTY_PAIR.sub("", markup)) != markup:
            markup = tidied
        return re.sub(r" +((?:</\w+>)*)$", r"\1", markup.strip()).strip()

    def _add(self, block: Block) -> None:
        self.blocks.append(block)


def _is_hidden(attributes: Attributes) -> bool:
    return "hidden" in attributes or bool(_HIDDEN.search(attributes.get("style") or ""))


def _leads_somewhere(address: str) -> bool:
    return (
        bool(address)
        and not address.startswith("#")
        and not address.lower().startswith(("javascript:", "data:", "file:"))
    )


def urlsplit_path(address: str) -> str:
    """The path of *address*; "" where it is none."""
    try:
        return urlsplit(address).path
    except ValueError:
        return ""


def _pixels(value: str | None) -> int:
    found = re.match(r"\s*(\d{1,5})\s*(?:px)?\s*$", value or "")
    return int(found[1]) if found else 0


def _data(table: Any) -> list[str]:
    """The rows of a table that holds data; none of one that only lays a page out."""
    if table.css_first("table table, table input, table img, table ul, table form") is not None:
        return []
    rows = [[_folded(cell.text(separator=" ")) for cell in row.css("td, th")] for row in table.css("tr")]
    rows = [row for row in rows if any(row)]
    cells = [cell for row in rows for cell in row]
    is_grid = len(rows) >= 2 and sum(len(row) >= 2 for row in rows) * 2 > len(rows)
    if not is_grid or max(map(len, cells)) > 4 * _CELL_CHARACTERS:
        return []
    if sum(map(len, cells)) > _CELL_CHARACTERS * len(cells) or any(begins_with_label(cell) for cell in cells):
        return []
    return [" ".join(row) for row in rows]
