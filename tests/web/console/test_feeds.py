"""The console's feeds: whether each is built, who is told of it, who reads."""

from pathlib import Path

from sqlalchemy import select, update

from tests.builders import DAY, NOON, a_version, an_article, an_endpoint
from tests.web.console.browsing import Browser, at_the_console, page_of, text_of
from tests.web.faces import BASE
from zonewire.delivery import tallies
from zonewire.feeds import Polls, list_software, mark_touched, publish_due, write_down
from zonewire.store import Store, insert, now
from zonewire.store.tables import archives, feeds, hub_subscriptions

CELLS = "td[not(time and count(*) = 1)]"


def a_feed_of_everything(store: Store) -> int:
    """Published, with one article "news" of 泰州 in it."""
    with store.writing() as db:
        mark_touched(db, a_version(db, an_article(guid="a/b", title="news")), now=NOON)
    publish_due(store, base_url=BASE, window_s=0, now=NOON)
    with store.reading() as db:
        return int(db.execute(select(feeds.c.id).where(feeds.c.name == "all")).scalar_one())


def rows_of(chen: Browser, path: str) -> list[str]:
    """The rows of every table of a page, without their moments."""
    rows = page_of(chen.get(path)).xpath("//main//tbody/tr")
    return [" ".join(" ".join("".join(cell.itertext()).split()) for cell in row.xpath(CELLS)) for row in rows]


def test_each_feed_says_whether_it_is_built_and_who_is_told(store: Store, tmp_path: Path) -> None:
    key = a_feed_of_everything(store)
    with store.writing() as db:
        row = {"endpoint_id": an_endpoint(db, channel="websub"), "feed_id": key, "feed": "all", "format": "atom"}
        moments = {"lease_until": NOON + DAY, "created_at": NOON, "state_at": NOON}
        db.execute(insert(hub_subscriptions).values(row | moments | {"state": "active"}))
        db.execute(update(feeds).where(feeds.c.name == "city/taizhou").values(dirty_since=now(db) - DAY))
    with at_the_console(store, tmp_path) as chen:
        listed, cities = rows_of(chen, "/console/feeds"), rows_of(chen, "/console/feeds?kind=city&words=AIZHOU")
        named = text_of(chen.get("/console/feeds/all"))
    assert listed[0].startswith("All articles all everything up to date")
    assert listed[0].endswith("1 – 1 rss atom json")
    assert [row.partition(", changed")[0] for row in cities] == ["泰州 city/taizhou city late"]
    assert "One subscriber of the hub." in named


def test_a_feeds_page_has_its_documents_archives_and_newest_articles(plain_store: Store, tmp_path: Path) -> None:
    key = a_feed_of_everything(plain_store)
    with plain_store.writing() as db:
        db.execute(insert(archives).values(feed_id=key, nth=1, closed_at=NOON, changed_at=NOON))
        db.execute(update(feeds).where(feeds.c.id == key).values(archives=1))
    with at_the_console(plain_store, tmp_path) as chen:
        page = chen.get("/console/feeds/all")
        missing = chen.get("/console/feeds/zone/none")
    links = page_of(page).xpath("//main//a/@href")
    assert {f"{BASE}/feeds/all.rss", f"{BASE}/feeds/archive/all/1.atom", "/console/articles/a%2Fb"} <= set(links)
    assert missing.status_code == 404


def test_many_feeds_are_paged_by_name(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        row = {"kind": "zone", "title": "z"}
        db.execute(insert(feeds), [row | {"name": f"zone/{n:03}"} for n in range(101)])
    with at_the_console(plain_store, tmp_path) as chen:
        (more,) = page_of(chen.get("/console/feeds?kind=zone")).xpath("//p[@class='older']/a/@href")
        rest = chen.get(f"/console/feeds{more}")
    assert page_of(rest).xpath("//main//table[1]/tbody/tr/td[1]/code/text()") == ["zone/100"]


def test_who_reads_is_counted_by_software_and_how_requests_were_answered(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        some = [
            Polls("203.0.113.9", "Feedbin", polls=4, unchanged=2, deltas=1, subscribers=120),
            Polls("203.0.113.8", "Feedbin", polls=2, unchanged=1, refused=1, subscribers=3),
            Polls("private feed of s12", "", polls=1),
        ]
        write_down(db, some, now=now(db))
        write_down(db, [Polls("198.51.100.1", "older", polls=9)], now=now(db) - 3 * DAY)
        answered = {("feed_requests", f"rss {status}"): 2 for status in (200, 304, 404, 429, 503)}
        tallies.add(db, answered, now=now(db))
        tallies.add(db, answered, now=now(db) - 2 * DAY)
        software = list_software(db, days=1, now=now(db))
    with at_the_console(store, tmp_path) as chen:
        today, week = (rows_of(chen, f"/console/feeds?days={n}") for n in (1, 7))
    assert [(one["software"], one["readers"], one["subscribers"]) for one in software] == [
        ("Feedbin", 2, 123),
        ("", 1, 0),
    ]
    assert today[:3] == ["rss 2 – 2 4 2", "Feedbin 2 123 6 67% 1", "(no name) 1 – 1 0% –"]
    assert "private feed of s12 (no name) 1 –" in today
    assert (len(today), len(week)) == (6, 8)
