"""Tables on a terminal: as wide as it is, and a line a value where that is too narrow."""

import io

import pytest

from cli import output

ROWS = [
    {"id": "s1", "to": "https://receiver.example/hook", "held": 3},
    {"id": "s2", "to": "b@mail.example", "held": 12},
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, *, columns: int) -> list[str]:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    output.print_table(ROWS, ("id", "to", "held"), empty="nothing")
    return [line.rstrip() for line in terminal.getvalue().splitlines()]


def test_a_table_that_fits_is_aligned_with_its_numbers_to_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in printed(monkeypatch, columns=60)]
    assert lines[1:] == ["s1  https://receiver.example/hook     3", "s2  b@mail.example                   12"]


def test_where_it_does_not_fit_each_value_has_a_line_and_none_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, columns=30) == [
        "id    s1",
        "to    https://receiver.example/hook",
        "held  3",
        "",
        "id    s2",
        "to    b@mail.example",
        "held  12",
    ]
