"""`/feeds/private/TOKEN.FORMAT`: a subscription's news for whoever holds the token, until it is revoked."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import pytest
import requests
from sqlalchemy import select, update
from structlog.testing import capture_logs

from tests.builders import NOON, a_subscription, a_version, an_article, an_endpoint
from tests.eventually import eventually
from tests.web.faces import BASE, a_face
from tests.web.readers import a_reader, link, page_of, text_of
from tests.web.serving import serve
from web.app import create_app
from web.public import filtered, polling
from web.public.private_feeds import SUBSCRIBERS
from zonewire import subscriptions
from zonewire.feeds import Catalogue, Document, Format, Making, list_readers, private_cover
from zonewire.filters import Filter, intern
from zonewire.keys import KeyRing
from zonewire.store import Store, now
from zonewire.store.tables import metadata, private_feeds
from zonewire.store.tables import subscriptions as table

A_MINUTE = 30
TOKEN = re.compile(r"/feeds/private/([A-Za-z0-9_-]{32})\.(rss|atom|json)")

on_sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests whose statements run on both databases in the others."""


@pytest.fixture
def keys(store: Store, tmp_path: Path) -> KeyRing:
    return a_face(store, tmp_path).keys


@pytest.fixture
def face(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("web.public.filtered.FRESH_S", -1.0)  # each request sees what was accepted before it
    monkeypatch.setattr(polling, "WRITE_EVERY_S", 0.0)
    monkeypatch.setattr(polling, "A_MINUTE", A_MINUTE)
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


@pytest.fixture
def ident(store: Store) -> int:
    """A reader of 泰州's news."""
    with store.writing() as db:
        a_version(db, an_article(title="泰州签约", city="泰州", published_at=NOON))
        a_version(db, an_article(title="苏州签约", city="苏州", published_at=NOON))
    return a_reader(store)


def made(store: Store, keys: KeyRing, ident: int) -> str:
    with store.writing() as db:
        return subscriptions.make_private_feed(db, ident, keys=keys, now=now(db)).token


def get(face: str, token: str, form: str = "atom", **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{face}/feeds/private/{token}.{form}", headers=sent, timeout=10)


def titles(answer: requests.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry.title for entry in feedparser.parse(answer.content).entries]


def test_it_carries_what_its_subscription_asks_for_and_says_whose_it_is(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    token = made(store, keys, ident)
    for form in ("rss", "atom", "json"):
        answer = get(face, token, form, Accept_Encoding="gzip")

        own = f"{BASE}/feeds/private/{token}.{form}"
        assert "泰州签约" in answer.text
        assert "苏州签约" not in answer.text
        assert "我的订阅（城市：泰州） · Zonewire" in answer.text
        assert own in answer.text
        assert answer.headers["Link"] == f'<{own}>; rel="self"'
        assert answer.headers["Content-Encoding"] == "gzip"
        assert get(face, token, form, Accept_Encoding="br").headers["Content-Encoding"] == "br"


@on_sqlite_alone
def test_caches_that_others_share_search_engines_and_referrers_are_kept_out(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    token = made(store, keys, ident)
    first = get(face, token)
    again = get(face, token, If_None_Match=first.headers["ETag"])
    head = requests.head(first.url, timeout=10)

    assert (first.status_code, again.status_code, head.status_code) == (200, 304, 200)
    assert (again.content, head.content) == (b"", b"")
    for answer in (first, again, head):
        assert answer.headers["Cache-Control"] == "private, max-age=60"
    for answer in (first, again, head, get(face, "x" * 32)):
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_change_of_the_filter_or_the_language_shows_at_once_and_a_pause_changes_nothing(
    store: Store, face: str, keys: KeyRing, ident: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.public.filtered.FRESH_S", 60.0)
    token = made(store, keys, ident)
    before = feedparser.parse(get(face, token).content)
    with store.writing() as db:
        db.execute(update(table).values(filter_id=intern(db, Filter(cities=("苏州",))), locale="en"))
    after = get(face, token)

    assert titles(after) == ["苏州签约"]
    feed = feedparser.parse(after.content).feed
    assert (feed.title, feed.language) == ("My news (city: 苏州) · Zonewire", "en")
    assert feed.id == before.feed.id  # a reader keeps it as the same feed
    with store.writing() as db:
        subscriptions.pause(db, ident, now(db))
    assert titles(get(face, token)) == ["苏州签约"]


def test_what_was_renewed_revoked_or_ended_is_gone_and_what_never_was_is_not_there(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    with store.writing() as db:
        first = subscriptions.make_private_feed(db, ident, keys=keys, now=now(db)).token
        second = subscriptions.renew_private_feed(db, ident, keys=keys, now=now(db)).token
    assert (get(face, first).status_code, get(face, second).status_code) == (410, 200)
    with store.writing() as db:
        assert subscriptions.revoke_private_feed(db, ident, now=now(db))
        third = subscriptions.make_private_feed(db, ident, keys=keys, now=now(db)).token
    assert (get(face, second).status_code, get(face, third).status_code) == (410, 200)
    with store.writing() as db:
        subscriptions.remove(db, ident, now(db))

    gone, unknown = get(face, third), get(face, "x" * 32)
    assert (gone.status_code, unknown.status_code) == (410, 404)
    for answer in (gone, unknown):
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Cache-Control"] == "no-store"
    assert gone.content == get(face, first, "rss").content  # it says nothing but that
    for nothing in ("x" * 31, "y" * 32, third[:-1], third + "A", "..", "%00"):
        assert get(face, nothing).content == unknown.content
    assert get(face, third, "xml").content == unknown.content
    with store.writing() as db:
        db.execute(update(table).values(state="active"))  # who subscribes again does not get it back
    assert get(face, third).status_code == 410


def test_an_erased_reader_leaves_no_token(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    token = made(store, keys, ident)
    assert get(face, token, User_Agent="Li's own reader").status_code == 200
    eventually(lambda: readers(store), within_s=5)
    with store.writing() as db:
        found = subscriptions.subscriber_of(db, "li@mail.example", keys=keys)
        subscriptions.end_everything(db, found, keys=keys, now=now(db))
    assert get(face, token).status_code == 410
    with store.writing() as db:
        subscriptions.forget(db, found, [], keys=keys, now=now(db))

    assert get(face, token).status_code == 404
    assert readers(store) == {}
    with store.reading() as db:
        assert db.execute(select(private_feeds)).all() == []


def test_polls_are_limited_and_counted_by_token(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    with store.writing() as db:
        other = a_subscription(db, endpoint_id=an_endpoint(db, channel="email"), channel="email")
    token, theirs = made(store, keys, ident), made(store, keys, other)
    with requests.Session() as session:
        url = f"{face}/feeds/private/{token}.rss"
        for n in range(A_MINUTE):
            session.get(url, headers={"X-Forwarded-For": f"203.0.113.{n}"}, timeout=10).raise_for_status()
        refused = session.get(url, headers={"X-Forwarded-For": "198.51.100.1"}, timeout=10)
        assert session.get(url, timeout=10).status_code == 200  # nobody stands before it on this machine
    assert refused.status_code == 429
    assert refused.headers["Cache-Control"] == "no-store"
    assert get(face, theirs, X_Forwarded_For="198.51.100.1").status_code == 200
    assert get(face, token, "atom", X_Forwarded_For="198.51.100.1").status_code == 200  # another document

    eventually(lambda: sum(row["polls"] for row in readers(store).values()) == A_MINUTE + 4, within_s=5)
    assert {name: row["polls"] for name, row in readers(store).items()} == {
        f"private feed of s{ident}": A_MINUTE + 3,
        f"private feed of s{other}": 1,
    }


@on_sqlite_alone
def test_strangers_who_invent_filters_take_no_place_of_a_subscribers(
    store: Store, face: str, keys: KeyRing, ident: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filtered, "STRANGERS", replace(filtered.STRANGERS, waiting=0))
    token = made(store, keys, ident)
    assert requests.get(f"{face}/feeds/filter.rss?city=x", timeout=10).status_code == 503
    assert titles(get(face, token)) == ["泰州签约"]


@on_sqlite_alone
def test_private_feeds_that_are_all_fetched_at_once_wait_for_each_other(store: Store) -> None:
    filters = filtered.Filters(store, Making(BASE, Catalogue()), SUBSCRIBERS)
    covers = [private_cover(f"s{n}", f"{n:032}", Format.JSON, said="", language="en") for n in range(60)]

    async def visits() -> list[Document]:
        return await asyncio.gather(*(filters.take(Filter(), cover) for cover in covers))

    assert len({document.etag for document in asyncio.run(visits())}) == 60


@on_sqlite_alone
def test_who_guesses_is_asked_to_wait_and_stands_in_nobodys_list(store: Store, face: str) -> None:
    with requests.Session() as session:
        codes = [
            session.get(
                f"{face}/feeds/private/{n:032}.rss", headers={"X-Forwarded-For": "203.0.113.9"}, timeout=10
            ).status_code
            for n in range(A_MINUTE + 1)
        ]
    assert (set(codes[:-1]), codes[-1]) == ({404}, 429)


def readers(store: Store) -> dict[str, dict[str, Any]]:
    with store.reading() as db:
        rows: dict[str, dict[str, Any]] = {}
        for row in list_readers(db, days=1, now=now(db)):
            rows.setdefault(row["reader"], {"polls": 0})["polls"] += row["polls"]
        return rows


def test_a_token_stands_in_no_log_and_nowhere_in_clear(
    store: Store, face: str, keys: KeyRing, ident: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = made(store, keys, ident)
    with capture_logs() as lines:
        for headers in ({}, {"X_Forwarded_For": "203.0.113.9"}):
            get(face, token, **headers)
        monkeypatch.setattr("web.public.private_feeds.made_for", None)  # a fault of ours
        assert get(face, token).status_code == 500
    eventually(lambda: readers(store), within_s=5)

    (failed,) = [line for line in lines if line["event"] == "request.failed"]
    assert failed["path"] == "/feeds/private/…"
    assert token not in repr(lines)
    with store.reading() as db:
        for one in metadata.sorted_tables:
            assert token not in repr(db.execute(select(one)).all()), one.name


def act(face: str, keys: KeyRing, ident: int, action: str, **fields: str) -> requests.Response:
    return requests.post(link(face, keys, "manage", ident), data={"action": action} | fields, timeout=10)


def shown(answer: requests.Response) -> dict[str, str]:
    """The tokens that a page shows, by format."""
    return {form: token for token, form in TOKEN.findall(answer.text)}


def form_of(answer: requests.Response, action: str) -> dict[str, str]:
    (form,) = [form for form in page_of(answer).forms if form.fields.get("action") == action]
    return dict(form.fields)


def test_a_reader_makes_one_replaces_it_and_ends_it(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    url = link(face, keys, "manage", ident)
    empty = requests.get(url, timeout=10)
    assert "专属订阅源" in text_of(empty)
    assert shown(empty) == {}

    with capture_logs() as lines:
        first = requests.post(url, data=form_of(empty, "make_feed"), timeout=10)
        assert "已生成" in text_of(first)
        assert set(shown(first)) == {"rss", "atom", "json"}
        old = shown(first)["rss"]
        assert titles(get(face, old, "rss")) == ["泰州签约"]
        assert shown(requests.get(url, timeout=10)) == shown(first)  # it can be looked up again
        assert "专属订阅源也会一起停用" in text_of(first)

        second = requests.post(url, data=form_of(first, "renew_feed"), timeout=10)
        assert "旧地址已经失效" in text_of(second)
        new = shown(second)["rss"]
        assert (get(face, old).status_code, get(face, new).status_code) == (410, 200)

        ended = requests.post(url, data=form_of(second, "end_feed"), timeout=10)
    assert "已停用" in text_of(ended)
    assert shown(ended) == {}
    assert get(face, new).status_code == 410
    told = [(line["event"], line.get("renewed")) for line in lines]
    assert told == [("private_feed.made", False), ("private_feed.made", True), ("private_feed.revoked", None)]
    assert not [line for line in lines if old in repr(line) or new in repr(line)]


@on_sqlite_alone
def test_a_form_that_is_sent_twice_does_nothing_the_second_time(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    first = act(face, keys, ident, "make_feed")
    assert shown(act(face, keys, ident, "make_feed")) == shown(first)
    renewing, ending = form_of(first, "renew_feed"), form_of(first, "end_feed")
    second = act(face, keys, ident, **renewing)

    for form in (renewing, ending):
        late = act(face, keys, ident, **form)
        assert late.status_code == 409
        assert "这次什么也没有改" in text_of(late)
        assert shown(late) == shown(second)
    assert act(face, keys, ident, **form_of(second, "end_feed")).status_code == 200
    assert act(face, keys, ident, **form_of(second, "end_feed")).status_code == 200


@on_sqlite_alone
def test_the_page_offers_new_addresses_where_the_old_ones_cannot_be_opened(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    made(store, KeyRing(("a key that was lost meanwhile",)), ident)
    page = requests.get(link(face, keys, "manage", ident), timeout=10, headers={"Accept-Language": "en"})

    assert "cannot be shown at present" in text_of(page)
    assert set(shown(act(face, keys, ident, **form_of(page, "renew_feed")))) == {"rss", "atom", "json"}
