"""Where lines go and in which form; what libraries say, and what nobody caught."""

import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog
from pydantic import SecretStr
from structlog.contextvars import bound_contextvars

from config.settings import load
from workers.logs import configure_logs

KEY = "a-secret-key-of-the-tests"


class Terminal(io.StringIO):
    """Somebody looks on."""

    def __init__(self, *, looks_on: bool) -> None:
        super().__init__()
        self._looks_on = looks_on

    def isatty(self) -> bool:
        return self._looks_on

    def fileno(self) -> int:
        return 2


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """A file for lines; this process's logging is given back at the end."""
    before, hooks, root = structlog.get_config(), (sys.excepthook, threading.excepthook), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path / "logs" / "zonewire.log"
    structlog.configure(**before)
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks


def lines(logs: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in logs.read_text().splitlines()]


def test_without_a_terminal_a_line_is_an_object_with_what_was_bound(logs: Path) -> None:
    configure_logs(load(), file=logs)

    with bound_contextvars(lane="events", task_id="t1"):
        structlog.get_logger().info("thing.done", n=1)
    structlog.get_logger().debug("thing.tried")

    (line,) = lines(logs)
    assert line | {"timestamp": ""} == {
        "event": "thing.done", "n": 1, "lane": "events", "task_id": "t1", "level": "info", "timestamp": "",
    }  # fmt: skip


def test_level_and_form_are_settings(logs: Path) -> None:
    configure_logs(load(log_level="debug", log_format="console"), file=logs)

    structlog.get_logger().debug("thing.tried", n=1)

    assert "[debug" in logs.read_text()
    assert "thing.tried" in logs.read_text()
    assert not logs.read_text().startswith("{")


@pytest.mark.parametrize("looks_on", [True, False])
def test_a_terminal_is_told_in_words_and_all_else_in_json(
    logs: Path, monkeypatch: pytest.MonkeyPatch, *, looks_on: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", heard := Terminal(looks_on=looks_on))
    configure_logs(load())

    structlog.get_logger().info("thing.done")

    assert heard.getvalue().startswith('{"timestamp"') is not looks_on


def test_a_file_is_added_to(logs: Path) -> None:
    for _ in range(2):
        configure_logs(load(), file=logs)
        structlog.get_logger().info("thing.done")

    assert [list(line)[:3] for line in lines(logs)] == [["timestamp", "level", "event"]] * 2


def test_libraries_warnings_and_faults_that_nobody_caught_are_lines_too(logs: Path) -> None:
    configure_logs(load(), file=logs)

    logging.getLogger("celery.worker").error("task %s failed", "x")
    logging.getLogger("urllib3").info("GET /?token=abc")
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    thread = threading.Thread(target=lambda: 1 / 0, name="t")
    thread.start()
    thread.join()

    said, warned, failed = lines(logs)
    assert (said["event"], said["logger"], said["message"]) == ("library.said", "celery.worker", "task x failed")
    assert (warned["event"], warned["logger"]) == ("library.said", "py.warnings")
    assert (failed["event"], failed["thread"]) == ("thread.failed", "t")
    assert "ZeroDivisionError" in failed["exception"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_of_the_settings_and_what_looks_like_one_are_hidden_also_in_traces(logs: Path, form: str) -> None:
    configure_logs(load(secret_key=SecretStr(KEY), log_format=form), file=logs)

    error = ValueError(f"{KEY} of li.lei@mail.example at redis://:pw-1234@host/0")
    structlog.get_logger().error("thing.failed", said=[{"to": f"/send?key={KEY}"}], exc_info=error)

    text = logs.read_text()
    assert "ValueError" in text
    assert not [one for one in (KEY, "li.lei", "pw-1234") if one in text]


def test_ids_of_a_sender_stay_as_they_were_sent(logs: Path) -> None:
    configure_logs(load(), file=logs)

    structlog.get_logger().info("thing.done", event_id="20260611.17@cms.example", to="li.lei@cms.example")

    (line,) = lines(logs)
    assert (line["event_id"], line["to"]) == ("20260611.17@cms.example", "l…@cms.example")
