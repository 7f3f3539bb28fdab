"""Digests at the console: what comes next, the editions that were cut, and sending one again."""

from pathlib import Path

from sqlalchemy import Connection, insert, select

from tests.builders import a_delivery, a_filter, a_subscription, a_version, an_article, an_edition, an_endpoint
from tests.web.console.browsing import Browser, at_the_console, page_of, text_of
from zonewire.delivery.bulk import step_all
from zonewire.operators import Act, Role, recorded
from zonewire.store import SECOND, Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, edition_versions

PATH = "/console/digests"
SENT_AGAIN = {"act": "resend", "state": "delivered", "edition": "d1"}


def an_edition_of(db: Connection, *receivers: tuple[str, str]) -> int:
    """An edition with one article, and a delivery of it to each address in its state."""
    version, edition = a_version(db, an_article(title="泰州新厂开工")), an_edition(db)
    db.execute(insert(edition_versions).values(edition_id=edition, number=version.number, role="story"))
    for address, state in receivers:
        endpoint = an_endpoint(db, channel="email", address=address)
        reader = a_subscription(db, endpoint_id=endpoint, channel="email", next_at=now(db) + 7_200 * SECOND)
        of = {"kind": "digest", "edition_id": edition, "subscription_id": reader}
        a_delivery(db, endpoint_id=endpoint, state=state, **of)  # type: ignore[arg-type]  # a row's values
    return edition


def framed(browser: Browser, path: str) -> str:
    """What the frame of a page shows."""
    (frame,) = page_of(browser.get(path)).xpath("//iframe[@sandbox]")
    answer = browser.get(frame.get("src"))
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    return answer.text


def kinds(store: Store) -> list[tuple[str, str]]:
    with store.reading() as db:
        found = db.execute(select(deliveries.c.kind, deliveries.c.state).order_by(deliveries.c.id))
        return [(row.kind, row.state) for row in found]


def test_what_comes_next_is_listed_by_hour_and_shown_as_its_mail(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        a_version(db, an_article(title="泰州新厂开工", city="泰州"))
        soon = {"channel": "email", "next_at": now(db) + 7_200 * SECOND}
        first, _ = [a_subscription(db, filter_id=a_filter(db, city="泰州"), **soon) for _ in range(2)]  # type: ignore[arg-type]  # a row's values
        a_subscription(db, channel="email")  # overdue
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        listed = text_of(chen.get(PATH))
        assert "泰州新厂开工" in framed(chen, f"{PATH}/next/s{first}")
        assert chen.get(f"{PATH}/next/s99").status_code == 404
    assert "One digest is overdue" in listed
    assert "泰州 中文 2 1" in listed


def test_an_edition_says_what_became_of_it_and_shows_its_mail(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        an_edition_of(db, ("li@qq.example", "delivered"), ("wang@mail.example", "dead"))
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        listed = text_of(chen.get(PATH))
        shown = chen.get(f"{PATH}/d1")
        assert "泰州新厂开工" in framed(chen, f"{PATH}/d1")
        assert chen.get(f"{PATH}/d9").status_code == 404
    assert "· all news · 中文 1 – – – 1 2 1" in listed
    assert page_of(shown).xpath("//a[starts-with(@href, 'https://wire.example/editions/')]")
    assert "Send it again" not in text_of(shown)  # who may look


def test_an_edition_is_sent_again_to_one_domain_once_however_often_one_clicks(
    plain_store: Store, tmp_path: Path
) -> None:
    with plain_store.writing() as db:
        an_edition_of(db, ("li@qq.example", "delivered"), ("wang@mail.example", "delivered"))
    fields = SENT_AGAIN | {"host": "qq.example"}
    dry = "/console/bulk?" + "&".join(f"{name}={value}" for name, value in fields.items())
    with at_the_console(plain_store, tmp_path) as chen:
        asked = chen.get(dry)
        assert "One delivery has arrived" in text_of(asked)
        mark, seen = page_of(asked).xpath("//form[@class='act']//input[@name='mark' or @name='seen']/@value")
        for _ in range(2):
            begun = chen.post("/console/bulk", mark=mark, seen=seen, expected="1", per_minute="0", **fields)
            assert begun.url.partition("?")[0].endswith("/console/bulk/b1")
        step_all(plain_store, Pace(pauses=False))
        assert "Sent again1 of 1" in text_of(chen.get("/console/bulk/b1"))
        assert "chen · b1 · qq.example" in text_of(chen.get(f"{PATH}/d1"))
        again = text_of(chen.get(dry))
    assert "One was sent again before" in again
    assert "None of them can be sent again" in again  # it is on its way
    assert kinds(plain_store) == [("digest", "delivered"), ("digest", "delivered"), ("resend", "pending")]
    with plain_store.reading() as db:
        (written,) = recorded(db)
    assert (written.act, written.about, written.detail["action"]) == (Act.RESENT, "d1", "b1")


def test_a_domain_that_nothing_goes_to_is_refused_and_who_may_look_sends_nothing(
    plain_store: Store, tmp_path: Path
) -> None:
    with plain_store.writing() as db:
        an_edition_of(db, ("li@qq.example", "delivered"))
    dry = "/console/bulk?act=resend&state=delivered&edition=d1"
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        assert chen.get(dry).status_code == 403
        assert chen.get(f"{PATH}/d1").status_code == 200
    with plain_store.writing() as db:
        db.exec_driver_sql("UPDATE operators SET name = 'li'")
    with at_the_console(plain_store, tmp_path) as chen:
        assert chen.get(f"{dry}&host=gone.example").status_code == 400
        assert chen.get("/console/bulk?act=resend&state=delivered").status_code == 400
    assert kinds(plain_store) == [("digest", "delivered")]
