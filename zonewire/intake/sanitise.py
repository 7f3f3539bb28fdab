"""HTML at the door: what is safe to show stays, links become absolute, and the text is derived (nh3 does the work).

Nothing is slow on odd input: what no parser should be asked to read (shape.py) keeps its text and loses its tags.
"""

import html
import re
from typing import Literal
from urllib.parse import urlsplit

import nh3

from zonewire.intake.plaintext import html_of, paragraphs_of, without_controls
from zonewire.intake.shape import is_odd, tags

_BLOCKS = tags(
    "address article aside blockquote caption dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header "
    "hr li main nav ol p pre section summary table tbody tfoot thead tr ul"
)
_INLINE = tags(
    "a abbr b bdi br cite code col colgroup del dfn em i img ins kbd mark q rp rt ruby s samp small strong sub sup "
    "td th tt u var wbr"
)
_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
# Their content is no text of the article.
_DROPPED_WHOLE = tags(
    "applet audio button canvas datalist embed iframe math noembed noframes noscript object script select style svg "
    "template textarea title video xmp"
)
_SCHEMES = {"http", "https", "mailto", "tel"}

PASSES = 3
"""Where a tag is dropped from between two others, they may stand as no parser lets them; read again, they do not."""

# nh3 writes attributes in double quotes, and a quote inside one as an entity.
_WRITTEN_TAG = r'<{name}(?: [^\s"=>]+="[^"]*")*>'
_IMAGE = re.compile(_WRITTEN_TAG.format(name="img"))
_ANY_TAG = re.compile(r'</?(?P<name>[a-z0-9]+)(?: [^\s"=>]+="[^"]*")*>')
_SPACES = re.compile(r"[^\S\n]+")
_ROUGH_TAG = re.compile(r"<[/!?A-Za-z][^<>]*+>?")
_ROUGH_DROP = re.compile(r"<(script|style)\b.*?(?:</\1\b[^<>]*>?|$)", re.IGNORECASE | re.DOTALL)


def sanitise(markup: str, *, base: str) -> str:
    """What of *markup* is safe to show, its relative addresses made absolute against *base* ("": dropped)."""
    clean = without_controls(markup)
    if is_odd(clean):
        return html_of(paragraphs_of(rough_text(clean)))
    for _ in range(PASSES):
        safe = _cleaned(clean, base)
        if safe == clean:
            break
        clean = safe
    return safe


def _cleaned(markup: str, base: str) -> str:
    try:
        safe = _parsed(markup, ("rewrite_with_base", base) if _is_web(base) else "deny")
    except ValueError:  # no browser would take such a base: nothing can be relative to it
        safe = _parsed(markup, "deny")
    # Once more: a reference such as &#1; was a control in disguise.
    return _IMAGE.sub(_image_with_source, without_controls(safe)).strip()


def _parsed(markup: str, relative: Literal["deny"] | tuple[Literal["rewrite_with_base"], str]) -> str:
    return nh3.clean(
        markup,
        tags=set(_BLOCKS | _INLINE),
        clean_content_tags=set(_DROPPED_WHOLE),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative=relative,
        link_rel=None,
    )


def text_of(safe: str) -> str:
    """The text of sanitised HTML: paragraphs, parted by a blank line."""
    parted = html.unescape(_ANY_TAG.sub(_break_for, safe.replace("\n", " ")))
    lines = (line.strip() for line in _SPACES.sub(" ", without_controls(parted)).split("\n"))
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()


def _is_web(base: str) -> bool:
    return urlsplit(base).scheme in {"http", "https"}


def rough_text(markup: str) -> str:
    """The text of what no parser should be asked to read, a paragraph for each tag."""
    return html.unescape(_ROUGH_TAG.sub("\n\n", _ROUGH_DROP.sub("", markup)))


def _image_with_source(tag: re.Match[str]) -> str:
    """An image whose source was refused shows nothing: its text stays, if it has one."""
    if ' src="' in tag[0]:
        return tag[0]
    alt = re.search(r' alt="([^"]*)"', tag[0])
    return alt[1] if alt else ""


def _break_for(tag: re.Match[str]) -> str:
    name = tag["name"]
    if name == "br":
        return "\n"
    if name in {"td", "th"}:
        return " "
    return "\n\n" if name in _BLOCKS else ""
