"""`/manage/TOKEN`: a GET changes nothing; each form does what it says, and the page says what was done."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select, update

from tests.builders import DAY, NOON, a_version, an_article
from tests.web.faces import a_face
from tests.web.readers import a_reader, link, page_of, state_of, text_of
from tests.web.serving import serve
from web.app import create_app
from zonewire.delivery.mailing import MANAGE_FOR_S
from zonewire.digests import left_out
from zonewire.keys import KeyRing, make_token
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import subscriptions

Post = Callable[..., requests.Response]


@pytest.fixture
def keys(store: Store, tmp_path: Path) -> KeyRing:
    return a_face(store, tmp_path).keys


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


@pytest.fixture
def ident(store: Store) -> int:
    return a_reader(store)


@pytest.fixture
def post(face: str, keys: KeyRing, ident: int) -> Post:
    return lambda **form: requests.post(link(face, keys, "manage", ident), data=form, timeout=10)


def row_of(store: Store, ident: int) -> Any:
    with store.reading() as db:
        return db.execute(select(subscriptions).where(subscriptions.c.id == ident)).one()


def publish(store: Store, *, city: str = "泰州", n: int = 1) -> None:
    with store.writing() as db:
        for _ in range(n):
            a_version(db, an_article(city=city), accepted_at=now(db) - 3 * DAY)


def test_a_get_shows_the_subscription_and_changes_nothing(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    before = row_of(store, ident)
    answer = requests.get(link(face, keys, "manage", ident), timeout=10)

    assert answer.status_code == 200
    assert row_of(store, ident) == before
    said = text_of(answer)
    assert "li@mail.example" in said
    assert "泰州" in said
    assert "每天 08:00（上海时间）" in said
    assert {form.fields["action"] for form in page_of(answer).forms} == {
        "change",
        "make_feed",
        "pause",
        "unsubscribe",
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_form_holds_what_is_set_now(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    with store.writing() as db:
        db.execute(update(subscriptions).values(cadence="weekly", weekday=4, at_minute=17 * 60 + 5, locale="en"))
    form = page_of(requests.get(link(face, keys, "manage", ident), timeout=10)).forms[0]

    fields = {name: form.fields[name] for name in ("cadence", "at", "weekday", "timezone", "locale")}
    assert fields == {"cadence": "weekly", "at": "17:05", "weekday": "fri", "timezone": "Asia/Shanghai", "locale": "en"}


def test_a_reader_changes_rhythm_hour_zone_and_language(store: Store, post: Post, ident: int) -> None:
    answer = post(action="change", cadence="weekly", at="18:30", weekday="fri", timezone="Europe/Berlin", locale="en")

    assert answer.status_code == 200
    assert "已保存" in text_of(answer)
    assert "每周五 18:30（柏林时间）" in text_of(answer)
    row = row_of(store, ident)
    assert (row.cadence, row.at_minute, row.weekday, row.timezone, row.locale) == (
        "weekly",
        18 * 60 + 30,
        4,
        "Europe/Berlin",
        "en",
    )


def test_a_pause_and_its_end_say_what_is_left_out(store: Store, post: Post, ident: int) -> None:
    paused = post(action="pause")
    assert "已暂停" in text_of(paused)
    assert (state_of(store, ident), row_of(store, ident).next_at) == ("paused", None)
    publish(store, n=3)  # three days ago, which a daily digest does not go back to
    publish(store, city="苏州")

    resumed = post(action="resume")
    assert "已恢复" in text_of(resumed)
    assert "有 3 篇符合条件的新闻不再补发" in text_of(resumed)
    assert state_of(store, ident) == "active"
    assert row_of(store, ident).next_at is not None


def test_an_article_that_changed_since_is_not_called_left_out(store: Store, post: Post, ident: int) -> None:
    post(action="pause")
    with store.writing() as db:
        article = an_article(city="泰州")
        a_version(db, article, accepted_at=now(db) - 3 * DAY)
        a_version(db, article, accepted_at=now(db))  # which stands in the window that opens

    assert "不再补发" not in text_of(post(action="resume"))


def test_more_than_can_be_counted_is_not_guessed(store: Store, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_out, "MOST_LOOKED_AT", 2)
    post(action="pause")
    publish(store, n=3)

    assert "暂停期间符合条件的新闻不再补发" in text_of(post(action="resume"))


def test_instant_news_has_no_hour_to_choose_and_cannot_become_a_digest(store: Store, face: str, keys: KeyRing) -> None:
    instant = a_reader(store, cadence="instant")
    url = link(face, keys, "manage", instant)
    form = page_of(requests.get(url, timeout=10)).forms[0]

    assert set(form.fields) == {"action", "locale"}
    assert requests.post(url, data={"action": "change", "cadence": "daily"}, timeout=10).status_code == 400
    assert row_of(store, instant).cadence == "instant"
    assert "已保存" in text_of(requests.post(url, data={"action": "change", "locale": "en"}, timeout=10))
    assert row_of(store, instant).locale == "en"


@pytest.mark.parametrize("zone", ["Singapore", "US/Pacific", "Etc/GMT-8", "PRC"])
def test_a_zone_of_another_name_is_kept_by_saving(
    store: Store, face: str, keys: KeyRing, ident: int, zone: str
) -> None:
    with store.writing() as db:
        db.execute(update(subscriptions).values(timezone=zone))
    url = link(face, keys, "manage", ident)
    form = page_of(requests.get(url, timeout=10)).forms[0]

    assert form.fields["timezone"] == zone
    requests.post(url, data=dict(form.fields), timeout=10)
    assert row_of(store, ident).timezone == zone


def test_leaving_ends_it_and_the_page_says_so(store: Store, post: Post, ident: int) -> None:
    answer = post(action="unsubscribe")

    assert state_of(store, ident) == "ended"
    assert "不会再收到" in text_of(answer)
    assert "不会再收到" in text_of(post(action="change", cadence="hourly"))
    assert row_of(store, ident).cadence == "daily"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"action": "change", "at": "25:00"}, "08:00 这样的钟点"),
        ({"action": "change", "timezone": "Mars/Olympus"}, "选一个时区"),
        ({"action": "change", "cadence": "fortnightly"}, "选一项"),
        ({"action": "change", "weekday": "someday"}, "选一项"),
        ({"action": "change", "locale": "tlh"}, "选一项"),
        ({"action": "erase"}, "没有看懂"),
        ({}, "没有看懂"),
    ],
)
def test_what_cannot_be_meant_changes_nothing_and_is_told(
    store: Store, post: Post, ident: int, form: dict[str, str], words: str
) -> None:
    before = row_of(store, ident)
    answer = post(**form)

    assert answer.status_code == 400
    assert words in text_of(answer)
    assert row_of(store, ident) == before


def test_the_same_at_another_rhythm_is_not_made_twice(store: Store, post: Post, ident: int) -> None:
    with store.writing() as db:
        row = db.execute(select(subscriptions).where(subscriptions.c.id == ident)).one()._asdict()
        row |= {"id": ident + 1, "cadence": "weekly"}
        db.execute(subscriptions.insert().values(row))
    answer = post(action="change", cadence="weekly")

    assert answer.status_code == 409
    assert "已经有一个" in text_of(answer)
    assert row_of(store, ident).cadence == "daily"


@pytest.mark.parametrize("token", ["nonsense", "another purpose", "too old"])
def test_a_token_that_opens_nothing_is_told_so(store: Store, face: str, keys: KeyRing, ident: int, token: str) -> None:
    long_ago = NOON // SECOND - MANAGE_FOR_S
    made = {
        "nonsense": "7.abc.def",
        "another purpose": make_token(keys, "unsubscribe", ident),
        "too old": make_token(keys, "manage", ident, now_s=long_ago - 365 * 24 * 3600),
    }
    url = f"{face}/manage/{made[token]}"

    assert requests.get(url, timeout=10).status_code == 404
    assert requests.post(url, data={"action": "unsubscribe"}, timeout=10).status_code == 404
    assert state_of(store, ident) == "active"


def test_more_than_a_form_is_not_read(post: Post) -> None:
    assert post(action="change", at="8" * 20_000).status_code == 413


def test_the_page_speaks_english(face: str, keys: KeyRing, ident: int) -> None:
    answer = requests.get(link(face, keys, "manage", ident), timeout=10, headers={"Accept-Language": "en"})

    assert "Every day at 08:00 (Shanghai time)" in text_of(answer)
    assert "Take a break" in text_of(answer)
