"""Which inline styles WeChat's articles keep: the properties, what their values may be, and how pale a colour is.

protocols, 1.7: "inline style only: color, background-color, font-size/weight/style, …", colours as hex.
"""

import re
from collections.abc import Iterator

_NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
_LENGTH = rf"(?:-?0(?:\.0+)?|{_NUMBER}(?:px|em|rem|pt|%))"
_SIZE = rf"(?:0|{_NUMBER}(?:px|%))"
_HEX = r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})"
_LINE = r"(?:none|solid|dashed|dotted|double)"
_SIDES = ("", "-top", "-right", "-bottom", "-left")


def _one_to_four(value: str) -> str:
    return rf"{value}(?: +{value}){{0,3}}"


# protocols, 1.7, first column of "inline style only": nothing else survives
_VALUES = {
    "color": _HEX,
    "background-color": _HEX,
    "font-size": _LENGTH,
    "font-weight": r"normal|bold|[1-9]00",
    "font-style": "normal|italic",
    "line-height": rf"normal|{_NUMBER}|{_LENGTH}",
    "letter-spacing": rf"normal|{_LENGTH}",
    "text-align": "left|right|center|justify",
    "text-indent": _LENGTH,
    "border-radius": _one_to_four(_LENGTH),
    "border-collapse": "collapse|separate",
    "border-spacing": rf"{_LENGTH}(?: +{_LENGTH})?",
    "width": _SIZE,  # "width/max-width in % or px"
    "max-width": _SIZE,
    "height": rf"auto|{_SIZE}",  # "width/height attributes (write them as style)"
    "box-sizing": "border-box|content-box",
    "display": "block|inline-block|flex",
    "vertical-align": rf"top|middle|bottom|baseline|text-top|text-bottom|sub|super|{_LENGTH}",
    "overflow": "hidden|auto|scroll|visible",
}
_VALUES |= {f"margin{side}": _one_to_four(rf"(?:auto|{_LENGTH})") for side in _SIDES}
_VALUES |= {f"padding{side}": _one_to_four(_LENGTH) for side in _SIDES}
_VALUES |= {
    f"border{side}": rf"(?:{_LENGTH}|{_LINE}|{_HEX})(?: +(?:{_LENGTH}|{_LINE}|{_HEX})){{0,2}}" for side in _SIDES
}
_VALUES |= {f"border{side}-width": _one_to_four(_LENGTH) for side in _SIDES}
_VALUES |= {f"border{side}-style": _one_to_four(_LINE) for side in _SIDES}
_VALUES |= {f"border{side}-color": _one_to_four(_HEX) for side in _SIDES}
_VALUES |= {f"border-{y}-{x}-radius": _LENGTH for y in ("top", "bottom") for x in ("left", "right")}
_PATTERNS = {name: re.compile(value) for name, value in _VALUES.items()}

_QUOTED = r"\"[^\"]*\"|'[^']*'"
_DECLARATION = re.compile(rf"(?:{_QUOTED}|[^;\"'])+")
_FAMILY = re.compile(rf" *(?:{_QUOTED}|-?[^\s,\"'()]+) *")
_FUNCTION = re.compile(r"([\w-]+)\(")
_COLOURED = re.compile(r"color$|^border")
_NOT_HEX = re.compile(r"#[0-9a-fA-F]+|\b[a-z]+\b", re.IGNORECASE)

NEAR_WHITE = 0.8  # relative luminance of #e6e6e6
PALE = 0.5  # relative luminance of #bcbcbc


def declarations(style: str) -> list[tuple[str, str]]:
    """Each property with its value, in order; what is no declaration has an empty value."""
    parts = [part.partition(":") for part in _DECLARATION.findall(style) if part.strip()]
    return [(name.strip().lower(), value.strip()) for name, _, value in parts]


def wrong_styles(style: str) -> Iterator[str]:
    """What of *style* would not survive, as one line each."""
    if style.count('"') % 2 or style.count("'") % 2:
        yield f"an open quote in style {style!r}"
        return
    for name, value in declarations(style):
        yield from _wrong_declaration(name, value)


def _wrong_declaration(name: str, value: str) -> Iterator[str]:
    if function := _FUNCTION.search(value):  # protocols, 1.7: no var(), url(), gradients, rgba()/hsla(); hex instead
        yield f"no functions in styles: {name}: {function[1]}()"
    elif name == "font-family":  # protocols, 1.7: "Unquoted multi-word font names break style parsing"
        if any(not _FAMILY.fullmatch(one) for one in _families(value)):
            yield f"font names of several words need quotes: {value}"
    elif name not in _PATTERNS:
        yield f"the property {name!r} does not survive"
    elif not _PATTERNS[name].fullmatch(value):
        odd = "colours are hex" if _COLOURED.search(name) and _NOT_HEX.search(value) else "not a value that survives"
        yield f"{odd}: {name}: {value}"


def _families(value: str) -> list[str]:
    return re.findall(rf"(?:{_QUOTED}|[^,\"'])+", value) or [""]


def luminance(colour: str) -> float:
    """How light a hex colour is, from 0 to 1 (WCAG 2.2, relative luminance)."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(one * 2 for one in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_hex(colour: str) -> bool:
    """Whether *colour* is a hex colour without transparency."""
    return re.fullmatch(_HEX, colour) is not None


def is_lost(text: str, background: str) -> bool:
    """Whether *text*, near white, would stand on a pale background; an empty *background* is the white of the page.

    protocols, 1.7: "Dark mode inverts colours automatically: … no white text on pale fills".
    """
    return luminance(text) >= NEAR_WHITE and (not background or luminance(background) >= PALE)
