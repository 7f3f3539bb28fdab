"""The form of /subscribe in a browser: what would come is shown as soon as something is chosen."""

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.builders import DAY, a_version, an_article
from tests.web.faces import a_web_face
from tests.web.tabs import a_tab, needs_chromium
from zonewire.feeds import mark_touched, publish_due
from zonewire.store import Store, now
from zonewire.store.tables import subscriptions

pytestmark = [pytest.mark.browser, needs_chromium]


def publish(store: Store, *cities: str) -> None:
    with store.writing() as db:
        moment = now(db)
        for city in cities:
            mark_touched(db, a_version(db, an_article(city=city), accepted_at=moment - 2 * DAY), now=moment)
    publish_due(store, base_url="https://wire.example", window_s=0)


def test_a_choice_is_looked_at_at_once_and_without_the_address(store: Store, tmp_path: Path) -> None:
    publish(store, "泰州", "泰州", "苏州")
    with a_web_face(store, tmp_path) as url, a_tab(url, locale="zh-CN") as tab:
        complaints: list[str] = []
        sent: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: sent.append(request.post_data or request.url))
        tab.goto(f"{url}/subscribe")
        tab.fill("#address", "li@mail.example")
        tab.check("input[name=city][value=泰州]")
        tab.wait_for_selector("#preview iframe")

        assert "过去 30 天有 2 篇符合条件的新闻" in tab.inner_text("#preview")
        frame = tab.frame_locator("#preview iframe")
        assert "您订阅了：泰州" in frame.locator("body").inner_text()
        assert complaints == []
        assert not [one for one in sent if "li%40mail" in one or "li@mail" in one]


def test_fields_that_do_not_matter_to_a_rhythm_are_not_shown(store: Store, tmp_path: Path) -> None:
    with a_web_face(store, tmp_path) as url, a_tab(url) as tab:
        tab.goto(f"{url}/subscribe")
        shown = {}
        for cadence in ("instant", "hourly", "daily", "weekly"):
            tab.select_option("#cadence", cadence)
            shown[cadence] = (tab.is_visible("#at"), tab.is_visible("#weekday"))

    assert shown == {
        "instant": (False, False),
        "hourly": (False, False),
        "daily": (True, False),
        "weekly": (True, True),
    }


def test_enter_in_the_address_subscribes(store: Store, tmp_path: Path) -> None:
    with a_web_face(store, tmp_path) as url, a_tab(url, locale="zh-CN") as tab:
        tab.goto(f"{url}/subscribe")
        tab.fill("#address", "li@mail.example")
        tab.press("#address", "Enter")
        tab.wait_for_selector("text=请查收邮件")

    with store.reading() as db:
        assert db.execute(select(subscriptions.c.state)).scalars().all() == ["unconfirmed"]
