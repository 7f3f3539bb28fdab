"""The characters of a page: old portals write GB 18030, of which GBK and GB 2312 are parts, and often say otherwise."""

import codecs
import re

from zonewire.errors import NotAnArticle

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),  # what an editor on Windows calls "Unicode"
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (  # a first bracket of two bytes
    (re.compile(rb"(?:\s\0)*<\0"), "utf-16-le"),
    (re.compile(rb"(?:\0\s)*\0<"), "utf-16-be"),
)
_DECLARED = re.compile(rb"""charset\s*=\s*["']?\s*([\w-]+)""", re.IGNORECASE)
_HEAD_BYTES = 4_096
_LOST = "\ufffd"
SPOILT_MOST = 0.002
"""Of a page's characters: a CMS that cuts by bytes leaves half a character here and there."""


def decoded(whole: bytes) -> str:
    """*whole* as text: UTF-8 where it is that, else GB 18030, whatever the page declares.

    Text in GB 18030 is hardly ever valid UTF-8, so what is valid is believed before what is declared. A few halves of
    characters are dropped. Raises NotAnArticle for what is neither.
    """
    for mark, encoding in _MARKS:
        if whole.startswith(mark):
            return whole[len(mark) :].decode(encoding, errors="replace").replace(_LOST, "")
    for start, encoding in _UNMARKED:
        if start.match(whole):
            return whole.decode(encoding, errors="replace").replace(_LOST, "")
    for encoding in ("utf-8", "gb18030"):
        try:
            return whole.decode(encoding)
        except UnicodeDecodeError:
            continue
    return _mostly(whole)


def _mostly(whole: bytes) -> str:
    """The reading that loses fewest characters; of two as good ones, what the page declares."""
    readings = {name: whole.decode(name, errors="replace") for name in _in_order(whole)}
    text = min(readings.values(), key=lambda reading: reading.count(_LOST))
    if text.count(_LOST) > max(1, len(text) * SPOILT_MOST):
        raise NotAnArticle.of("", "is neither UTF-8 nor GB 18030")
    return text.replace(_LOST, "")


def _in_order(whole: bytes) -> tuple[str, str]:
    declared = _DECLARED.search(whole, 0, _HEAD_BYTES)
    is_chinese = declared is not None and declared[1].lower().startswith(b"gb")
    return ("gb18030", "utf-8") if is_chinese else ("utf-8", "gb18030")
