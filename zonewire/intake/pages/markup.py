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

from zonewire.intake.pages.labels import as_label, begins_with_label
from zonewire.intake.pages.page import MOST_LINES, Block, File, Kind, Page, Picture, text_page
from zonewire.intake.plaintext import without_controls
from zonewire.intake.sanitise import rough_text
from zonewire.intake.shape import is_odd, tags

_LOOKS_SO = re.compile(r"<(?:!doctype|html|head|body|frameset|div|table|p|span|br|meta|title|h[1-6])\b", re.IGNORECASE)
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(\S+?)\s*-->", re.IGNORECASE)
_SCRIPTS = re.compile(r"<script\b", re.IGNORECASE)
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
_CELLS = tags("td th dt")
_INLINE = tags("a b strong em i u sub sup s del ins code mark")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_KINDS = {"li": Kind.ITEM, "blockquote": Kind.QUOTE, "figcaption": Kind.CAPTION, "caption": Kind.CAPTION}
_ASIDE = tags("footer aside")
_CRUMBS = re.compile(
    r"crumb|(?<![a-z])(?:position|location|place|local|path|pos)(?![a-z-])|weizhi|dqwz|dangqian|curnav|cur_?pos|sitepath",
    re.IGNORECASE,
)
_CRUMBS_CHARACTERS = 200
"""An element with more text is no breadcrumb, whatever it is called."""
_ALIGNED = re.compile(r"text-align\s*:\s*(\w+)", re.IGNORECASE)
_KEEPS_LINES = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHINESE = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
_WRAPPED = re.compile(rf"(?<=[{_CHINESE}])[ \t]*[\r\n]\s*(?=[{_CHINESE}])")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_NEXT = re.compile(r"[\[(（]?\s*下\s*一?\s*页\s*[\])）]?\s*[>»]*|[Nn]ext(?: page)?\s*[>»]*")
_FILES = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|wps|et|zip|rar|7z|csv|ofd|txt|rtf|mp3|mp4)$", re.IGNORECASE)
_LAZY = (
    *("data-original", "data-src", "data-lazy-src", "data-lazyload", "data-actualsrc", "data-echo"),
    *("original", "_src", "zoomfile"),
)
_SMALLEST = 48
"""Pixels: smaller pictures are signs and buttons."""
_SIGNS = re.compile(
    r"file_?type|/ico(?:n|ns)?[/_.]|_icon\.|spacer|blank\.|/loading[^/]*$|transparent|/share[_.-]|qr_?code|(?<![a-z])ewm"
    r"|(?<![a-z])we(?:ixin|chat)\.|/logo[^/]*$|/_images/|^data:",
    re.IGNORECASE,
)
_CELL_CHARACTERS = 60
_DEEPEST = 150
"""Elements around a line that are remembered: no layout is deeper."""
_TITLE_CHARACTERS = 1_000

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
        title=_folded(title.text()[:_TITLE_CHARACTERS]) if title else "",
        metas=metas,
        elements=tuple(reader.elements),
        address=_address(saved[1] if saved else "", tree, metas),
        base=(base.attributes.get("href") or "") if base else "",
        following=reader.following,
        has_login=tree.css_first("input[type=password i]") is not None,
        has_frames=bool(_FRAMES.search(clean)),
        has_scripts=bool(_SCRIPTS.search(clean)),
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
        self._centred = [False]  # likewise, whether their text stands in the middle
        self._keeps = [False]  # of the block elements around, whether line ends of their text are kept

    def read(self, root: Any) -> None:
        """Every line below *root*."""
        work: list[tuple[Any, bool]] = [(root, False)]
        while work and len(self.blocks) <= MOST_LINES:
            node, is_left = work.pop()
            if is_left:
                self._leave(node)
            elif node.tag == "-text":
                self._read_text(node.text_content or "")
            elif self._enters(node):
                work.append((node, True))
                children = []
                child = node.child
                while child is not None:
                    children.append((child, False))
                    child = child.next
                work.extend(reversed(children))
        self._flush()

    def _read_text(self, text: str) -> None:
        if not self._keeps[-1]:
            self._say(text)
            return
        first, *others = text.split("\n")
        self._say(first)
        for line in others:
            self._break()
            self._say(line)

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
            self._add(Block(text="\n".join(rows), kind=Kind.TABLE, markup=node.html, path=tuple(self._path[:_DEEPEST])))
            return False
        if tag in _BLOCKS:
            self._enter_block(node, attributes)
        elif tag in _INLINE:
            self._open(tag, node, attributes)
        return True

    def _enter_block(self, node: Any, attributes: Attributes) -> None:
        tag: str = node.tag
        named = f"{attributes.get('class') or ''} {attributes.get('id') or ''}".strip()
        if self._crumbs:
            self._crumbs += 1
            self._say(" > " if tag in {"li", "dd", "td"} and "".join(self._text).strip() else " ")
            return
        self._flush()
        self._path.append(len(self.elements))
        self._names.append(tag)
        self.elements.append(f"{tag}.{named}")
        self._centred.append(_is_centred(tag, attributes, self._centred[-1]))
        self._keeps.append(self._keeps[-1] or _keeps_lines(tag, attributes))
        if named and _CRUMBS.search(named) and len(node.text()) <= _CRUMBS_CHARACTERS:
            self._crumbs = 1

    def _leave(self, node: Any) -> None:
        if node.tag in _BLOCKS:
            if self._crumbs > 1:
                self._crumbs -= 1
                return
            if node.tag in _CELLS and node.next is not None:
                self._end_as_label()
            self._flush()
            self._crumbs = 0
            self._keeps.pop()
            self._centred.pop()
            self._path.pop()
            self._names.pop()
        elif node.tag in _INLINE:
            _, written = self._inline.pop()
            self._close(written, f"</{node.tag}>")

    def _close(self, written: str, end: str) -> None:
        """Close a tag that is open; one with nothing in it goes."""
        if self._markup and self._markup[-1] == written:
            self._markup.pop()
        elif self._markup[-2:] == [written, " "]:
            self._markup[-2:] = [" "]
        else:
            self._markup.append(end)

    def _end_as_label(self) -> None:
        """Give a cell that is a label, its value in the next one, the colon that it lacks."""
        if self._text and (label := as_label("".join(self._text))):
            self._text = [label]

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
        elif any(map(_FILES.search, (urlsplit_path(address), title, says))):
            self._files.append(File(address, says or title or unquote(urlsplit_path(address).rpartition("/")[2])))

    def _show(self, attributes: Attributes) -> None:
        lazy = next((value for name in _LAZY if (value := attributes.get(name))), None)
        address = (lazy or attributes.get("src") or _first_of_set(attributes.get("srcset")) or "").strip()
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
        if not (self._text or self._pictures or self._markup):
            return
        text = "".join(self._text).strip()
        if text or self._pictures:
            for picture in self._pictures if not text else ():
                self._add(Block(text="", kind=Kind.PICTURE, path=tuple(self._path[:_DEEPEST]), pictures=(picture,)))
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
            path=tuple(self._path[:_DEEPEST]),
            pictures=tuple(self._pictures),
            files=tuple(self._files),
            is_centred=self._centred[-1],
        )

    def _written(self) -> str:
        for tag, written in reversed(self._inline):
            self._close(written, f"</{tag}>")
        markup = "".join(self._markup)
        return re.sub(r" +((?:</\w+>)*)$", r"\1", markup.strip()).strip()

    def _add(self, block: Block) -> None:
        self.blocks.append(block)


def _keeps_lines(tag: str, attributes: Attributes) -> bool:
    return tag == "pre" or ("style" in attributes and bool(_KEEPS_LINES.search(attributes["style"] or "")))


def _is_centred(tag: str, attributes: Attributes, around: bool) -> bool:  # noqa: FBT001  # as it is around
    aligned = attributes.get("align") or ""
    style = _ALIGNED.search(attributes["style"] or "") if "style" in attributes else None
    said = style[1] if style else aligned
    return said.lower() in {"center", "middle"} if said else around or tag == "center"


def _is_hidden(attributes: Attributes) -> bool:
    return "hidden" in attributes or ("style" in attributes and bool(_HIDDEN.search(attributes["style"] or "")))


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


def _first_of_set(srcset: str | None) -> str:
    return (srcset or "").strip().partition(" ")[0].rstrip(",")


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
    if sum(map(len, cells)) > _CELL_CHARACTERS * len(cells) or any(map(begins_with_label, cells)):
        return []
    if sum(map(_labels_in, rows)) > 1:
        return []
    return [" ".join(row) for row in rows]


def _labels_in(row: list[str]) -> int:
    """How many cells of *row* are labels without their colon, a value in the next: no head of columns is so."""
    is_label = [bool(as_label(cell)) for cell in row]
    return sum(label and not follows for label, follows in zip(is_label, [*is_label[1:], True], strict=True))
