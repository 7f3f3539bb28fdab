"""How commands print: one JSON document with --json, else a table without boxes."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

WIDE = 400
"""Characters of a line that no terminal has to hold."""

Row = Mapping[str, Any]


def print_json(thing: Row | Sequence[Row]) -> None:
    """A list as an array of objects, a single thing as one object."""
    sys.stdout.write(orjson.dumps(thing, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_table(rows: Sequence[Row], columns: Sequence[str], *, empty: str) -> None:
    """*columns* of *rows*, aligned, numbers to the right; the line *empty* where there is nothing.

    On a terminal that is too narrow for them, a line a value.
    """
    if not rows:
        sys.stdout.write(f"{empty}\n")
        return
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        numeric = all(_is_number(row.get(name)) for row in rows)
        # An id that is wrapped can neither be copied nor searched for.
        table.add_column(
            name.replace("_", " "), justify="right" if numeric else "left", overflow="fold", no_wrap=name == "id"
        )
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, markup=False)
    natural = Measurement.get(console, console.options.update(max_width=WIDE), table).maximum
    if natural > console.width:
        _print_records(rows, columns)
    else:
        console.print(table)


def _print_records(rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Each row for itself, a line a value, where a table would not fit: a column a few letters wide says nothing."""
    label = max(len(name) for name in columns)
    for place, row in enumerate(rows):
        sys.stdout.write("\n" if place else "")
        for name in columns:
            if (value := _cell(row.get(name))) != "":
                sys.stdout.write(f"{name.replace('_', ' '):{label}}  {value}\n")


def print_list(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """What every listing command ends with."""
    if as_json:
        print_json(rows)
    else:
        print_table(rows, columns, empty=empty)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | None) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
