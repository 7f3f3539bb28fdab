"""The HTML of an article, read as lines: what it says, without how it was marked up.

It was sanitised at the door. Here all that an article for WeChat cannot show is unwrapped; links get numbers, pictures
and tables stand apart. Only text and the marks named here come out, so nothing else can get into the content.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape
from typing import Literal

from lxml import html as markup
from lxml.html import HtmlElement as Element

from zonewire.articles.shortening import one_line, shorten
from zonewire.digests.wechat.figures import is_icon, is_picture
from zonewire.digests.wechat.notes import Note, Notes, is_wechats
from zonewire.digests.wechat.runs import BREAK, Run, paragraphs, preformatted, written
from zonewire.digests.wechat.tables import cell_of, rows_of

Kind = Literal["text", "heading", "subheading", "caption", "quote", "code", "picture", "rule", "item", "row"]
Marks = tuple[str, ...]

MOST_PICTURES = 20
CAPTION = 60
"""Full-width characters."""
DEEPEST = 60
"""Of what is nested deeper only the text is read."""

_KINDS: dict[str, Kind] = {
    "h1": "heading", "h2": "heading", "h3": "heading", "h4": "subheading", "h5": "subheading", "h6": "subheading",
    "dt": "subheading", "figcaption": "caption", "caption": "caption", "pre": "code", "blockquote": "quote",
}  # fmt: skip
_BLOCKS = {*_KINDS} | {
    "address", "article", "aside", "dd", "details", "div", "dl", "figure", "footer", "header", "li", "main", "nav",
    "ol", "p", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
}  # fmt: skip
_UNREAD = {"col", "colgroup", "del", "rp", "s", "script", "style", "template"}
"""What was struck out is no longer meant, and a line through it cannot be shown."""
_MARKS = {"b": "strong", "strong": "strong", "u": "u", "code": "code", "kbd": "code", "sup": "super", "sub": "sub"}
_AROUND = {"q": ("“", "”"), "rt": ("（", "）")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One paragraph, heading or picture, one item of a list, one row of a table; `html` is escaped."""

    kind: Kind
    html: str
    series: int = 0  # items and rows of the same number stand in one list or table
    ordered: bool = False  # of an item
    columns: int = 0  # of a row's table
    picture: str = ""  # the address of a picture; `html` is its caption
    notes: int = 0  # how many addresses have been named up to here


@dataclass(frozen=True, slots=True)
class Text:
    """What an article says."""

    lines: tuple[Line, ...]
    notes: tuple[Note, ...] = ()


def read(safe: str, *, own: str, is_chinese: bool, accent: str) -> Text:
    """The lines of *safe*, sanitised HTML of the article whose address is *own*; *accent* colours numbers."""
    parser = markup.HTMLParser(huge_tree=True, encoding="utf-8")  # else what is nested deep is lost without a word
    tree = markup.document_fromstring(f"<body>{safe}</body>".encode(errors="replace"), parser=parser)
    reading = _Reading(Notes(own), is_chinese, accent)
    reading.inside(tree, "text", (), 0)
    reading.end("text")
    return Text(tuple(reading.lines), tuple(reading.notes.found))


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    notes: Notes
    is_chinese: bool
    accent: str
    is_apart: bool = False  # reads an item or a cell
    lines: list[Line] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)  # of the paragraph that is not at its end
    series: int = 0
    pictures: list[str] = field(default_factory=list)

    def inside(self, element: Element, kind: Kind, marks: Marks, depth: int) -> None:
        """What stands in *element*, one after the other."""
        if depth > DEEPEST:
            self.runs.append((str(element.text_content()), marks))
            return
        self.runs.append((element.text or "", marks))
        for child in element:
            if isinstance(child.tag, str) and child.tag not in _UNREAD:
                self._element(child, kind, marks, depth + 1)
            self.runs.append((child.tail or "", marks))

    def end(self, kind: Kind) -> None:
        """The paragraph ends here."""
        runs, self.runs = self.runs, []
        if kind == "code":
            said = "".join(text for text, _ in runs).strip("\n")
            if said.strip():
                self._add(kind, preformatted(said))
            return
        for paragraph in paragraphs(runs):
            if kind == "caption" and self.lines and self.lines[-1].picture:
                said = "".join(text for text, marks in paragraph if marks != ("note",))
                self.lines[-1] = replace(self.lines[-1], html=escape(shorten(said, CAPTION)))
            else:
                self._add(kind, written(paragraph, self.accent))

    def _add(self, kind: Kind, html: str, **more: object) -> None:
        self.lines.append(Line(kind=kind, html=html, notes=len(self.notes.found), **more))  # type: ignore[arg-type] # its own fields

    def _element(self, element: Element, kind: Kind, marks: Marks, depth: int) -> None:
        tag = str(element.tag)
        if tag == "br":
            self.runs.append(BREAK)
        elif tag == "hr":
            self.end(kind)
            self._add("rule", "")
        elif tag == "img":
            self._picture(element, kind)
        elif tag in _BLOCKS:
            self._block(element, kind, depth)
        elif tag == "a":
            self._link(element, kind, marks, depth)
        else:
            opened, closed = _AROUND.get(tag, ("", ""))
            self.runs.append((opened, marks))
            self.inside(element, kind, (*marks, *self._mark(tag)), depth)
            self.runs.append((closed, marks))

    def _block(self, element: Element, kind: Kind, depth: int) -> None:
        self.end(kind)
        inner = _KINDS.get(str(element.tag), kind)
        if element.tag in {"ul", "ol"}:
            self._list(element, depth)
        elif element.tag == "table" and not self.is_apart and (rows := rows_of(element)):
            self._table(element, rows, depth)
        else:
            self.inside(element, inner, (), depth)
            self.end(inner)

    def _mark(self, tag: str) -> Iterator[str]:
        if tag in {"em", "i"}:
            yield "strong" if self.is_chinese else "em"  # slanted Chinese is hard to read
        elif tag in _MARKS:
            yield _MARKS[tag]

    def _link(self, element: Element, kind: Kind, marks: Marks, depth: int) -> None:
        address = str(element.get("href", "")).strip()
        own = (f"a {address}",) if is_wechats(address) else ()
        self.inside(element, kind, (*marks, *own), depth)
        text = one_line(str(element.text_content()))
        if not own and (number := self.notes.number(address, text)):
            self.runs.append((f"[{number}]", ("note",)))

    def _picture(self, element: Element, kind: Kind) -> None:
        address = str(element.get("src", "")).strip()
        if not is_picture(address) or is_icon(element.get("width", "")) or len(self.pictures) >= MOST_PICTURES:
            return
        self.end(kind)
        self.pictures.append(address)
        self._add("picture", escape(shorten(str(element.get("alt", "")), CAPTION)), picture=address)

    def _list(self, element: Element, depth: int) -> None:
        """A list that does not begin with 1 is read as paragraphs, since WeChat would begin with 1."""
        first = str(element.get("start", "1"))
        number = int(first) if first.isdecimal() else 1
        kept = element.tag == "ul" or number == 1
        self.series += 1
        self.runs.append((element.text or "", ()))
        for child in element:
            self.end("text")
            if child.tag == "li":
                said, pictures = self._apart(child, depth)
                as_item = partial(self._add, "item", series=self.series, ordered=element.tag == "ol")
                if said:
                    as_item(said) if kept else self._add("text", f"{number}. {said}")
                    number += 1
                self.lines += pictures
            elif isinstance(child.tag, str) and child.tag not in _UNREAD:
                self._element(child, "text", (), depth)
            self.runs.append((child.tail or "", ()))
        self.end("text")

    def _table(self, element: Element, rows: Sequence[Sequence[Element]], depth: int) -> None:
        for caption in element.iterchildren("caption"):
            self._block(caption, "caption", depth)
        self.series += 1
        pictures: list[Line] = []
        columns = max(map(len, rows))
        for row in rows:
            cells = []
            for cell in row:
                said, beside = self._apart(cell, depth)
                cells.append(cell_of(cell, said))
                pictures += beside
            self._add("row", "".join(cells), series=self.series, columns=columns)
        self.lines += pictures

    def _apart(self, element: Element, depth: int) -> tuple[str, list[Line]]:
        """What *element* says, its paragraphs as lines of one; and the pictures in it."""
        inner = _Reading(self.notes, self.is_chinese, self.accent, is_apart=True, pictures=self.pictures)
        inner.inside(element, "text", (), depth)
        inner.end("text")
        said = [f"– {line.html}" if line.kind == "item" else line.html for line in inner.lines if not line.picture]
        return "<br>".join(filter(None, said)), [line for line in inner.lines if line.picture]
