"""The log of `up`: one file a day, however many write it."""

import os
from pathlib import Path

import pytest

from workers.log_file import LogFile

MORNING = 1_781_150_400.0  # 2026-06-11 04:00 UTC
DAY = 86_400


def dated(path: Path, moment: float) -> None:
    """As if its last line had been written then."""
    os.utime(path, (moment, moment))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "zonewire.log"


def texts(path: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in path.parent.iterdir() if one.suffix != ".lock" and one.name != ".lock"}


def test_each_day_has_a_file_and_no_writer_loses_a_line(path: Path) -> None:
    moment = MORNING
    one, other = (LogFile(path, clock=lambda: moment) for _ in range(2))
    for log in (one, other):
        log.write("today\n")
    dated(path, moment)
    descriptor = other.fileno()
    moment += DAY
    for log in (one, other, one):
        log.write("tomorrow\n")
    assert texts(path) == {"zonewire.log.2026-06-11": "today\n" * 2, "zonewire.log": "tomorrow\n" * 3}
    assert other.fileno() == descriptor
    assert {one.stat().st_mode & 0o777 for one in path.parent.glob("z*")} == {0o600}


def test_a_flood_of_lines_is_put_aside_in_pieces(path: Path) -> None:
    moment = MORNING
    log = LogFile(path, clock=lambda: moment, most_bytes=10)
    for nth in range(3):
        log.write(f"{nth} and more\n")
        dated(path, moment)
        moment += 2
    assert sorted(texts(path)) == ["zonewire.log", "zonewire.log.2026-06-11", "zonewire.log.2026-06-11.1"]


def test_a_file_that_was_taken_away_is_made_again(path: Path) -> None:
    moment = MORNING
    log = LogFile(path, clock=lambda: moment)
    log.write("before\n")
    path.unlink()
    moment += 2
    log.write("after\n")
    assert path.read_text() == "after\n"


def test_a_line_that_cannot_be_written_stops_nothing() -> None:
    assert LogFile(Path("/dev/full")).write("lost\n") == 5


def test_what_goes_to_standard_error_follows(path: Path) -> None:
    moment, kept = MORNING, os.dup(2)
    log = LogFile(path, clock=lambda: moment)
    try:
        os.dup2(log.fileno(), 2)
        os.write(2, b"a stray word\n")
        dated(path, moment)
        moment += DAY
        log.write("a line\n")
        os.write(2, b"another\n")
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert texts(path) == {"zonewire.log.2026-06-11": "a stray word\n", "zonewire.log": "a line\nanother\n"}
