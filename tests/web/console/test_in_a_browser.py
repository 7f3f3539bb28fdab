"""The console in headless Chromium: nothing is complained of, and everybody can read and use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.chromium import Stage
from tests.ledgers import LedgerSize, a_busy_ledger
from tests.validators.access import access_faults
from tests.web.console.browsing import at_the_console
from tests.web.console.pages import every_page
from tests.web.tabs import a_tab, needs_chromium
from zonewire.delivery import bulk, heartbeats
from zonewire.delivery.bulk import BulkAct
from zonewire.delivery.searching import Search
from zonewire.operators import Role
from zonewire.store import Store, now

pytestmark = [pytest.mark.browser, needs_chromium]

PARTS = 3
"""The pages are shared out, so that more than one browser looks at them."""


@pytest.fixture
def tab(plain_store: Store, tmp_path: Path) -> Iterator[tuple[Page, str]]:
    """A tab of an operator's, and the console's address; its ledger has something of everything."""
    with plain_store.writing() as db:
        a_busy_ledger(db, LedgerSize(deliveries=2_000, endpoints=300), now=now(db))
        bulk.begin(db, BulkAct.REPLAY, Search(state="dead"), per_minute=60, expected=20, operator="chen", now=now(db))
    with at_the_console(plain_store, tmp_path, Role.ADMINISTER) as chen, a_tab(chen.url) as page:
        page.context.add_cookies([{"name": "zonewire", "value": chen.session.cookies["zonewire"], "url": chen.url}])
        yield page, chen.url


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_page_can_be_read_and_used_by_all(
    tab: tuple[Page, str], plain_store: Store, locale: str, part: int
) -> None:
    page, url = tab
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{url}/console?lang={locale}")

    faults = []
    for path in (*every_page(plain_store), "/console/bulk/b1")[part::PARTS]:
        page.goto(url + path)
        faults += [f"{path}: {fault}" for fault in access_faults(Stage(page), locale)]

    assert faults == []
    assert [line for line in said if "404" not in line] == []


def test_a_dead_letter_is_replayed_by_keyboard_alone(tab: tuple[Page, str]) -> None:
    page, url = tab
    page.goto(f"{url}/console/deliveries?state=dead&lang=en")
    page.focus("tbody a")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Replay")

    page.focus("button:has-text('Replay')")
    page.keyboard.press("Enter")

    page.wait_for_selector(".done")
    assert "Put back" in page.inner_text(".done")


def test_an_open_page_follows_what_happens_and_leaves_alone_what_is_written(
    tab: tuple[Page, str], plain_store: Store
) -> None:
    page, url = tab
    page.goto(f"{url}/console/lanes?lang=en")
    page.wait_for_selector("#live[data-state=on]")
    page.locator("summary", has_text="Pause this lane").first.click()
    page.locator("input[name=reason]").first.fill("half a sent")
    with plain_store.writing() as db:
        heartbeats.beat(db, worker="feeds@there", lane="feeds")
    page.wait_for_function("() => !document.querySelector('#strip').textContent.includes('No worker runs')")
    assert page.locator("input[name=reason]").first.input_value() == "half a sent"
