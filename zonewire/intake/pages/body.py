"""The lines of an article as its HTML, its text, its pictures and its files."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from mimetypes import guess_type
from urllib.parse import urljoin, urlsplit

from zonewire.articles.model import Enclosure, Image
from zonewire.intake.article_json import check_address
from zonewire.intake.pages.page import Block, Kind, Picture
from zonewire.intake.sanitise import sanitise

_CAPTION = re.compile(
    r"(?:图\s*[:：为片一二三四五六七八九十\d]|▲|△|◎|↑|（图|\(图|[（(].{0,12}摄[）)]$|.{0,40}(?:摄影?|供图)[:：]?)"
)
_CAPTION_CHARACTERS = 80
_SAVED_BESIDE = re.compile(r"^(?:\./)?[^/]+_files/|/[^/]+_files/")
"""Where browsers put the pictures of a page that they save: nobody else can fetch them from there."""


@dataclass(frozen=True, slots=True)
class Body:
    """What an article says."""

    html: str
    text: str
    images: tuple[Image, ...]
    enclosures: tuple[Enclosure, ...]


def body_of(blocks: Sequence[Block], *, base: str, said_base: str = "") -> Body:
    """What *blocks* say; relative addresses lead from *base*, and from the page's own <base>. "" drops them."""
    base = _joined(base, said_base) if said_base else base
    lines = list(_with_captions(blocks))
    markup = "".join(_written(lines, base))
    text = "\n\n".join(block.text for block in lines if block.text)
    return Body(sanitise(markup, base=base), text, tuple(_images(lines, base)), tuple(_enclosures(lines, base)))


def _with_captions(blocks: Iterable[Block]) -> Iterator[Block]:
    """*blocks*, with lines that caption the picture above them told as such."""
    above: Block | None = None
    for block in blocks:
        follows_picture = above is not None and bool(above.pictures)
        is_caption = block.kind is Kind.CAPTION or (
            follows_picture
            and len(block.text) <= _CAPTION_CHARACTERS
            and (bool(_CAPTION.match(block.text)) or (block.is_centred and block.kind is Kind.TEXT))
        )
        if is_caption and follows_picture and above is not None and not above.text:
            yield replace(block, kind=Kind.CAPTION, pictures=_named(above.pictures, block.text))
            above = None
            continue
        if above is not None:
            yield above
        above = block
    if above is not None:
        yield above


def _named(pictures: Sequence[Picture], caption: str) -> tuple[Picture, ...]:
    return tuple(replace(picture, alt=caption) for picture in pictures)


def _written(blocks: Sequence[Block], base: str) -> Iterator[str]:
    for kind, run in groupby(blocks, key=lambda block: block.kind):
        lines = [_line(block, base) for block in run]
        if kind is Kind.ITEM:
            yield f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>"
        elif kind is Kind.QUOTE:
            yield f"<blockquote>{''.join(f'<p>{line}</p>' for line in lines)}</blockquote>"
        else:
            yield from lines


def _line(block: Block, base: str) -> str:
    pictures = "".join(_picture(picture, base) for picture in block.pictures)
    said = block.markup or html.escape(block.text, quote=False)
    match block.kind:
        case Kind.TABLE:
            return said
        case Kind.ITEM | Kind.QUOTE:
            return said + pictures
        case Kind.HEADING:
            level = max(2, block.level)
            return f"<h{level}>{said}</h{level}>{pictures}"
        case Kind.CAPTION if pictures:
            return f"<figure>{pictures}<figcaption>{said}</figcaption></figure>"
    if not block.text:
        return f"<figure>{pictures}</figure>" if pictures else ""
    return f"{pictures}<p>{said}</p>"


def _picture(picture: Picture, base: str) -> str:
    address = _web_address(picture.address, base)
    return f'<img src="{html.escape(address)}" alt="{html.escape(picture.alt)}">' if address else ""


def _images(blocks: Iterable[Block], base: str) -> Iterator[Image]:
    seen: set[str] = set()
    for picture in (picture for block in blocks for picture in block.pictures):
        address = _web_address(picture.address, base)
        if address and address not in seen:
            seen.add(address)
            kind = guess_type(urlsplit(address).path)[0] or ""
            yield Image(url=address, type=kind if kind.startswith("image/") else "", alt=picture.alt)


def _enclosures(blocks: Iterable[Block], base: str) -> Iterator[Enclosure]:
    seen: set[str] = set()
    for file in (file for block in blocks for file in block.files):
        address = _web_address(file.address, base)
        if address and address not in seen:
            seen.add(address)
            yield Enclosure(url=address, type=guess_type(urlsplit(address).path)[0] or guess_type(file.name)[0] or "")


def _web_address(address: str, base: str) -> str:
    """*address* made absolute; "" for what nobody else could fetch."""
    if _SAVED_BESIDE.search(address) and not urlsplit_scheme(address):
        return ""
    try:
        return check_address(_joined(base, address))
    except ValueError:
        return ""


def urlsplit_scheme(address: str) -> str:
    """The scheme of *address*; "" where it has none."""
    return address.partition(":")[0].lower() if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", address) else ""


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return ""
