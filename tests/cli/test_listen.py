"""`zonewire listen`, with real pushes to it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from tests.cli.conftest import PROGRAM, Run
from tests.eventually import eventually
from tests.servers.ports import free_port
from zonewire import ROOT
from zonewire.keys import SigningKey, new_webhook_secret, sign

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it knows none

SECRET = new_webhook_secret()
BODY = json.dumps({"type": "article.published", "timestamp": "…", "data": {"title": "园区\x1b[31m开工"}}).encode()


@dataclass(slots=True)
class Listening:
    port: int
    process: "subprocess.Popen[str]"

    def post(self, ident: str, *, secret: str = SECRET, body: bytes = BODY) -> int:
        at = int(time.time())
        headers = {
            "webhook-id": ident,
            "webhook-timestamp": str(at),
            "webhook-signature": sign([SigningKey.of(secret)], ident, at, body),
        }
        return requests.post(f"http://127.0.0.1:{self.port}/hook", data=body, headers=headers, timeout=5).status_code

    def ended(self) -> tuple[str, str]:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=10)


@contextlib.contextmanager
def listening(*options: str, at: str = "") -> Iterator[Listening]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "listen", "--port", str(port), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        eventually(lambda: _answers(at or f"127.0.0.1:{port}"), within_s=10, what="it listens")
        yield Listening(port, process)
    finally:
        process.kill()
        process.wait()


def _answers(place: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"http://{place}/", timeout=1).ok
    return False


def test_each_push_is_told_with_whether_its_signature_holds() -> None:
    with listening("--secret", SECRET) as it:
        assert it.post("one") == it.post("one") == it.post("two", secret=new_webhook_secret()) == 200
        told, summary = it.ended()
    assert told.count("article.published  园区?[31m开工") == 3  # what moves a terminal's cursor is not let through
    assert "one, signature holds\n" in told
    assert "one, signature holds, for the 2. time" in told
    assert "two, signature does not hold" in told
    assert "3 requests, 2 different ids, 1 with a signature that does not hold" in summary


def test_as_json_it_prints_an_object_a_line_and_answers_as_it_is_told() -> None:
    with listening("--json", "--status", "503") as it:
        assert it.post("one") == 503
        assert it.post("two", body=b"\xff no push") == 503
        told, _ = it.ended()
    first, second = [json.loads(line) for line in told.splitlines()]
    assert (first["id"], first["type"], first["signature"], first["times"]) == (
        "one",
        "article.published",
        "not checked",
        1,
    )
    assert (second["type"], second["bytes"]) == ("", 9)


def test_odd_requests_are_answered_and_end_nothing() -> None:
    with listening() as it:
        url = f"http://127.0.0.1:{it.port}/"
        assert requests.post(url, headers={"Content-Length": str(10**9)}, timeout=5).status_code == 413
        assert requests.post(url, data=iter([b"chunked"]), timeout=5).status_code == 411
        assert it.post("after") == 200


def test_it_ends_quietly_when_nobody_reads_what_it_tells() -> None:
    with listening() as it:
        assert it.post("one") == 200
        assert it.process.stdout is not None
        assert it.process.stderr is not None
        it.process.stdout.close()
        assert it.post("two") == 200
        assert it.process.wait(timeout=10) == 0
        assert it.process.stderr.read().splitlines()[2:] == []  # but for where it listens


def test_an_address_of_ipv6_is_told_as_it_stands_in_a_url() -> None:
    port = free_port()
    with listening("--host", "::1", "--port", str(port), at=f"[::1]:{port}") as it:
        _, told = it.ended()
    assert f"Listening on http://[::1]:{port}/, answering 200." in told
    assert f"ALLOW_ENDPOINTS=[::1]:{port}\n" in told


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("options", "said"),
    [(("--secret", "abc"), "secret: must begin with whsec_"), (("--host", "192.0.2.1"), "no address of this machine")],
)
def test_what_cannot_be_is_told_before_anything_listens(run_here: Run, options: tuple[str, ...], said: str) -> None:
    done = run_here("listen", "--port", str(free_port()), *options)
    assert done.returncode == 1
    assert said in done.stderr


@ON_ONE_DATABASE
def test_the_version_and_completion(run_here: Run) -> None:
    assert run_here("--version").stdout == "zonewire 0.1.0\n"
    completed = run_here(_ZONEWIRE_COMPLETE="complete_bash", COMP_WORDS="zonewire art", COMP_CWORD="1")
    assert "articles" in completed.stdout
