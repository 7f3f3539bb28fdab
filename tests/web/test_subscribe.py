"""`/subscribe`: choosing, seeing what would come, asking; the same answer for everybody."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from tests.builders import DAY, a_subscription, a_version, an_article, an_endpoint
from tests.web.faces import a_face
from tests.web.readers import page_of, text_of
from tests.web.serving import serve
from web.app import create_app
from web.face import Face
from zonewire.feeds import Catalogue, publish_due
from zonewire.reaction import react
from zonewire.rendering.portal import Portal
from zonewire.store import Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import consents, deliveries, endpoints, outbox, subscriptions
from zonewire.subscriptions.asking import ASKS_AN_HOUR

Post = Callable[..., requests.Response]
CATALOGUE = Catalogue(portal=Portal(name="江海投促网", contact="editor@portal.example"))


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Face:
    return a_face(store, tmp_path, catalogue_given=CATALOGUE)


@pytest.fixture
def url(face: Face) -> Iterator[str]:
    with serve(create_app(face)) as address:
        yield f"{address}/subscribe"


@pytest.fixture
def post(url: str) -> Post:
    """Send the form, filled in as a stranger would, from an address of its own."""

    def send(*, asker: str = "203.0.113.7", headers: dict[str, str] | None = None, **fields: Any) -> requests.Response:
        usual = {"action": "subscribe", "address": "li@mail.example", "cadence": "daily", "at": "08:00"}
        given = {"X-Forwarded-For": asker} | (headers or {})
        return requests.post(url, data=usual | fields, headers=given, timeout=10)

    return send


def publish(store: Store, *cities: str, days_ago: int = 2, **over: Any) -> None:
    """Articles of *cities*, out in their feeds."""
    with store.writing() as db:
        for city in cities:
            version = a_version(db, an_article(city=city, zone="", **over), accepted_at=now(db) - days_ago * DAY)
            db.execute(outbox.insert().values(number=version.number, created_at=now(db)))
    pace = Pace(pauses=False)
    while react(store, pace, owed=lambda _lanes: None).more:
        pass
    while publish_due(store, base_url="https://wire.example", window_s=0, catalogue=CATALOGUE).count:
        pass


def kinds(store: Store) -> list[str]:
    with store.reading() as db:
        return list(db.execute(select(deliveries.c.kind).order_by(deliveries.c.id)).scalars())


def test_it_offers_what_exists_with_counts(store: Store, url: str) -> None:
    publish(store, "泰州", "泰州", "苏州")
    page = page_of(requests.get(url, timeout=10))

    boxes = [box.get("value") for box in page.xpath("//input[@name='city']")]
    counts = [count.text for count in page.xpath("//input[@name='city']/..//*[@class='count']")]
    assert (boxes, counts) == (["泰州", "苏州"], ["2", "1"])
    assert {"section"} < {box.get("name") for box in page.xpath("//input[@type='checkbox']")}


def test_a_link_may_choose_beforehand(store: Store, url: str) -> None:
    publish(store, "泰州", "苏州")
    page = page_of(requests.get(f"{url}?city=苏州&keyword=汽车&cadence=weekly&address=x@y.example", timeout=10))

    assert [box.get("value") for box in page.xpath("//input[@checked]")] == ["苏州"]
    assert page.forms[0].fields["keyword"] == "汽车"
    assert page.forms[0].fields["cadence"] == "weekly"
    assert page.forms[0].fields["address"] == "", "an address does not come by a link"


def test_a_word_with_a_comma_outlives_a_link_a_preview_and_the_frame(store: Store, url: str, post: Post) -> None:
    publish(store, "泰州", title="投资 1,000亿 的 Dupont, Inc 落户")
    chosen = page_of(requests.get(url, params={"keyword": ["1,000亿", "Dupont, Inc"]}, timeout=10))
    fields = dict(chosen.forms[0].form_values())
    answer = post(**fields | {"action": "preview"})

    assert "关键词：1,000亿、Dupont, Inc；" in text_of(answer)
    (frame,) = page_of(answer).xpath("//iframe/@src")
    mail = requests.get(url.removesuffix("/subscribe") + frame, timeout=10)
    assert "您订阅了：1,000亿、Dupont, Inc" in mail.text


def test_the_preview_says_what_would_have_come_and_shows_it(store: Store, url: str, post: Post) -> None:
    publish(store, "泰州", "泰州", "苏州")
    answer = post(action="preview", city="泰州")
    said = text_of(answer)

    assert answer.status_code == 200
    assert "过去 30 天有 2 篇符合条件的新闻" in said
    assert "城市：泰州；每天 08:00（上海时间）" in said
    (frame,) = page_of(answer).xpath("//iframe")
    assert "li@mail.example" not in frame.get("src")
    mail = requests.get(url.removesuffix("/subscribe") + frame.get("src"), timeout=10)
    assert "泰州 2 条" not in mail.text  # one place: no list of places
    assert "您订阅了：泰州" in mail.text
    assert "江海投促网" in mail.text
    assert "frame-ancestors 'self'" in mail.headers["Content-Security-Policy"]
    assert "slot-" not in mail.text
    assert kinds(store) == [], "looking changes nothing"


@pytest.mark.parametrize(
    ("cadence", "lang", "sentence"),
    [
        ("daily", "zh-CN", r"最近一封本来会在 \d+月\d+日 \(周.\) 08:00 发出，就像下面这样："),
        ("daily", "en", r"The last digest would have come on .+, like this:"),
        ("instant", "zh-CN", r"即时新闻随到随发，一条一封。下面放在一起的，是 .+ 以前一天里的新闻："),
        ("instant", "en", r"each story in a mail of its own. Below is one day’s worth, up to .+:"),
    ],
)
def test_a_preview_says_what_it_shows(store: Store, url: str, cadence: str, lang: str, sentence: str) -> None:
    publish(store, "泰州")
    fields = {"action": "preview", "cadence": cadence, "at": "08:00"}
    answer = requests.post(f"{url}?lang={lang}", data=fields, timeout=10)

    assert re.search(sentence, text_of(answer))
    (title,) = page_of(answer).xpath("//iframe/@title")
    assert ("摘要" in title or "digest" in title) == (cadence == "daily")


def test_the_part_of_the_preview_alone_is_what_the_script_asks_for(store: Store, url: str) -> None:
    publish(store, "泰州")
    answer = requests.post(f"{url}?part=preview", data={"action": "preview", "city": "合肥"}, timeout=10)

    assert "<html" not in answer.text
    assert "过去 30 天没有符合条件的新闻" in answer.text
    assert "城市：合肥" in answer.text


@pytest.mark.parametrize(
    ("field", "lang", "sentence"),
    [
        ({"keyword": "x" * 201}, "zh-CN", "一个词最多 200 个字"),
        ({"keyword": "x" * 201}, "en", "A word may have 200 characters"),
        ({"at": "25:00"}, "en", "Please write a time such as 08:00."),
        ({"city": "x" * 201}, "zh-CN", "没有看懂这次填写的内容"),
    ],
)
def test_the_frame_and_the_part_say_in_words_what_is_wrong(
    url: str, field: dict[str, str], lang: str, sentence: str
) -> None:
    frame = requests.get(f"{url}/preview", params=field | {"lang": lang}, timeout=10)
    part = requests.post(f"{url}?part=preview&lang={lang}", data=field | {"action": "preview"}, timeout=10)

    for answer in (frame, part):
        assert answer.status_code == 400
        assert sentence in answer.text
    assert f'<html lang="{lang}">' in frame.text
    assert "<html" not in part.text


def test_who_asks_is_sent_a_mail_and_consents_to_what_stood_there(store: Store, post: Post) -> None:
    answer = post(city=["泰州", "苏州"], keyword="汽车，电动 船; 芯片", cadence="weekly", weekday="fri", at="18:30")

    assert answer.status_code == 200
    assert "我们给 li@mail.example 发了一封邮件" in text_of(answer)
    assert kinds(store) == ["confirmation"]
    with store.reading() as db:
        row = db.execute(select(subscriptions)).one()
        consent = db.execute(select(consents)).one()
    assert (row.state, row.cadence, row.weekday, row.at_minute) == ("unconfirmed", "weekly", 4, 18 * 60 + 30)
    assert consent.given_from == "203.0.113.7"
    assert "江海投促网 把符合条件的新闻发到这个邮箱" in consent.wording
    assert "城市：泰州、苏州；关键词：汽车、电动 船、芯片；每周五 18:30（上海时间）" in consent.wording


def test_known_and_unknown_addresses_are_answered_alike(store: Store, post: Post) -> None:
    with store.writing() as db:
        for address, state in (("known@mail.example", "active"), ("ended@mail.example", "ended")):
            endpoint_id = an_endpoint(db, channel="email", address=address)
            a_subscription(db, endpoint_id=endpoint_id, channel="email", state=state)
    for action in ("subscribe", "links"):
        answers = {
            post(action=action, address=address).text.replace(address, "ADDRESS")
            for address in ("known@mail.example", "ended@mail.example", "unknown@mail.example")
        }
        assert len(answers) == 1


@pytest.mark.parametrize("address", ["", "no address", "a@b@c", "li@mail", "<script>@x.example"])
def test_a_wrong_address_is_told_beside_its_field_and_the_form_stays_filled(
    store: Store, post: Post, address: str
) -> None:
    answer = post(address=address, keyword="汽车")

    assert answer.status_code == 400
    (error,) = page_of(answer).xpath("//*[@id='address-wrong']")
    assert "邮箱" in error.text
    assert page_of(answer).forms[0].fields["keyword"] == "汽车"
    assert kinds(store) == []
    with store.reading() as db:
        assert db.execute(select(endpoints)).all() == []


def test_a_wrong_address_for_the_links_is_told_where_it_was_written(post: Post) -> None:
    answer = post(action="links", address="li@mail")

    page = page_of(answer)
    assert answer.status_code == 400
    (error,) = page.xpath("//section[@id='links']//*[@id='known-wrong']")
    assert "邮箱" in error.text
    assert page.xpath("//*[@id='address-wrong']") == []
    assert [form.fields["address"] for form in page.forms] == ["", "li@mail"]


@pytest.mark.parametrize("field", [{"cadence": "yearly"}, {"at": "25:00"}, {"weekday": "x"}, {"timezone": "Moon"}])
def test_what_no_form_of_ours_says_is_refused_in_words(post: Post, field: dict[str, str]) -> None:
    answer = post(**field)

    assert answer.status_code == 400
    assert page_of(answer).xpath("//*[@class='error']")


def test_one_place_that_asks_too_often_is_told_when_to_come_again(store: Store, post: Post) -> None:
    for n in range(ASKS_AN_HOUR):
        assert post(address=f"r{n}@mail.example").status_code == 200
    answer = post(address="more@mail.example")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 3_000
    assert "太频繁" in text_of(answer)
    (error,) = page_of(post(action="links", address="more@mail.example")).xpath("//*[@id='known-wrong']")
    assert "太频繁" in error.text
    assert post(address="more@mail.example", asker="198.51.100.1").status_code == 200


def test_another_websites_form_is_not_taken(store: Store, post: Post) -> None:
    answer = post(headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert kinds(store) == []


def test_the_page_speaks_english_and_stays_so(url: str) -> None:
    page = page_of(requests.get(f"{url}?lang=en", timeout=10))

    assert "Email address" in page.text_content()
    assert all("lang=en" in form.action for form in page.forms)
    answer = requests.post(f"{url}?lang=en", data={"action": "subscribe", "address": "x"}, timeout=10)
    assert "does not look like an email address" in answer.text


def test_the_other_language_keeps_what_a_link_chose(url: str) -> None:
    chosen = {"city": ["泰州", "苏州"], "keyword": "R&D, 芯片", "cadence": "weekly", "lang": "zh-CN"}
    page = page_of(requests.get(url, params=chosen, timeout=10))
    (there,) = page.xpath("//nav/a[@hreflang='en']/@href")
    english = page_of(requests.get(f"{url}{there}", timeout=10))

    assert english.get("lang") == "en"
    assert [box.get("value") for box in english.xpath("//input[@checked]")] == ["泰州", "苏州"]
    assert english.forms[0].fields["keyword"] == "R&D, 芯片"
    assert english.forms[0].fields["cadence"] == "weekly"
    assert english.xpath("//nav/a[@hreflang='zh-CN']/@href")[0].count("lang=") == 1


def test_only_scripts_of_our_own_run(url: str) -> None:
    answer = requests.get(url, timeout=10)

    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert [tag.text for tag in page_of(answer).iter("script")] == [None]
