"""Tables in an article for WeChat: which are tables and which only a layout, and how a cell looks."""

from collections.abc import Sequence

from lxml import html as markup

LONGEST_CELL = 300
"""Characters. A table with a longer cell is a layout, and is read as text."""
MOST_COLUMNS, MOST_ON_PHONE = 12, 4
"""With more columns it is no table to read on a phone; with more than the second it is moved with a finger."""
COLUMN_PIXELS = 88
MOST_SPANNED = 20

_CELL = "border:1px solid #DDE2DD;padding:6px 8px"


def rows_of(table: markup.HtmlElement) -> list[list[markup.HtmlElement]]:
    """The cells of *table* by row; [] where it is a layout rather than a table."""
    if table.find(".//table") is not None:
        return []
    rows = [[cell for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")]
    widest = max(map(len, rows), default=0)
    has_prose = any(len(cell.text_content()) > LONGEST_CELL for row in rows for cell in row)
    return [row for row in rows if row] if 1 < widest <= MOST_COLUMNS and not has_prose else []


def cell_of(cell: markup.HtmlElement, said: str) -> str:
    """*cell* with what it says, as HTML."""
    spans = "".join(_span(cell, name) for name in ("colspan", "rowspan"))
    if cell.tag == "th":
        return f'<th{spans} style="{_CELL};background-color:#F5F7F5;font-weight:bold">{said or "<br>"}</th>'
    return f'<td{spans} style="{_CELL}">{said or "<br>"}</td>'


def table_of(rows: Sequence[str], columns: int) -> str:
    """*rows* of cells as a table, which a finger can move where it is wider than a phone."""
    width = "100%" if columns <= MOST_ON_PHONE else f"{columns * COLUMN_PIXELS}px"
    style = f"width:{width};border-collapse:collapse;font-size:14px;line-height:1.5;text-align:left"
    inside = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<section style="margin:16px 0 0;overflow:auto">\n<table style="{style}">\n<tbody>\n{inside}\n</tbody>\n'
        "</table>\n</section>"
    )


def _span(cell: markup.HtmlElement, name: str) -> str:
    given = str(cell.get(name, ""))
    number = int(given) if given.isdecimal() and len(given) < 4 else 1
    return f' {name}="{min(number, MOST_SPANNED)}"' if number > 1 else ""
