"""The pollers of docs/partners/feeds.md, against feeds that change between their polls."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.docs.programs import EACH, PARTNERS, PORTAL, PYTHON, Language, require, run, shown
from tests.docs.static import Static
from tests.examples import examples
from tests.zonewire.hub.rig import Rig
from web.public import polling
from zonewire.articles.model import Enclosure, Image
from zonewire.feeds.entries import rfc3339

PAGE = "feeds.md"


@dataclass(slots=True)
class Poller:
    """A program, and the file that it keeps."""

    language: Language
    program: Path
    file: Path

    @classmethod
    def of(cls, language: Language, folder: Path) -> "Poller":
        """The one of that language; a test is skipped without it."""
        language.require()
        return cls(language, language.program(PAGE, folder), folder / "news.json")

    @property
    def form(self) -> str:
        """The format that it reads."""
        return "atom" if self.language is PYTHON else "json"

    def poll(self, url: str) -> list[str]:
        """What one poll prints."""
        return run(self.language.command, str(self.program), url, str(self.file)).splitlines()

    def titles(self) -> dict[str, str | None]:
        """The title of each article that it keeps, by id; None of one that it knows to be withdrawn."""
        return {ident: entry.get("title") for ident, entry in self.state["entries"].items()}

    @property
    def state(self) -> dict[str, Any]:
        """All that it keeps."""
        state: dict[str, Any] = json.loads(self.file.read_text())
        return state


@pytest.fixture
def statuses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How polls were answered, as the web face counts them."""
    seen: list[int] = []
    monkeypatch.setattr(polling.Polling, "note", lambda _self, _request, _client, status: seen.append(status))
    return seen


@pytest.fixture
def static() -> Iterator[Static]:
    with Static() as made:
        yield made


@EACH
def test_a_poller_takes_what_is_new_drops_what_is_withdrawn_and_waits_when_told(
    rig: Rig, tmp_path: Path, statuses: list[int], monkeypatch: pytest.MonkeyPatch, language: Language
) -> None:
    poller = Poller.of(language, tmp_path)
    url = rig.topic(form=poller.form)
    first, second, stays = (rig.publish(title=title) for title in ("第一条", "第二条", "不变"))
    assert sorted(poller.poll(url)) == sorted(f"taken {one.guid}" for one in (first, second, stays))
    assert poller.poll(url) == []

    third = rig.publish(title="第三条")
    rig.publish(first, title="第一条（更正）")
    rig.publish(second, withdrawn=True)
    told = [f"withdrawn {second.guid}"] if poller.form == "atom" else []  # JSON Feed cannot tell
    assert sorted(poller.poll(url)) == sorted([f"taken {first.guid}", f"taken {third.guid}", *told])
    assert poller.titles() == {
        first.guid: "第一条（更正）",
        second.guid: None if told else "第二条",
        third.guid: "第三条",
        stays.guid: "不变",
    }

    monkeypatch.setattr(polling, "client_of", lambda _request: "198.51.100.7")
    monkeypatch.setattr(polling, "A_MINUTE", 0)
    for _ in range(2):
        assert poller.poll(url) == []
    assert 0 < poller.state["wait_until"] - time.time() <= polling.MINUTE_S
    assert len(poller.titles()) == 4
    assert statuses == [200, 304, 226, 429]


@EACH
def test_a_poller_reads_each_archive_once(static: Static, tmp_path: Path, language: Language) -> None:
    poller = Poller.of(language, tmp_path)
    static.put(poller.form, "feed", [("b", "02", "corrected"), ("c", "03", "new")], older="2")
    static.put(poller.form, "2", [("b", "01", "old")], older="1")
    static.put(poller.form, "1", [("a", "00", "oldest")])
    poller.poll(static.url("feed"))
    assert poller.titles() == {"urn:a": "oldest", "urn:b": "corrected", "urn:c": "new"}

    static.put(poller.form, "feed", [("e", "05", "newest")], older="3")
    static.put(poller.form, "3", [("d", "04", "between")], older="2")
    static.asked.clear()
    assert sorted(poller.poll(static.url("feed"))) == ["taken urn:d", "taken urn:e"]
    assert static.asked == ["/feed", "/3"]


def test_the_commands_fetch_another_document_a_feed_of_ones_own_choosing_and_what_is_lacking(
    rig: Rig, tmp_path: Path, statuses: list[int]
) -> None:
    require("curl", "the commands of the page are not tried")
    keep, choose, lack = (shown(PAGE, f"curl -{flags}").replace(PORTAL, rig.base) for flags in ("sSf", "sLG", "si"))
    rig.publish(city="泰州", title="芯片项目签约")
    for _ in range(2):
        run("sh", "-euc", keep, cwd=tmp_path)
        assert len(json.loads((tmp_path / "news.json").read_text())["items"]) == 1
    rig.publish(city="苏州", title="芯片项目开工")
    run("sh", "-euc", keep, cwd=tmp_path)
    assert len(json.loads((tmp_path / "news.json").read_text())["items"]) == 2
    assert statuses == [200, 304, 200]
    assert run("sh", "-euc", choose).count("<item>") == 1

    tag = requests.head(rig.topic(), timeout=10).headers["ETag"]
    rig.publish()
    answer = run("sh", "-euc", lack.replace('"the tag that you were given"', tag))
    assert answer.startswith("HTTP/1.1 226")
    assert answer.count("</entry>") == 1


def test_each_fact_stands_where_the_page_says(rig: Rig) -> None:
    picture, file = "https://portal.example/p.jpg", "https://portal.example/f.pdf"
    rig.publish(images=(Image(url=picture, type="image/jpeg"),), enclosures=(Enclosure(url=file),))
    rig.publish(rig.publish(), withdrawn=True)
    (item,) = rig.get(rig.topic(form="json")).json()["items"]
    rss, atom = (etree.fromstring(rig.get(rig.topic(form=form)).content) for form in ("rss", "atom"))

    rows = _rows("what")
    assert len(rows) == 10
    for row in rows:
        for names, tree in ((row[1], rss), (row[2], atom)):
            for name in re.findall(r"`([\w:-]+)`", names):
                prefix, _, local = name.rpartition(":")
                found = tree.iter(f"{{*}}{local}")
                assert any(prefix in ("", one.prefix) for one in found) or _has_attribute(tree, name), name
        for name in re.findall(r"`(\w+)`", row[3]):
            assert name in item


def _rows(first: str) -> list[list[str]]:
    """The cells of the page's table whose first heading is *first*."""
    _, table = (PARTNERS / PAGE).read_text().split(f"| {first} |", 1)
    lines = table.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _has_attribute(tree: etree._Element, name: str) -> bool:
    return any(name in element.attrib for element in tree.iter("{*}category", "{*}deleted-entry"))


@given(st.lists(st.integers(min_value=0, max_value=4_000_000_000_000_000), min_size=2, max_size=2))
@settings(max_examples=examples(50))
def test_moments_of_atom_and_json_are_in_order_as_text(moments: list[int]) -> None:
    one, other = moments
    for earlier, later in ((one, other), (one, one + 1), (one - one % 1_000_000, one - one % 1_000_000 + 1)):
        assert (rfc3339(earlier) < rfc3339(later)) == (earlier < later)
