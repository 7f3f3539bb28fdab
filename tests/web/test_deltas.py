"""`A-IM: feed`: a reader that says what it has is sent what it lacks, and ends with what everybody has."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import feedparser
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import NOON, a_version, an_article
from tests.examples import examples
from tests.web.faces import BASE, a_web_face
from zonewire.articles.model import Article
from zonewire.feeds import Catalogue, mark_touched, publish_due
from zonewire.store import Store

ENTRIES = 5
CATALOGUE = Catalogue(entries=ENTRIES)
FORMATS = ("rss", "atom", "json")


@pytest.fixture
def face(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("web.public.shelf.FRESH_S", 0.0)  # each request sees what was published before it
    with a_web_face(store, tmp_path, catalogue_given=CATALOGUE) as url:
        yield url


def publish(store: Store, *articles: Article, withdrawn: bool = False) -> None:
    with store.writing() as db:
        for article in articles:
            mark_touched(db, a_version(db, article, withdrawn=withdrawn), now=NOON)
    publish_due(store, base_url=BASE, window_s=0, catalogue=CATALOGUE, now=NOON)


def fetch(face: str, path: str, **headers: str) -> requests.Response:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{face}/feeds/{path}", headers=sent, timeout=10)


def titles(answer: requests.Response) -> list[str]:
    if answer.headers["Content-Type"].startswith("application/feed+json"):
        return [item["title"] for item in answer.json()["items"]]
    return [entry.title for entry in feedparser.parse(answer.content).entries]


@pytest.mark.parametrize("form", FORMATS)
def test_only_what_is_new_is_sent_in_a_document_that_is_whole(store: Store, face: str, form: str) -> None:
    publish(store, an_article(title="一"), an_article(title="二"))
    first = fetch(face, f"all.{form}")
    publish(store, an_article(title="三"))
    delta = fetch(face, f"all.{form}", A_IM="feed", If_None_Match=first.headers["ETag"])

    assert (delta.status_code, delta.headers["IM"]) == (226, "feed")
    assert titles(delta) == ["三"]
    assert delta.headers["ETag"].strip('"').split("-")[0] == fetch(face, f"all.{form}").headers["ETag"].strip('"')[:32]
    assert "no-store" in delta.headers["Cache-Control"]
    assert delta.headers["Content-Type"] == first.headers["Content-Type"]
    again = fetch(face, f"all.{form}", A_IM="feed", If_None_Match=delta.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")


def test_a_correction_is_sent_and_a_withdrawal_is_told_in_atom(store: Store, face: str) -> None:
    one, two = an_article(title="一"), an_article(title="二")
    publish(store, one, two, an_article(title="三"))
    tag = fetch(face, "all.atom").headers["ETag"]
    publish(store, an_article(title="一（更正）", guid=one.guid))
    publish(store, two, withdrawn=True)
    delta = fetch(face, "all.atom", A_IM="feed", If_None_Match=tag)

    assert titles(delta) == ["一（更正）"]
    assert delta.text.count("deleted-entry") == 1
    assert f'ref="{two.guid}"' in delta.text


@pytest.mark.parametrize("wanted", ["feed", "gzip, feed", "FEED;q=1", "feed , gdiff"])
def test_the_wish_is_found_among_others(store: Store, face: str, wanted: str) -> None:
    publish(store, an_article(), an_article())
    tag = fetch(face, "all.rss").headers["ETag"]
    publish(store, an_article())

    assert fetch(face, "all.rss", A_IM=wanted, If_None_Match=f'"other", W/{tag}').status_code == 226


@pytest.mark.parametrize("tag", ['"nobody-s"', '"0123456789abcdef0123456789abcdef-0-1-zzzzzz"', "*"])
def test_a_tag_that_says_nothing_gets_the_whole_document(store: Store, face: str, tag: str) -> None:
    publish(store, an_article(), an_article())
    answer = fetch(face, "all.rss", A_IM="feed", If_None_Match=tag)

    assert answer.status_code == (304 if tag == "*" else 200)


def test_who_lacks_everything_gets_the_whole_document(store: Store, face: str) -> None:
    publish(store, an_article(title="旧"))
    tag = fetch(face, "all.rss").headers["ETag"]
    publish(store, *(an_article() for _ in range(ENTRIES)))

    assert fetch(face, "all.rss", A_IM="feed", If_None_Match=tag).status_code == 200


def test_without_the_wish_nothing_changes(store: Store, face: str) -> None:
    publish(store, an_article(), an_article())
    tag = fetch(face, "all.rss").headers["ETag"]
    publish(store, an_article())

    assert fetch(face, "all.rss", If_None_Match=tag).status_code == 200
    assert fetch(face, "all.rss", A_IM="vcdiff", If_None_Match=tag).status_code == 200
    assert fetch(face, "all.rss", A_IM="feed").status_code == 200


def test_what_comes_in_late_is_not_left_out(store: Store, face: str) -> None:
    """A worker was killed between taking an article and marking it: a newer one was published before it."""
    with store.writing() as db:
        versions = [a_version(db, an_article(title=title)) for title in "一二三四"]
        for one in (versions[0], versions[2]):
            mark_touched(db, one, now=NOON)
    publish_due(store, base_url=BASE, window_s=0, catalogue=CATALOGUE, now=NOON)
    tag = fetch(face, "all.atom").headers["ETag"]
    with store.writing() as db:
        for one in (versions[1], versions[3]):
            mark_touched(db, one, now=NOON)
    publish_due(store, base_url=BASE, window_s=0, catalogue=CATALOGUE, now=NOON)

    assert set(titles(fetch(face, "all.atom", A_IM="feed", If_None_Match=tag))) == {"二", "四"}


def test_a_web_face_of_another_catalogue_than_the_publishers_makes_no_delta(store: Store, face: str) -> None:
    publish(store, an_article(), an_article())
    tag = fetch(face, "all.atom").headers["ETag"]
    with store.writing() as db:
        mark_touched(db, a_version(db, an_article()), now=NOON)
    publish_due(store, base_url=BASE, window_s=0, catalogue=Catalogue(entries=ENTRIES, text="summary"), now=NOON)

    assert fetch(face, "all.atom", A_IM="feed", If_None_Match=tag).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"A_IM": "feed", "If_None_Match": f'"{"0" * 32}-0-{"z" * 5000}-0"'},
        {"A_IM": "feed", "If_None_Match": ", ".join(f'"{"0" * 32}-0-0-{n}"' for n in range(900))},
        {"If_Modified_Since": "Mon, 01 Jan 2020 00:00:00 +9999999999999999999"},
    ],
)
def test_headers_that_nobody_would_send_are_answered_all_the_same(
    store: Store, face: str, headers: dict[str, str]
) -> None:
    publish(store, an_article(), an_article())
    assert fetch(face, "all.rss", **headers).status_code in {200, 226}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(0, 7), st.sampled_from(("泰州", "苏州"))),
        st.tuples(st.just("withdraw"), st.integers(0, 7)),
        st.tuples(st.just("poll")),
    ),
    max_size=25,
)


@dataclass(slots=True)
class Reader:
    """Keeps entries as a feed reader does, by their ids."""

    face: str
    path: str
    tag: str = ""
    entries: dict[str, Any] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)

    def poll(self) -> None:
        headers = {"A-IM": "feed"} | ({"If-None-Match": self.tag} if self.tag else {})
        answer = requests.get(f"{self.face}/feeds/{self.path}", headers=headers, timeout=10)
        self.statuses.append(answer.status_code)
        if answer.status_code in {200, 226}:
            self.tag = answer.headers["ETag"]
            self.entries |= {entry.id: entry.updated for entry in feedparser.parse(answer.content).entries}


@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_reader_of_deltas_misses_nothing(store: Store, face: str, steps: list[tuple[Any, ...]]) -> None:
    articles = [an_article() for _ in range(8)]
    reader = Reader(face, "city/taizhou.atom")
    publish(store, an_article(city="泰州"))
    for name, *arguments in steps:
        match name:
            case "publish":
                nth, city = arguments
                publish(store, an_article(guid=articles[nth].guid, city=city))
            case "withdraw":
                publish(store, articles[arguments[0]], withdrawn=True)
            case _:
                reader.poll()
    reader.poll()

    everybody = feedparser.parse(fetch(face, reader.path).content).entries
    assert {entry.id: entry.updated for entry in everybody}.items() <= reader.entries.items()
