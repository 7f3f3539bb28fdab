"""`/manage/TOKEN`: a GET changes nothing; each form does what it says, and the page says what was done."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from sqlalchemy import insert, select, update

from tests.builders import DAY, NOON, a_delivery, a_subscription, a_version, an_article, an_edition
from tests.web.faces import a_face
from tests.web.readers import a_reader, link, page_of, state_of, text_of
from tests.web.serving import serve
from web.app import create_app
from zonewire.delivery.mailing import MANAGE_FOR_S, OWNER_FOR_S
from zonewire.digests import left_out
from zonewire.filters import Filter, intern, parse_written
from zonewire.keys import KeyRing, make_token
from zonewire.rendering.translation import LOCALES
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import deliveries, edition_versions, filters, subscriptions
from zonewire.subscriptions import Act, Consent, finish_erasing, record
from zonewire.subscriptions.asking import ASKS_AN_HOUR, MAILS_A_DAY

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
    actions = {form.fields["action"] for form in page_of(answer).forms}
    assert actions == {"change", "make_feed", "pause", "unsubscribe", "links"}
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

    about_when = {"cadence", "at", "weekday", "timezone"}
    assert set(form.fields).isdisjoint(about_when)
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


def test_more_than_a_form_is_not_read_and_a_page_says_so(post: Post) -> None:
    too_long = post(action="change", at="8" * 1_100_000)
    too_many = post(action="change", city=["泰州"] * 9_000)
    binary = post(action="change", at=b"\xff")

    assert (too_long.status_code, too_many.status_code, binary.status_code) == (413, 400, 400)
    assert "这次填写的内容太多" in text_of(too_long)
    assert "什么也没有改" in text_of(too_many)
    assert "什么也没有改" in text_of(binary)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL has no index for a key so long
def test_a_filter_of_thousands_of_values_can_be_changed(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    cities, zones = (tuple(f"{n:04}{name}" for n in range(1_000)) for name in ("市高新区", "经济技术开发区"))
    with store.writing() as db:
        wanted = Filter(cities=cities, zones=zones, keywords=cities, not_zones=zones, not_keywords=zones)
        db.execute(update(subscriptions).values(filter_id=intern(db, wanted)))
    url = link(face, keys, "manage", ident)
    form = page_of(requests.get(url, timeout=10)).forms[0]
    fields = [(name, value) for name, value in form.form_values() if value != cities[0]]

    answer = requests.post(url, data=fields, timeout=10)
    assert answer.status_code == 200
    with store.reading() as db:
        (was, now_has) = db.execute(select(filters.c.written).order_by(filters.c.id)).scalars().all()[-2:]
    assert parse_written(now_has) == parse_written(was) | {"city": list(cities[1:])}


def test_the_page_speaks_english(face: str, keys: KeyRing, ident: int) -> None:
    answer = requests.get(link(face, keys, "manage", ident), timeout=10, headers={"Accept-Language": "en"})

    assert "Every day at 08:00 (Shanghai time)" in text_of(answer)
    assert "Take a break" in text_of(answer)


def owner_link(face: str, keys: KeyRing, ident: int, *, age_s: int = 0) -> str:
    token = make_token(keys, "owner", ident, now_s=int(time.time()) - age_s)
    return f"{face}/manage/{token}"


def test_a_change_is_confirmed_in_words(post: Post) -> None:
    answer = post(action="change", cadence="weekly", at="18:30", weekday="fri", timezone="Europe/Berlin", locale="en")

    (done,) = page_of(answer).xpath("//p[@role='status']")
    assert "已保存。每周五 18:30（柏林时间）；邮件用英文。下一封在" in done.text_content()


def test_a_reader_changes_what_comes_and_what_the_form_does_not_offer_stays(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    with store.writing() as db:
        filter_id = intern(db, Filter(cities=("泰州",), not_zones=("靖江",)))
        db.execute(update(subscriptions).values(filter_id=filter_id))
    url = link(face, keys, "manage", ident)
    form = page_of(requests.get(url, timeout=10)).forms[0]
    assert form.fields["not_zone"] == "靖江"

    fields = {
        "action": "change",
        "with_filter": "yes",
        "city": ["苏州", "合肥"],
        "keyword": "汽车、芯片",
        "not_zone": "靖江",
    }
    answer = requests.post(url, data=fields, timeout=10)

    assert "城市：苏州、合肥；关键词：汽车、芯片；不含开发区：靖江" in text_of(answer)
    before = row_of(store, ident)
    assert requests.post(url, data={"action": "change", "at": "09:00"}, timeout=10).status_code == 200
    assert row_of(store, ident).filter_id == before.filter_id, "a form without boxes leaves the filter"


@pytest.mark.parametrize("word", ["1,000亿", "Dupont, Inc", "AT&T；x", "词" * 201])
def test_another_hour_leaves_the_filter_as_it_is(store: Store, face: str, keys: KeyRing, ident: int, word: str) -> None:
    with store.writing() as db:
        filter_id = intern(db, Filter(keywords=(word, "芯片"), not_sections=("a，b",)))
        db.execute(update(subscriptions).values(filter_id=filter_id))
    url = link(face, keys, "manage", ident)
    form = page_of(requests.get(url, timeout=10)).forms[0]
    fields = [(name, "18:30" if name == "at" else value) for name, value in form.form_values()]

    assert requests.post(url, data=fields, timeout=10).status_code == 200
    row = row_of(store, ident)
    assert (row.filter_id, row.at_minute) == (filter_id, 18 * 60 + 30)


def test_a_word_is_added_beside_one_with_a_comma(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    with store.writing() as db:
        filter_id = intern(db, Filter(keywords=("Dupont, Inc", "1,000亿")))
        db.execute(update(subscriptions).values(filter_id=filter_id))
    url = link(face, keys, "manage", ident)
    form = page_of(requests.get(url, timeout=10)).forms[0]
    fields = [(name, f"{value}\r\n芯片" if name == "keyword" else value) for name, value in form.form_values()]

    assert "关键词：Dupont, Inc、1,000亿、芯片" in text_of(requests.post(url, data=fields, timeout=10))


def test_a_filter_that_the_reader_has_twice_is_told(store: Store, post: Post, ident: int) -> None:
    with store.writing() as db:
        a_subscription(
            db,
            endpoint_id=row_of(store, ident).endpoint_id,
            channel="email",
            filter_id=intern(db, Filter(cities=("苏州",))),
        )
    answer = post(action="change", with_filter="yes", city="苏州")

    assert answer.status_code == 409
    assert "您已经有一个" in text_of(answer)
    assert page_of(answer).xpath("//input[@name='city'][@checked]/@value") == ["苏州"]


@pytest.mark.parametrize("name", ["city", "not_zone"])
def test_a_choice_that_is_none_of_ours_is_told_in_words(post: Post, name: str) -> None:
    answer = post(**{"action": "change", "with_filter": "yes", name: "长" * 300})

    assert answer.status_code == 400
    assert "这些条件里有一项没有看懂" in text_of(answer)


def test_a_word_that_is_too_long_is_told_beside_its_field(store: Store, post: Post, ident: int) -> None:
    before = row_of(store, ident)
    answer = post(action="change", with_filter="yes", keyword="长" * 300)

    assert answer.status_code == 400
    assert "一个词最多 200 个字" in text_of(answer)
    assert page_of(answer).xpath("//details[@class='change']/@open"), "what is wrong is not folded away"
    assert row_of(store, ident) == before


def test_a_pause_may_have_an_end(store: Store, post: Post, ident: int) -> None:
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=10)
    answer = post(action="pause", until=day.isoformat())

    assert f"{day.month}月{day.day}日" in text_of(answer)
    assert "自动恢复" in text_of(answer)
    begins = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    assert row_of(store, ident).paused_until == begins * SECOND


@pytest.mark.parametrize("until", ["2020-01-01", "9999-12-31", "tomorrow", "2026-02-30"])
def test_a_pause_until_no_such_day_is_refused(store: Store, post: Post, ident: int, until: str) -> None:
    answer = post(action="pause", until=until)

    assert answer.status_code == 400
    assert "请选一年以内、今天以后的日子" in text_of(answer)
    assert state_of(store, ident) == "active"


def test_it_shows_what_was_sent_also_by_an_earlier_filter(
    store: Store, face: str, keys: KeyRing, post: Post, ident: int
) -> None:
    with store.writing() as db:
        row = row_of(store, ident)
        edition_id = an_edition(db, filter_id=row.filter_id, created_at=NOON)
        db.execute(insert(edition_versions).values(edition_id=edition_id, number=a_version(db).number, role="story"))
        a_delivery(
            db,
            endpoint_id=row.endpoint_id,
            kind="digest",
            edition_id=edition_id,
            subscription_id=ident,
            state="delivered",
        )
    post(action="change", with_filter="yes", city="苏州")
    page = page_of(requests.get(link(face, keys, "manage", ident), timeout=10))

    (line,) = page.xpath("//section[@id='sent']//li")
    assert " ".join(line.text_content().split()) == "6月11日 (周四) 12:00 1 条新闻 已送达"
    (address,) = line.xpath(".//a/@href")
    assert requests.get(face + address.removeprefix("https://wire.example"), timeout=10).status_code == 200


def test_it_shows_instant_news_that_was_sent(store: Store, face: str, keys: KeyRing) -> None:
    ident = a_reader(store, cadence="instant")
    with store.writing() as db:
        version = a_version(db, an_article(title="一条即时新闻"))
        a_delivery(db, endpoint_id=row_of(store, ident).endpoint_id, version=version, state="dead")
    page = page_of(requests.get(link(face, keys, "manage", ident), timeout=10))

    (line,) = page.xpath("//section[@id='sent']//li")
    assert "一条即时新闻 没有送到" in " ".join(line.text_content().split())


def test_it_says_why_the_reader_gets_this(store: Store, face: str, keys: KeyRing, ident: int) -> None:
    url = link(face, keys, "manage", ident)
    assert "Zonewire 的管理员在 2026年6月10日" in text_of(requests.get(url, timeout=10))
    with store.writing() as db:
        given = Consent(
            act="asked", given_at=NOON, given_from="203.0.113.7", locale="zh-CN", wording="点“订阅”，就是同意。"
        )
        record(db, ident, given)
    said = text_of(requests.get(url, timeout=10))

    assert "2026年6月11日 12:00，有人填写了订阅表" in said
    assert "点“订阅”，就是同意。" in said


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("act", Act)
def test_only_its_owner_is_shown_a_network_address(
    store: Store, face: str, keys: KeyRing, ident: int, act: Act, locale: str
) -> None:
    with store.writing() as db:
        record(db, ident, Consent(act=act, given_at=NOON, given_from="203.0.113.7", locale="zh-CN", wording="w"))
    spoken = {"Accept-Language": locale}

    passed_on = link(face, keys, "manage", ident)
    answers = [requests.get(passed_on, headers=spoken, timeout=10)]
    answers.append(requests.post(passed_on, data={"action": "pause"}, headers=spoken, timeout=10))
    assert [answer for answer in answers if "203.0.113" in answer.text] == []
    assert "203.0.113.7" in text_of(requests.get(owner_link(face, keys, ident), headers=spoken, timeout=10))


def test_a_link_that_may_have_been_passed_on_shows_and_removes_no_data(
    store: Store, face: str, keys: KeyRing, ident: int
) -> None:
    for url in (link(face, keys, "manage", ident), owner_link(face, keys, ident, age_s=OWNER_FOR_S + 60)):
        for action in ("export", "forget"):
            answer = requests.post(url, data={"action": action, "sure": "yes"}, timeout=10)
            assert answer.status_code in (400, 410)
            assert "known_since" not in answer.text
    assert state_of(store, ident) == "active"


@pytest.mark.parametrize(("locale", "sentence"), [("zh-CN", "只在发出后一小时内有效"), ("en", "works for an hour")])
def test_an_owners_link_that_is_too_old_leads_to_a_new_one(
    face: str, keys: KeyRing, ident: int, locale: str, sentence: str
) -> None:
    url = owner_link(face, keys, ident, age_s=OWNER_FOR_S + 60)
    for answer in (
        requests.get(url, headers={"Accept-Language": locale}, timeout=10),
        requests.post(url, data={"action": "export"}, headers={"Accept-Language": locale}, timeout=10),
    ):
        assert answer.status_code == 410
        assert sentence in text_of(answer)
        (onward,) = page_of(answer).xpath("//main//a/@href")
        assert onward == f"/subscribe?lang={locale}#links"
    assert requests.get(f"{url}x", timeout=10).status_code == 404


def test_the_link_to_it_is_mailed_to_the_mailbox(store: Store, post: Post, ident: int) -> None:
    answer = post(action="links")

    assert "链接已发到您的邮箱" in text_of(answer)
    with store.reading() as db:
        rows = db.execute(select(deliveries.c.kind, deliveries.c.endpoint_id)).all()
    assert rows == [("links", row_of(store, ident).endpoint_id)]


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("zh-CN", "一天之内已经往这个邮箱发过三封"), ("en", "has had three such mails within a day")],
)
def test_a_mail_that_is_not_sent_is_not_said_to_be(
    store: Store, face: str, keys: KeyRing, ident: int, locale: str, sentence: str
) -> None:
    url = link(face, keys, "manage", ident)
    for _ in range(MAILS_A_DAY):
        assert requests.post(url, data={"action": "links"}, timeout=10).status_code == 200
    answer = requests.post(url, data={"action": "links"}, headers={"Accept-Language": locale}, timeout=10)

    (alert,) = page_of(answer).xpath("//p[@role='alert']")
    assert sentence in alert.text
    assert page_of(answer).xpath("//p[@role='status']") == []
    with store.reading() as db:
        assert len(db.execute(select(deliveries)).all()) == MAILS_A_DAY


def test_one_place_that_asks_for_links_too_often_is_told_when_to_come_again(
    face: str, keys: KeyRing, ident: int
) -> None:
    url = link(face, keys, "manage", ident)
    for _ in range(ASKS_AN_HOUR + 1):
        answer = requests.post(url, data={"action": "links"}, timeout=10)

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 3_000
    (alert,) = page_of(answer).xpath("//p[@role='alert']")
    assert "请过一小时再试" in alert.text


def test_an_owner_takes_all_that_is_kept_along(face: str, keys: KeyRing, ident: int) -> None:
    answer = requests.post(owner_link(face, keys, ident), data={"action": "export"}, timeout=10)

    assert answer.headers["Content-Type"] == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    kept = answer.json()
    assert kept["address"] == "li@mail.example"
    assert [one["filter"] for one in kept["subscriptions"]] == [{"city": ["泰州"]}]


def test_an_owner_is_forgotten_but_not_by_a_slip(
    store: Store, face: str, keys: KeyRing, ident: int, tmp_path: Path
) -> None:
    url = owner_link(face, keys, ident)
    assert requests.post(url, data={"action": "forget"}, timeout=10).status_code == 400
    assert state_of(store, ident) == "active"

    answer = requests.post(url, data={"action": "forget", "sure": "yes"}, timeout=10)

    assert "li@mail.example 的全部订阅已经结束" in text_of(answer)
    assert state_of(store, ident) == "ended"
    assert finish_erasing(store, keys=keys, outbox=tmp_path) == 1
    assert "li@mail.example" not in requests.get(url, timeout=10).text
