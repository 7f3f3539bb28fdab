"""Confirming and leaving: a GET only asks, a POST acts, and a mail program's POST is always told 200."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from tests.builders import DAY, NOON, a_delivery, a_subscription, an_edition
from tests.web.faces import a_face
from tests.web.readers import a_reader, link, page_of, state_of, text_of
from tests.web.serving import serve
from web.app import create_app
from zonewire.keys import KeyRing, make_token
from zonewire.store import Store
from zonewire.store.tables import deliveries, subscriptions
from zonewire.subscriptions import Consent, confirm, consents_of, forget_unconfirmed, record

MailPost = Callable[[str], requests.Response]


@pytest.fixture
def keys(store: Store, tmp_path: Path) -> KeyRing:
    return a_face(store, tmp_path).keys


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


def one_click(url: str) -> requests.Response:
    return requests.post(url, data={"List-Unsubscribe": "One-Click"}, timeout=10, allow_redirects=False)


def one_click_multipart(url: str) -> requests.Response:
    return requests.post(url, files={"List-Unsubscribe": (None, "One-Click")}, timeout=10, allow_redirects=False)


def without_a_body(url: str) -> requests.Response:
    return requests.post(url, timeout=10, allow_redirects=False)


def test_a_get_of_the_unsubscribe_link_only_asks(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store)
    answer = requests.get(link(face, keys, "unsubscribe", ident), timeout=10)

    assert answer.status_code == 200
    assert state_of(store, ident) == "active"
    (form,) = page_of(answer).forms
    assert (form.method, form.action) == ("POST", None)
    assert "退订" in text_of(answer)
    assert "li@mail.example" in text_of(answer)


@pytest.mark.parametrize("post", [one_click, one_click_multipart, without_a_body])
def test_a_post_unsubscribes_at_once_without_cookies_or_redirects(
    store: Store, face: str, keys: KeyRing, post: MailPost
) -> None:
    ident = a_reader(store)
    url = link(face, keys, "unsubscribe", ident)
    first, second = post(url), post(url)

    assert (first.status_code, second.status_code) == (200, 200)
    assert "Set-Cookie" not in first.headers
    assert state_of(store, ident) == "ended"


def test_unsubscribing_cancels_what_is_owed_and_says_that_a_mail_may_be_on_its_way(
    store: Store, face: str, keys: KeyRing
) -> None:
    ident = a_reader(store)
    with store.writing() as db:
        endpoint_id = db.execute(select(subscriptions.c.endpoint_id).where(subscriptions.c.id == ident)).scalar_one()
        owed = {"kind": "digest", "endpoint_id": endpoint_id, "subscription_id": ident}
        pending = a_delivery(db, edition_id=an_edition(db), **owed)
        sending = a_delivery(db, edition_id=an_edition(db, up_to=2), state="sending", due_at=NOON, **owed)

    answer = one_click(link(face, keys, "unsubscribe", ident))

    with store.reading() as db:
        states = {row.id: row.state for row in db.execute(select(deliveries.c.id, deliveries.c.state))}
    assert states == {pending: "cancelled", sending: "sending"}
    assert "正在发送的邮件可能还会到一封" in text_of(answer)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "%00", "7.5f.AAAA"])
def test_an_unknown_token_is_404_for_people_and_200_for_mail_programs(face: str, token: str) -> None:
    url = f"{face}/unsubscribe/{token}"

    assert requests.get(url, timeout=10).status_code == 404
    assert one_click(url).status_code == 200
    assert requests.get(f"{face}/confirm/{token}", timeout=10).status_code == 404
    assert requests.post(f"{face}/confirm/{token}", timeout=10).status_code == 404


def test_two_who_confirm_at_once_agree_once(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, "unconfirmed")
    url = link(face, keys, "confirm", ident)
    said = Consent(act="confirmed", given_at=NOON, given_from="203.0.113.7", locale="en", wording="yes")
    with ThreadPoolExecutor(1) as pool:
        with store.writing() as db:
            confirm(db, ident, NOON)
            record(db, ident, said)
            other = pool.submit(requests.post, url, timeout=10)
            wait([other], timeout=0.5)  # it waits for us
        assert other.result().status_code == 200

    with store.reading() as db:
        assert consents_of(db, ident) == [said]


def test_the_link_of_what_nobody_confirmed_in_time_opens_nothing(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, "unconfirmed")
    with store.writing() as db:
        a_subscription(db, channel="email")
        assert forget_unconfirmed(db, 10, NOON + 31 * DAY) == 1

    for answer in (requests.get, requests.post):
        assert answer(link(face, keys, "confirm", ident), timeout=10).status_code == 404


def test_a_token_opens_only_what_it_was_made_for(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, "unconfirmed")
    swapped = f"{face}/unsubscribe/{make_token(keys, 'confirm', ident)}"

    assert requests.get(swapped, timeout=10).status_code == 404
    one_click(swapped)
    assert state_of(store, ident) == "unconfirmed"


def test_a_get_of_the_confirm_link_only_asks_and_a_post_confirms(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, "unconfirmed")
    url = link(face, keys, "confirm", ident)

    asked = requests.get(url, timeout=10)
    assert state_of(store, ident) == "unconfirmed"
    answer = requests.post(url, timeout=10)

    assert len(page_of(asked).forms) == 1
    assert answer.status_code == 200
    assert state_of(store, ident) == "active"
    assert "订阅已确认" in text_of(answer)
    assert "08:00" in text_of(answer), "the page says when the first digest is due"


def test_confirming_twice_is_as_good_as_once(store: Store, face: str, keys: KeyRing) -> None:
    url = link(face, keys, "confirm", a_reader(store, "unconfirmed"))
    requests.post(url, timeout=10)

    assert requests.post(url, timeout=10).status_code == 200
    assert page_of(requests.get(url, timeout=10)).forms == []


def test_no_mail_is_made_by_confirming_or_leaving(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, "unconfirmed")
    requests.post(link(face, keys, "confirm", ident), timeout=10)
    one_click(link(face, keys, "unsubscribe", ident))

    with store.reading() as db:
        assert db.execute(select(deliveries)).all() == []


def test_what_has_ended_cannot_be_confirmed_and_the_page_says_so(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, "ended")
    answer = requests.post(link(face, keys, "confirm", ident), timeout=10)

    assert answer.status_code == 200
    assert "已退订" in text_of(answer)
    assert state_of(store, ident) == "ended"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("purpose", ["confirm", "unsubscribe", "manage", "owner"])
def test_a_page_behind_a_token_is_in_no_index_and_tells_its_address_nobody(
    store: Store, face: str, keys: KeyRing, purpose: str, method: str
) -> None:
    token = make_token(keys, purpose, a_reader(store, "unconfirmed" if purpose == "confirm" else "active"))
    page = "manage" if purpose == "owner" else purpose
    for address in (f"{face}/{page}/{token}", f"{face}/{page}/{token}x"):
        answer = requests.request(method, address, data={"action": "pause"}, timeout=10)
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("purpose", ["confirm", "unsubscribe"])
def test_pages_allow_no_script_and_are_kept_by_nobody(store: Store, face: str, keys: KeyRing, purpose: str) -> None:
    answer = requests.get(link(face, keys, purpose, a_reader(store, "unconfirmed")), timeout=10)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize(
    ("language", "lang", "word"), [("en-GB,en;q=0.9", "en", "Unsubscribe"), ("zh-CN", "zh-CN", "退订")]
)
def test_a_page_speaks_its_readers_language(
    store: Store, face: str, keys: KeyRing, language: str, lang: str, word: str
) -> None:
    url = link(face, keys, "unsubscribe", a_reader(store))
    answer = requests.get(url, headers={"Accept-Language": language}, timeout=10)

    assert f'<html lang="{lang}">' in answer.text
    assert word in text_of(answer)


def test_instant_news_is_said_to_come_at_once(store: Store, face: str, keys: KeyRing) -> None:
    url = link(face, keys, "confirm", a_reader(store, "unconfirmed", cadence="instant"))

    assert "新闻一到就会推送" in text_of(requests.post(url, timeout=10))
