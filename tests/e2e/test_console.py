"""The console of a running installation: what the workers say for themselves, live, until the last moment."""

import re
from pathlib import Path

import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.web.console.browsing import WORD, Browser, text_of
from zonewire.delivery.lanes import Lane

pytestmark = pytest.mark.slow  # starts an installation of its own


def logged_in(installation: Installation) -> Browser:
    installation.cli("operators", "add", "chen", "--password", "-", stdin=f"{WORD}\n")
    browser = Browser(installation.base_url)
    assert "Log out" in browser.post("/console/login", name="chen", password=WORD).text
    return browser


def idle_workers(browser: Browser) -> int:
    return text_of(browser.get("/console/tasks")).count("waits for work")


def test_every_worker_tells_what_it_does_and_an_open_page_hears_until_the_end(tmp_path: Path) -> None:
    with an_installation(tmp_path / "data") as installation:
        installation.up()
        chen = logged_in(installation)
        eventually(lambda: idle_workers(chen) == len(Lane), within_s=20, what="each worker has answered once")
        with chen.session.get(chen.url + "/console/live", stream=True, timeout=20) as stream:
            events = (line for line in stream.iter_lines(chunk_size=1, decode_unicode=True) if line.startswith("event"))
            installation.publish([an_article()])
            assert next(events) == "event: changed"
            took_s = installation.terminate()
            assert set(events) <= {"event: changed"}  # the stream has an end: it was not cut off
    assert took_s < 5
    assert not re.search(r"request\.failed", installation.log.read_text())
