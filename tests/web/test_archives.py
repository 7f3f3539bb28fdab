"""`/feeds/archive/…`: a partner walks back through all that a feed ever had, and forward again to where it began."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feedparser
import pytest
import requests
from lxml import etree

from tests.builders import NOON, a_version, an_article
from tests.web.faces import BASE, a_web_face
from tests.zonewire.feeds.test_declaring import chips
from tests.zonewire.feeds.test_publishing import an_unplaced_article
from zonewire.articles.model import Article
from zonewire.feeds import Catalogue, declare, fill, mark_touched, publish_due, publishing
from zonewire.feeds.documents import TOMBSTONES
from zonewire.feeds.entries import ATOM
from zonewire.filters import Filter
from zonewire.store import Store

THREE = Catalogue(entries=3)
FORMATS = ("rss", "atom", "json")


def face_for(store: Store, tmp_path: Path, catalogue: Catalogue) -> Any:
    return a_web_face(store, tmp_path, catalogue_given=catalogue)


@pytest.fixture
def face(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr("web.public.shelf.FRESH_S", -1.0)  # each request sees what was published before it
    with face_for(store, tmp_path, THREE) as url:
        yield url


def publish(store: Store, *articles: Article, withdrawn: bool = False, catalogue: Catalogue = THREE) -> None:
    with store.writing() as db:
        for article in articles:
            mark_touched(db, a_version(db, article, withdrawn=withdrawn), now=NOON)
    publish_due(store, base_url=BASE, window_s=0, catalogue=catalogue, now=NOON)


def get(face: str, path: str, **headers: str) -> requests.Response:
    sent = {"Accept-Encoding": "identity"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(f"{face}/feeds/{path}", headers=sent, timeout=10, allow_redirects=False)


def links(answer: requests.Response) -> dict[str, str]:
    """The addresses below /feeds/ that a document names, by relation."""
    if answer.headers["Content-Type"].startswith("application/feed+json"):
        named = {"prev-archive": answer.json()["next_url"]} if "next_url" in answer.json() else {}
    else:
        named = {link.rel: link.href for link in feedparser.parse(answer.content).feed.links}
    return {rel: url.removeprefix(f"{BASE}/feeds/") for rel, url in named.items()}


def walked_back(face: str, path: str) -> list[requests.Response]:
    """The documents from *path* back to the oldest."""
    found = [get(face, path)]
    while older := links(found[-1]).get("prev-archive"):
        found.append(get(face, older))
    assert {answer.status_code for answer in found} == {200}
    return found


def newest_of_atom(documents: list[requests.Response]) -> dict[str, str]:
    """What a reader of Atom ends up with: of each id its newest word, none where that is a tombstone (RFC 6721)."""
    said: dict[str, tuple[str, str]] = {}
    for root in (etree.fromstring(answer.content) for answer in documents):
        entries = [
            (
                str(one.findtext(f"{{{ATOM}}}id")),
                str(one.findtext(f"{{{ATOM}}}updated")),
                str(one.findtext(f"{{{ATOM}}}title")),
            )
            for one in root.iter(f"{{{ATOM}}}entry")
        ]
        gone = [(str(one.get("ref")), str(one.get("when")), "") for one in root.iter(f"{{{TOMBSTONES}}}deleted-entry")]
        for ident, moment, title in entries + gone:
            said[ident] = max(said.get(ident, ("", "")), (moment, title))
    return {ident: title for ident, (_, title) in said.items() if title}


def first_met(documents: list[requests.Response]) -> dict[str, str]:
    """What a reader of the others ends up with: of each id what it met first, coming from the newest."""
    met: dict[str, str] = {}
    for answer in documents:
        if answer.headers["Content-Type"].startswith("application/feed+json"):
            items = [(item["id"], item["title"]) for item in answer.json()["items"]]
        else:
            items = [(entry.id, entry.title) for entry in feedparser.parse(answer.content).entries]
        met = dict(items) | met
    return met


def test_a_partner_that_walks_back_has_exactly_what_stands(store: Store, tmp_path: Path) -> None:
    there = [an_unplaced_article(title=f"第{n}篇") for n in range(170)]
    corrected = [an_unplaced_article(guid=one.guid, title=f"更正{one.title}") for one in there[5:160:31]]
    stands = {one.guid: one.title for one in (*there, *corrected)}
    publish(store, *there[:80], catalogue=Catalogue())
    publish(store, *corrected[:2], catalogue=Catalogue())
    publish(store, *there[80:], *corrected[2:], catalogue=Catalogue())
    publish(store, *there[40:160:17], withdrawn=True, catalogue=Catalogue())
    for one in there[40:160:17]:
        del stands[one.guid]

    with face_for(store, tmp_path, Catalogue()) as face:
        documents = {form: walked_back(face, f"all.{form}") for form in FORMATS}
    assert {len(found) for found in documents.values()} == {4}
    assert newest_of_atom(documents["atom"]) == stands
    assert first_met(documents["rss"]) == stands
    assert first_met(documents["json"]) == stands


def test_walking_forward_ends_at_the_feed_itself(store: Store, face: str) -> None:
    publish(store, *(an_article(city="泰州", zone="", section=()) for _ in range(10)))
    for form in ("rss", "atom"):
        _assert_walks_forward(face, form)


def _assert_walks_forward(face: str, form: str) -> None:
    found = walked_back(face, f"city/taizhou.{form}")[-1]
    steps = 0
    while (onward := links(found).get("next-archive")) and (found := get(face, onward)).status_code == 200:
        steps += 1
        assert links(found)["self"] == onward
        assert links(found)["current"] == f"city/taizhou.{form}"

    assert steps == 2
    assert (found.status_code, found.headers["Location"]) == (307, f"../../../city/taizhou.{form}")
    assert found.headers["Cache-Control"] == "public, max-age=60"
    landed = requests.get(f"{face}/feeds/{onward}", timeout=10)
    assert landed.url == f"{face}/feeds/city/taizhou.{form}"
    assert landed.content == get(face, f"city/taizhou.{form}").content


def test_an_archive_is_answered_as_a_feed_is_and_kept_for_a_day(store: Store, face: str) -> None:
    publish(store, *(an_unplaced_article() for _ in range(4)))
    for form in FORMATS:
        _assert_answered_as_a_feed(face, f"archive/all/1.{form}")


def _assert_answered_as_a_feed(face: str, path: str) -> None:
    full = get(face, path)
    assert full.headers["Link"] == f'<{BASE}/feeds/{path}>; rel="self"'
    assert full.headers["Cache-Control"].startswith("public, max-age=86400, stale-while-revalidate=")
    assert full.headers["Access-Control-Allow-Origin"] == "*"
    for condition in ({"If_None_Match": full.headers["ETag"]}, {"If_Modified_Since": full.headers["Last-Modified"]}):
        again = get(face, path, **condition)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == full.headers["Cache-Control"]
    for coding in ("gzip", "br"):
        coded = get(face, path, Accept_Encoding=coding)
        assert (coded.headers["Content-Encoding"], coded.content) == (coding, full.content)
        assert coded.headers["ETag"] != full.headers["ETag"]
    head = requests.head(f"{face}/feeds/{path}", headers={"Accept-Encoding": "identity"}, timeout=10)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(full.content)))


def test_a_withdrawn_text_is_not_served_again(store: Store, face: str) -> None:
    there = [an_unplaced_article(title=f"第{n}篇") for n in range(4)]
    publish(store, *there)
    first = get(face, "archive/all/1.rss")
    publish(store, there[0], withdrawn=True)
    again = get(face, "archive/all/1.rss", If_None_Match=first.headers["ETag"])

    assert again.status_code == 200
    assert "第0篇" in first.text
    assert "第0篇" not in again.text


def test_a_chinese_name_leads_to_the_archives_of_its_slug(store: Store, face: str) -> None:
    publish(store, *(an_article(city="泰州") for _ in range(4)))
    answer = get(face, "archive/city/泰州/1.rss")

    assert (answer.status_code, answer.headers["Location"]) == (308, "../taizhou/1.rss")
    landed = requests.get(f"{face}/feeds/archive/city/泰州/1.rss", timeout=10)
    assert landed.url == f"{face}/feeds/archive/city/taizhou/1.rss"


NOWHERE = (
    "all/3.rss",
    "all/0.rss",
    "all/01.rss",
    "all/1.xml",
    "all.rss",
    "all/x.rss",
    "city/none/1.rss",
    "filter/1.rss",
)


def test_what_is_no_archive_is_not_found(store: Store, face: str) -> None:
    publish(store, *(an_unplaced_article() for _ in range(4)))

    for path in NOWHERE:
        answer = get(face, f"archive/{path}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json"), path


def test_a_feed_before_its_first_archive_is_where_that_will_lead_from(face: str) -> None:
    assert get(face, "archive/all/1.json").status_code == 307
    assert get(face, "archive/all/2.json").status_code == 404


def test_archives_of_a_feed_that_is_declared_otherwise_are_gone_and_numbers_go_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, *(an_article(keywords=("芯片", "码头")) for _ in range(7)))
    before, after = (
        Catalogue(entries=3, declared=(chips(entries=3, wanted=Filter(keywords=(word,))),)) for word in ("芯片", "码头")
    )
    monkeypatch.setattr(publishing, "_remade", set())

    def filled(catalogue: Catalogue) -> None:
        declare(store, catalogue)
        publish(store, catalogue=catalogue)
        while fill(store):
            pass
        publish(store, catalogue=catalogue)

    filled(before)
    with face_for(store, tmp_path, before) as url:
        assert [get(url, f"archive/chips/{nth}.atom").status_code for nth in (1, 2, 3, 4)] == [200, 200, 307, 404]
    declare(store, after)
    publish(store, catalogue=after)
    with face_for(store, tmp_path, after) as url:
        assert "prev-archive" not in links(get(url, "chips.atom"))  # while it is being filled
        filled(after)
        answers = [get(url, f"archive/chips/{nth}.atom") for nth in (1, 2, 3, 4, 5, 6)]
        assert [answer.status_code for answer in answers] == [410, 410, 200, 200, 307, 404]
        assert answers[0].headers["Content-Type"] == "application/problem+json"
        assert "prev-archive" not in links(answers[2])
        assert len(first_met(walked_back(url, "chips.rss"))) == 7
