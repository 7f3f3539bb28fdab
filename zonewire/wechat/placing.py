"""WeChat's addresses put in the place of the pictures' own, in the content of an article.

All else stays as it is, to the character: its length has been measured. A picture that has no address leaves with its
caption, and with whatever stood around it alone: WeChat drops empty nodes, or shows them as holes.
"""

import html
import re
from collections.abc import Mapping

_INSIDE = r"(?:[^>\"']|\"[^\"]*\"|'[^']*')*"
_IMG = rf"<img\b{_INSIDE}>"
_CAPTION = rf"<p\b{_INSIDE}>(?:(?!</?(?:p|section)\b).)*</p>"
_FIGURE = re.compile(rf"<section\b{_INSIDE}>\s*{_IMG}\s*(?:{_CAPTION}\s*)?</section>\n?|{_IMG}", re.DOTALL)
_SRC = re.compile(r"""(<img\b(?:[^>"']|"[^"]*"|'[^']*')*?\ssrc=)(?:"([^"]*)"|'([^']*)')""")
_EMPTY = re.compile(
    rf"<(section|p|span|strong|em|u|a|div|blockquote|li|ul|ol|h[1-6])\b{_INSIDE}>\s*</\1>\n?", re.DOTALL
)
_EMPTY_CELL = re.compile(rf"(<(t[dh])\b{_INSIDE}>)\s*(</\2>)", re.DOTALL)


def addresses_in(content: str) -> tuple[str, ...]:
    """The address of each picture in *content*, in order, each once."""
    return tuple(dict.fromkeys(_address(figure[0]) for figure in _FIGURE.finditer(content)))


def placed(content: str, addresses: Mapping[str, str]) -> str:
    """*content* with each picture by the address that *addresses* gives for its own; without those it lacks."""

    def one(figure: re.Match[str]) -> str:
        given = addresses.get(_address(figure[0]))
        return "" if given is None else _SRC.sub(lambda src: f'{src[1]}"{html.escape(given)}"', figure[0], count=1)

    done = _FIGURE.sub(one, content)
    return done if addresses.keys() >= set(addresses_in(content)) else _without_holes(done)


def _address(figure: str) -> str:
    found = _SRC.search(figure)
    return html.unescape(found[2] if found[2] is not None else found[3]) if found else ""


def _without_holes(content: str) -> str:
    left = _EMPTY_CELL.sub(r"\1<br>\3", content)
    while (closed := _EMPTY.sub("", left)) != left:
        left = closed
    return left
