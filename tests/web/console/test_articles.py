"""The console's articles: found, how far each got, and the trail of one."""

from pathlib import Path
from typing import Any

import requests
from sqlalchemy import update

from tests.builders import (
    DAY,
    NOON,
    a_delivery,
    a_subscription,
    a_version,
    an_article,
    an_edition,
    an_endpoint,
)
from tests.web.console.browsing import at_the_console, page_of, text_of
from web.console.paths import article_path
from zonewire.articles.searching import ArticleSearch, search_articles
from zonewire.store import Store, insert
from zonewire.store.tables import attempts, edition_versions, versions

ODD = "urn:x?a=1&b=../..#2 /泰州%2F\"'<>"


def titles(answer: requests.Response) -> list[str]:
    return [" ".join(cell.itertext()).strip() for cell in page_of(answer).xpath("//tbody/tr/td[1]")]


def test_articles_are_found_by_title_guid_and_time_the_newest_first(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        for n, title in enumerate(("first", "second", "third")):
            a_version(db, an_article(guid=f"g{n}", title=title), accepted_at=NOON + n * DAY)
        a_version(db, an_article(guid="g0", title="first, put right"), accepted_at=NOON + 3 * DAY)
    with at_the_console(plain_store, tmp_path) as chen:
        found = [
            titles(chen.get(f"/console/articles{query}"))
            for query in ("", "?words=g1", "?words=SECO", "?since=2026-06-12T08:00&until=2026-06-13T08:00")
        ]
        wrong = text_of(chen.get("/console/articles?since=soon&before=x"))
        none = text_of(chen.get("/console/articles?words=nothing"))
    assert found == [["first, put right", "third", "second"], ["second"], ["second"], ["second"]]
    assert ("Write a time" in wrong, "No article is like that" in none) == (True, True)


def test_a_page_ends_where_its_time_does_and_the_next_goes_on_there(store: Store) -> None:
    with store.writing() as db:
        for n in range(1, 6):
            a_version(db, an_article(title=f"t{n % 2}"), number=n * 1_000)
    with store.reading() as db:
        some = search_articles(db, ArticleSearch(words="T1"), looks_for_s=-1)
        rest = search_articles(db, ArticleSearch(words="T1"), before=some.before)
        pages = search_articles(db, ArticleSearch(), limit=2)
    assert [row.number for row in (*some.rows, *rest.rows)] == [5_000, 3_000, 1_000]
    assert (some.looked_to is None, rest.before) == (False, None)
    assert (len(pages.rows), pages.before, pages.looked_to) == (2, 4_000, None)


def test_a_list_of_articles_says_how_far_each_got(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        version = a_version(db, an_article(title="news"))
        for state in ("delivered", "delivered", "sending", "retrying", "dead", "cancelled"):
            a_delivery(db, version=version, state=state)
        a_delivery(db, version=version, due_at=None)
    with at_the_console(store, tmp_path) as chen:
        listed = chen.get("/console/articles")
    cells = [" ".join(cell.itertext()).strip() for cell in page_of(listed).xpath("//tbody/tr/td")]
    assert cells[1:7] == ["1", "1", "2", "2", "–", "1"]


def test_the_trail_of_an_article_with_any_guid_goes_to_every_try(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        version = a_version(db, an_article(guid=ODD, title="news"))
        key = a_delivery(db, version=version, state="dead", reason="given up", attempts=1)
        row = {"delivery_id": key, "at": NOON, "took_ms": 7, "outcome": "later", "status": 503, "error": "HTTP 503"}
        db.execute(insert(attempts).values(row))
        a_delivery(db, version=version, state="delivered", settled_at=version.accepted_at + 420_000)
        for _ in range(60):
            a_delivery(db, version=version)
    with at_the_console(plain_store, tmp_path) as chen:
        (path,) = page_of(chen.get("/console/articles")).xpath("//tbody//td[1]/a/@href")
        page, older = chen.get(path), chen.get(f"{path}?state=dead")
        more = page_of(page).xpath("//p[@class='older']/a/@href")
        rest = text_of(chen.get(more[0]))
    assert path == article_path(ODD)
    assert "First received after0.42 s" in text_of(page)
    assert "dead letter: given up; lastly: HTTP 503" in text_of(older)
    assert ("0.42 s" in rest, "7 ms" in rest) == (True, True)


def test_who_had_the_old_text_of_a_corrected_article_is_listed(store: Store, tmp_path: Path) -> None:
    article = an_article(guid="g")
    with store.writing() as db:
        first = a_version(db, article)
        told, untold, reader = an_endpoint(db), an_endpoint(db), an_endpoint(db, channel="email")
        for endpoint in (told, untold):
            a_delivery(db, version=first, endpoint_id=endpoint, state="delivered")
        edition = an_edition(db)
        db.execute(insert(edition_versions).values(edition_id=edition, number=first.number, role="story"))
        subscription = a_subscription(db, endpoint_id=reader)
        of: dict[str, Any] = {"edition_id": edition, "subscription_id": subscription}
        a_delivery(db, kind="digest", state="delivered", endpoint_id=reader, **of)
        a_delivery(db, version=a_version(db, article), endpoint_id=told, state="delivered")
    with at_the_console(store, tmp_path) as chen:
        page = text_of(chen.get("/console/articles/g?state=older"))
    assert "had an older text 3" in page
    assert (page.count("not yet owed"), page.count("version 1 · ")) == (2, 4)
    assert "r…@mail.example" in page


def test_one_receiver_is_told_of_with_the_reason(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        a_version(db, an_article(guid="g"))
        reader = an_endpoint(db, channel="email", address="li@mail.example")
        a_subscription(db, endpoint_id=reader, cadence="daily")
    with at_the_console(plain_store, tmp_path) as chen:
        asked = text_of(chen.get("/console/articles/g?to=li@mail.example"))
        nobody = text_of(chen.get("/console/articles/g?to=nobody"))
        everybody = text_of(chen.get("/console/articles/g"))
        missing = chen.get("/console/articles/none")
    assert "waits for its daily digest" in asked
    assert "Nobody is subscribed by this address" in nobody
    assert "One daily digest will carry it" in everybody
    assert (missing.status_code, "there is no article 'none'" in text_of(missing)) == (404, True)


def test_an_article_that_cannot_be_read_says_so_and_what_to_do(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        spoiled = a_version(db)
        db.execute(update(versions).values(content="nothing that can be read"))
    with at_the_console(plain_store, tmp_path) as chen:
        answer = chen.get(article_path(spoiled.article.guid))
        listed = text_of(chen.get("/console/articles"))
    assert answer.status_code == 409
    assert "cannot be read. Publish it anew, or take it away" in text_of(answer)
    assert spoiled.article.title in listed
