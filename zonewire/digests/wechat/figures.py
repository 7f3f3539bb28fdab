"""Pictures in the content of an article: each stands with its caption in a section of its own."""

import html
import math
import re
from collections.abc import Mapping
from io import BytesIO
from urllib.parse import urlsplit

import segno

QR = "cid:qr"
"""Where the content shows the QR code: whoever sends it has to put an address there."""
PICTURE_CHARS = 800
"""As it is written in HTML. A longer address would take the room of two stories."""
SENT_CHARS = 200
"""Of an address on mmbiz.qpic.cn: some 150, and room to spare."""
SMALLEST = 200
"""Pixels. A picture that says it is narrower is an icon."""
CODE_PIXELS, QUIET_MODULES = 300, 4
"""The least width of a code, and the quiet zone around it (ISO/IEC 18004 §9.1)."""
ENCODED_BYTES = 300
"""A code of a longer address is too dense for a phone."""

_CAPTION = "margin:8px 0 0;font-size:13px;line-height:1.6;text-align:center;color:#55615B"
_FIGURE = re.compile(r'<section[^>]*><img src="(?P<address>[^"]*)"[^>]*>(?:<p[^>]*>[^<]*</p>)?</section>\n?')


def figure_of(address: str, caption: str, *, margin: str = "20px 0 4px") -> str:
    """A picture as wide as the text, its caption below it."""
    said = html.escape(caption)
    below = f'<p style="{_CAPTION}">{said}</p>' if said.strip() else ""
    return (
        f'<section style="margin:{margin}"><img src="{html.escape(address)}" alt="{said}" '
        f'style="width:100%;display:block">{below}</section>'
    )


def with_pictures(content: str, addresses: Mapping[str, str]) -> str:
    """*content* with each picture, and `QR`, by the address that *addresses* gives for it; without those it lacks."""

    def placed(figure: re.Match[str]) -> str:
        address = addresses.get(html.unescape(figure["address"]))
        return "" if address is None else figure[0].replace(figure["address"], html.escape(address), 1)

    return _FIGURE.sub(placed, content)


def chars_when_sent(content: str) -> int:
    """How long *content* may be once WeChat's own addresses stand in it."""
    addresses = (figure["address"] for figure in _FIGURE.finditer(content))
    return len(content) + sum(max(SENT_CHARS - len(address), 0) for address in addresses)


def is_picture(address: str) -> bool:
    """Whether whoever sends the article can fetch it: by http, of a length that leaves room, and no drawing."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    has_place = parts.scheme in {"http", "https"} and bool(parts.hostname)
    is_short = len(html.escape(address)) <= PICTURE_CHARS
    return has_place and is_short and address.isprintable() and not parts.path.lower().endswith(".svg")


def is_icon(width: str) -> bool:
    """Whether a picture of this `width` is one."""
    return width.isdecimal() and len(width) < 4 and int(width) < SMALLEST


def qr_code(address: str) -> bytes:
    """A PNG of *address*, dark on white; b"" where it is none, or too long."""
    if not address or len(address.encode()) > ENCODED_BYTES:
        return b""
    code = segno.make_qr(address, error="m")
    width = code.symbol_size(border=QUIET_MODULES)[0]
    picture = BytesIO()
    code.save(picture, kind="png", scale=math.ceil(CODE_PIXELS / width), border=QUIET_MODULES, light="white")
    return picture.getvalue()
