"""A partner's week: it polls or is told, misses days, and ends with exactly what the portal has.

The portal publishes, corrects, moves and withdraws at random, once in a burst that no document has room for; between
days the web face and the pusher are started anew, and SECRET_KEY gets a new first key.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
import requests

from tests.builders import an_article
from tests.servers.websub import Subscriber
from tests.zonewire.hub.rig import Rig, a_rig
from web.public import shelf
from zonewire.articles.model import Article
from zonewire.keys import KeyRing
from zonewire.store import Store

pytestmark = pytest.mark.slow

SEED = 20_261_128
DAYS, EVENTS_A_DAY, BURST = 7, 14, 90
AT = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
CITIES = ("泰州", "苏州")


@dataclass(slots=True)
class Partner:
    """Keeps what it is given, by the rules of RFC 4287, 5005 and 6721 alone."""

    entries: dict[str, tuple[str, str]] = field(default_factory=dict)  # by id: updated, title
    gone: dict[str, str] = field(default_factory=dict)  # by id: when
    tag: str | None = None
    walked: set[str] = field(default_factory=set)  # archives that it knows
    statuses: list[int] = field(default_factory=list)

    def poll(self, url: str) -> None:
        """Fetch what is new, as a delta if the server has one; after a gap, whatever lies between."""
        headers = {"A-IM": "feed"} | ({"If-None-Match": self.tag} if self.tag else {})
        answer = requests.get(url, headers=headers, timeout=10)
        self.statuses.append(answer.status_code)
        if answer.status_code in {200, 226}:
            self.tag = answer.headers["ETag"]
            self.take(answer.content)

    def take(self, document: bytes) -> None:
        """Take a document, and the archives behind it that are new."""
        self._keep(document)
        older = _link(document, "prev-archive")
        while older is not None and older not in self.walked:
            self.walked.add(older)
            archive = requests.get(older, timeout=10).content
            self._keep(archive)
            older = _link(archive, "prev-archive")

    def _keep(self, document: bytes) -> None:
        parsed = feedparser.parse(document)
        assert not parsed.bozo
        for entry in parsed.entries:
            if entry.updated > self.entries.get(entry.id, ("", ""))[0]:
                self.entries[entry.id] = entry.updated, entry.title
        for stone in ET.fromstring(document).iter(AT):
            self.gone[stone.attrib["ref"]] = max(stone.attrib["when"], self.gone.get(stone.attrib["ref"], ""))

    @property
    def has(self) -> dict[str, str]:
        """The titles that stand, by id."""
        return {ident: title for ident, (updated, title) in self.entries.items() if updated > self.gone.get(ident, "")}


def _link(document: bytes, rel: str) -> str | None:
    links = feedparser.parse(document).feed.get("links", [])
    return next((link.href for link in links if link.rel == rel), None)


@dataclass(slots=True)
class Portal:
    """What is really published."""

    rig: Rig
    chance: random.Random
    articles: dict[str, Article] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    number: int = 0

    def speak(self) -> None:
        """One thing that happens on a day."""
        known = sorted(self.articles)
        what = self.chance.choice(["publish", "publish", "update", "withdraw", "move", "again"])
        if what == "publish" or not known:
            self.publish()
            return
        article = self.articles[self.chance.choice(known)]
        if what == "withdraw":
            self.withdrawn.add(article.guid)
            self.rig.publish(article, withdrawn=True)
            return
        self.number += 1
        over: dict[str, Any] = {"title": f"第{self.number}条（{what}）"}
        if what == "move":
            over["city"] = self.chance.choice(CITIES)
        if what == "again" or article.guid not in self.withdrawn:
            self.withdrawn.discard(article.guid)
            self.articles[article.guid] = self.rig.publish(article, **over)

    def publish(self, n: int = 1) -> None:
        """So many new articles at once."""
        fresh = []
        for _ in range(n):
            self.number += 1
            fresh.append(an_article(title=f"第{self.number}条", city=self.chance.choice(CITIES)))
        self.rig.publish_all(fresh)
        self.articles |= {article.guid: article for article in fresh}

    @property
    def stands(self) -> dict[str, str]:
        """The titles that stand, by id."""
        return {guid: one.title for guid, one in self.articles.items() if guid not in self.withdrawn}


def test_a_week_ends_with_exactly_the_right_set(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "FRESH_S", -1.0)
    chance, keys = random.Random(SEED), ["a key of the tests that is long enough"]
    steady, seldom, told = Partner(), Partner(), Partner()
    port, portal = None, None
    with Subscriber(secret="一周") as subscriber:
        for day in range(DAYS):
            with a_rig(store, tmp_path, port=port, keys=KeyRing(tuple(keys))) as rig:
                port = int(rig.base.rpartition(":")[2])  # a portal keeps its address
                portal = portal or Portal(rig, chance)
                portal.rig = rig
                if day == 0:
                    subscriber.ask(rig.hub, rig.topic())
                    rig.push()
                _a_day(portal, day, lambda rig=rig: steady.poll(rig.topic()))  # type: ignore[misc]  # a bound rig
                rig.later(5)
                rig.work()
                for document in subscriber.documents:
                    assert document.is_signed
                    told.take(document.body)
                subscriber.documents.clear()
                if day in {0, DAYS - 1}:
                    seldom.poll(rig.topic())
            keys.insert(0, f"the key of day {day}, which is long enough")
    assert portal is not None
    assert len(portal.stands) > BURST
    assert steady.has == portal.stands
    assert seldom.has == portal.stands
    assert told.has == portal.stands
    assert 226 in steady.statuses
    assert 304 in steady.statuses


def _a_day(portal: Portal, day: int, poll: Callable[[], None]) -> None:
    if day == 3:
        portal.publish(BURST)
    for n in range(EVENTS_A_DAY):
        portal.speak()
        if n % 3 == 0:
            poll()
        portal.rig.work()
    poll()
    poll()
