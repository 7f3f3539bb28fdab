"""Subscribers at the console: found, looked at, paused, exported, forgotten."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select

from tests.builders import NOON, a_delivery, a_subscription, an_edition, an_endpoint
from tests.web.console.browsing import Browser, at_the_console, page_of, text_of
from zonewire.keys import KeyRing
from zonewire.operators import Act, Role, recorded
from zonewire.store import Store
from zonewire.store.tables import subscribers, subscriptions
from zonewire.subscriptions import Consent, finish_erasing, record

LI = "li@mail.example"
PATH = "/console/subscribers"


def a_reader(db: Connection) -> int:
    endpoint = an_endpoint(db, channel="email", address=LI)
    reader = a_subscription(db, endpoint_id=endpoint, channel="email")
    consent = Consent(act="confirmed", given_at=NOON, given_from="203.0.113.9", locale="en", wording=f"Mail to {LI}?")
    record(db, reader, consent)
    edition = an_edition(db)
    of = {"kind": "digest", "edition_id": edition, "subscription_id": reader}
    a_delivery(db, endpoint_id=endpoint, state="delivered", reason=f"550 no {LI} here", **of)  # type: ignore[arg-type]  # a row's values
    return reader


def whose(store: Store, subscription: int) -> int:
    with store.reading() as db:
        found = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == subscription)
        return int(db.execute(found).scalar_one())


def state_of(store: Store, subscription: int) -> str:
    with store.reading() as db:
        return str(db.execute(select(subscriptions.c.state).where(subscriptions.c.id == subscription)).scalar_one())


def acts(store: Store) -> list[tuple[str, str, dict[str, int]]]:
    with store.reading() as db:
        return [(one.act, one.about, dict(one.detail)) for one in recorded(db)]


def opened(browser: Browser, asked: str) -> str:
    """The page of the first subscriber that the list has, as a reader's click opens it."""
    (link, *_) = page_of(browser.get(f"{PATH}?{asked}")).xpath("//tbody//a[contains(@class, 'address')]/@href")
    return text_of(browser.get(link))


def test_a_reader_is_found_and_the_page_says_all_of_them(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        reader = a_reader(db)
        a_subscription(db, endpoint_id=an_endpoint(db, channel="email", address="wang@mail.example"))
    with at_the_console(plain_store, tmp_path) as chen:
        page = opened(chen, "q=li@")
        assert chen.get(f"{PATH}/s{reader}").url.endswith(f"{PATH}/{whose(plain_store, reader)}#s{reader}")
        listed = text_of(chen.get(PATH))
    for said in (LI, f"s{reader}", "Every day at 08:00", "203.0.113.9", f"Mail to {LI}?", "digest d1", "delivered"):
        assert said in page
    assert "send it again" in page
    assert "wang@mail.example" not in page
    assert "wang@mail.example" in listed


def test_who_may_look_sees_no_address_and_cannot_guess_one_by_letters(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        reader = a_reader(db)
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        assert "No subscription is like that" in text_of(chen.get(f"{PATH}?q=li@"))
        page = opened(chen, f"q={LI}")
        assert chen.post(f"{PATH}/s{reader}", mark=mark_of(chen), action="pause").status_code == 403
        assert chen.get(f"{PATH}/{whose(plain_store, reader)}/erase").status_code == 403
        listed = chen.get(PATH).text
    assert "l…@mail.example" in page
    assert LI not in page + listed
    assert "203.0.113.9" not in page


def mark_of(browser: Browser) -> str:
    return str(page_of(browser.get("/console")).xpath("//input[@name='mark']/@value")[0])


def test_a_subscription_is_paused_and_resumed_once(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        reader = a_reader(db)
        ended = a_subscription(db, state="ended")
    path = f"{PATH}/s{reader}"
    with at_the_console(plain_store, tmp_path) as chen:
        assert f"s{reader} is paused" in text_of(chen.send(path, action="pause"))
        chen.send(path, action="pause")
        assert state_of(plain_store, reader) == "paused"
        assert f"s{reader} goes on" in text_of(chen.send(path, action="resume"))
        assert chen.send(f"{PATH}/s{ended}", action="pause").status_code == 409
        assert chen.get(f"{PATH}/s99").status_code == 404
    about = f"s{reader}"
    assert acts(plain_store) == [(Act.RESUMED_SUBSCRIPTION, about, {}), (Act.PAUSED_SUBSCRIPTION, about, {})]


def test_what_is_kept_about_somebody_is_downloaded_by_who_administers(
    plain_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with plain_store.writing() as db:
        reader = a_reader(db)
    key = whose(plain_store, reader)
    with at_the_console(plain_store, tmp_path, Role.ADMINISTER) as chen:
        kept = chen.send(f"{PATH}/{key}/export", page=f"{PATH}/{key}")
        monkeypatch.setattr("web.console.personal.MOST_EXPORTED", 0)
        refused = chen.send(f"{PATH}/{key}/export", page=f"{PATH}/{key}")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="subscriber-{key}.json"'
    assert (kept.json()["address"], kept.json()["subscriptions"][0]["id"]) == (LI, f"s{reader}")
    assert (refused.status_code, "subscribers export" in text_of(refused)) == (409, True)
    assert acts(plain_store) == [(Act.EXPORTED, f"subscriber {key}", {})]


def test_somebody_is_forgotten_after_a_page_that_says_what_goes_and_stays(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        reader = a_reader(db)
    key = whose(plain_store, reader)
    path = f"{PATH}/{key}/erase"
    with at_the_console(plain_store, tmp_path, Role.ADMINISTER) as chen:
        asked = text_of(chen.get(path))
        assert "One subscription." in asked
        assert "cannot be undone" in asked
        assert "as soon as nothing is on its way" in text_of(chen.send(path))
        chen.send(path, page=f"{PATH}/{key}")  # a second click
        finish_erasing(plain_store, keys=KeyRing(("a key of the tests that is long enough",)), outbox=tmp_path)
        forgotten = chen.get(f"{PATH}/{key}")
        assert chen.get(path).status_code == 409
    assert LI not in forgotten.text
    with plain_store.reading() as db:
        assert db.execute(select(func.count()).where(subscribers.c.address == LI)).scalar_one() == 0
    assert acts(plain_store) == [(Act.ERASED, f"subscriber {key}", {"subscriptions": 1, "cancelled": 0})]
