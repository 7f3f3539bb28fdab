"""The lines of an article, set: each kind has one short style, and the text around it gives font size and colour."""

import html
from collections.abc import Iterator, Sequence
from itertools import groupby

from zonewire.digests.wechat.figures import figure_of
from zonewire.digests.wechat.reading import Line
from zonewire.digests.wechat.tables import table_of

_FILL = "background-color:#F5F7F5"
_STYLES = {
    "text": "margin:16px 0 0",
    "heading": "margin:32px 0 0;padding-left:10px;border-left:4px solid {accent};font-size:17px;line-height:1.4;"
    "color:#1a1a1a",
    "subheading": "margin:24px 0 0;line-height:1.5;color:#1a1a1a",
    "caption": "margin:8px 0 0;font-size:13px;line-height:1.6;text-align:center;color:#55615B",
    "code": f"margin:16px 0 0;padding:12px 14px;{_FILL};font-size:13px;line-height:1.6",
}
_BOLD = {"heading", "subheading"}
_QUOTE = f"margin:16px 0 0;padding:2px 14px 14px;border-left:3px solid #DDE2DD;{_FILL};font-size:15px"
_LIST = "margin:10px 0 0;padding:0 0 0 24px"


def body_of(lines: Sequence[Line], accent: str) -> str:
    """*lines* as HTML that WeChat keeps; *accent* is the colour of the bar beside a heading."""
    parts = (_set(list(some), accent) for _, some in groupby(lines, key=_together))
    return "\n".join(part for some in parts for part in some)


def _together(line: Line) -> tuple[str, int]:
    """What stands in one quotation, list or table."""
    return (line.kind, line.series)


def _set(lines: Sequence[Line], accent: str) -> Iterator[str]:
    first = lines[0]
    if first.kind == "row":
        yield table_of([line.html for line in lines], first.columns)
    elif first.kind == "item":
        tag = "ol" if first.ordered else "ul"
        items = "\n".join(f'<li style="margin:6px 0 0">{line.html}</li>' for line in lines)
        yield f'<{tag} style="{_LIST}">\n{items}\n</{tag}>'
    elif first.kind == "quote":
        said = "\n".join(f'<p style="margin:12px 0 0">{line.html}</p>' for line in lines)
        yield f'<blockquote style="{_QUOTE}">\n{said}\n</blockquote>'
    else:
        for line in lines:
            yield _alone(line, accent)


def _alone(line: Line, accent: str) -> str:
    if line.kind == "picture":
        return figure_of(line.picture, html.unescape(line.html))
    if line.kind == "rule":
        return '<hr style="margin:28px 0 12px;border:0;border-top:1px solid #DDE2DD">'
    said = f"<strong>{line.html}</strong>" if line.kind in _BOLD else line.html
    return f'<p style="{_STYLES[line.kind].format(accent=accent)}">{said}</p>'
