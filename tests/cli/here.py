"""A command in the tests' own process: a tenth of the time that a process of its own takes."""

import contextlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from unittest.mock import patch

import structlog

import cli.main

_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def own_logs() -> Iterator[None]:
    """A command sets logging up for its process; here that is the tests'."""
    before = structlog.get_config()
    structlog.reset_defaults()
    try:
        yield
    finally:
        structlog.configure(**before)


def run_in_this_process(
    args: tuple[str, ...], environment: Mapping[str, str], *, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """What the command would have printed and how it would have ended, with nothing but *environment* around it."""
    out, err = _a_stream(), _a_stream()
    status = 0
    with contextlib.ExitStack() as around:
        around.enter_context(_one_at_a_time)
        around.enter_context(own_logs())
        around.enter_context(patch.dict(os.environ, environment, clear=True))
        around.enter_context(patch.multiple(sys, argv=["zonewire", *args], stdout=out, stderr=err))
        if stdin is not None:
            around.enter_context(patch.object(sys, "stdin", _a_stream(stdin)))
        try:
            cli.main.main()
        except SystemExit as ended:
            status = int(ended.code or 0)
    return subprocess.CompletedProcess(args, status, _all_of(out), _all_of(err))


def _a_stream(holds: str = "") -> io.TextIOWrapper:
    """Text with bytes below, as standard input and output are."""
    return io.TextIOWrapper(io.BytesIO(holds.encode()), "utf-8", write_through=True)


def _all_of(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
