"""`/console/endpoints`: found, looked at, and what is done about one."""

from pathlib import Path

from sqlalchemy import Connection, insert, select

from tests.builders import a_delivery, a_subscription, an_endpoint
from tests.web.console.browsing import at_the_console, page_of, text_of
from zonewire.delivery import enabling
from zonewire.delivery.endpoint_history import HOUR
from zonewire.operators import Act, Role, recorded
from zonewire.store import Store, now
from zonewire.store.tables import attempts, endpoint_hours, endpoints

URL = "https://partner.example/hook"


def acts(store: Store) -> list[tuple[str, str]]:
    with store.reading() as db:
        return [(one.act, one.about) for one in recorded(db)]


def a_failing_one(db: Connection) -> int:
    moment = now(db)
    endpoint = an_endpoint(
        db,
        address=URL,
        host="partner.example:443",
        state="failing",
        failures=3,
        failing_since=moment - HOUR,
        last_error="HTTP 503",
    )
    delivered, dead = (a_delivery(db, endpoint_id=endpoint, state=state, attempts=1) for state in ("delivered", "dead"))
    assert delivered
    failed = {"delivery_id": dead, "at": moment, "took_ms": 1_500, "outcome": "later", "status": 503}
    db.execute(insert(attempts).values(failed | {"error": "HTTP 503", "answer": "out for lunch"}))
    trouble = {"endpoint_id": endpoint, "hour": moment // HOUR, "failed": 4, "slow": 2}
    db.execute(insert(endpoint_hours).values(trouble | {"took_ms": 9_000, "longest_ms": 4_200}))
    return endpoint


def one_that_holds(db: Connection, n: int) -> int:
    endpoint = an_endpoint(db, address=URL, state="disabled", disabled_at=now(db), reason="they move")
    for _ in range(n):
        a_delivery(db, endpoint_id=endpoint, due_at=None)
    return endpoint


def test_those_in_trouble_stand_first_and_are_found_by_state_channel_and_words(
    plain_store: Store, tmp_path: Path
) -> None:
    with plain_store.writing() as db:
        an_endpoint(db)
        a_failing_one(db)
        an_endpoint(db, channel="email", address="reader@mail.example", state="disabled")
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        listed = chen.get("/console/endpoints")
        shown = [link.text for link in page_of(listed).xpath("//tbody//td[1]/a")]
        queries = ("state=disabled", "channel=email", "q=PARTNER.example", "q=e2", "q=nobody", "state=what")
        found = {
            query: page_of(chen.get(f"/console/endpoints?{query}")).xpath("//tbody//a/text()") for query in queries
        }
    assert shown == ["e2", "e3", "e1"]
    assert "reader@mail.example" not in listed.text
    assert list(found.values()) == [["e3"], ["e3"], ["e2"], ["e2"], [], ["e2", "e3", "e1"]]


def test_a_long_list_goes_on_where_the_page_ended(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        for n in range(60):
            an_endpoint(db, state=("healthy", "failing", "disabled")[n % 3])
    with at_the_console(plain_store, tmp_path) as chen:
        first = page_of(chen.get("/console/endpoints"))
        (more,) = first.xpath("//p[@class='older']/a/@href")
        second = page_of(chen.get(f"/console/endpoints{more}"))
    ids = [*first.xpath("//tbody//td[1]/a/text()"), *second.xpath("//tbody//td[1]/a/text()")]
    assert (len(ids), len(set(ids))) == (60, 60)


def test_one_in_trouble_says_how_it_fares_and_why(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        a_subscription(db, endpoint_id=a_failing_one(db))
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        page = chen.get("/console/endpoints/e1")
        assert chen.get("/console/endpoints/e99").status_code == 404
    said = text_of(page)
    for words in ("Its last 3 tries failed", "50.0% of the last 2", "4 failed", "2 slow", "4.2 s", "out for lunch"):
        assert words in said
    assert len(page_of(page).xpath("//*[local-name()='rect']")) == 2
    assert not page_of(page).xpath("//main//form")  # who looks does nothing


def test_one_is_disabled_with_a_reason_and_enabled_gently_with_a_choice(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        endpoint = one_that_holds(db, 3)
    with at_the_console(plain_store, tmp_path) as chen:
        asked = text_of(chen.get("/console/endpoints/e1/enable"))
        assert "It holds 3 deliveries" in asked
        assert "2 would be cancelled" in asked
        enabled = text_of(chen.send("/console/endpoints/e1/enable", held="all"))
        assert "3 deliveries go out, a probe first" in enabled
        assert "A probe is out" in enabled
        again = chen.send("/console/endpoints/e1/enable", held="none")
        off = text_of(chen.send("/console/endpoints/e1", action="disable", reason="they move again"))
    assert (again.status_code, "on already" in text_of(again)) == (409, True)
    assert "they move again" in off
    assert acts(plain_store) == [(Act.DISABLED, "e1"), (Act.ENABLED, "e1")]
    with plain_store.reading() as db:
        assert enabling.held_count(db, endpoint) == 2


def test_a_test_is_owed_and_refused_where_nobody_wants_it(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        an_endpoint(db)
        an_endpoint(db, channel="email")
    with at_the_console(plain_store, tmp_path) as chen:
        sent = chen.send("/console/endpoints/e1", action="test")
        refused = chen.send("/console/endpoints/e2", action="test")
    assert "A test to e1 is owed" in text_of(sent)
    assert (refused.status_code, "wants mail" in text_of(refused)) == (409, True)
    assert acts(plain_store) == [(Act.TESTED, "e1")]


def test_a_secret_is_replaced_by_who_administers_and_shown_once(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        an_endpoint(db, secret=b"sealed")
    with at_the_console(plain_store, tmp_path, Role.ADMINISTER) as chen:
        rotated = chen.send("/console/endpoints/e1/rotate")
        after = chen.get("/console/endpoints/e1")
        wrong = chen.send("/console/endpoints/e1/rotate", secret="short")
    assert "whsec_" in text_of(rotated)
    assert "whsec_" not in after.text
    assert "The old secret signs too until" in text_of(after)
    assert wrong.status_code == 409
    with plain_store.reading() as db:
        assert db.execute(select(endpoints.c.previous_secret)).scalar_one() == b"sealed"


def test_who_operates_replaces_no_secret_and_who_looks_enables_nothing(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        one_that_holds(db, 1)
    with at_the_console(plain_store, tmp_path) as chen:
        assert chen.get("/console/endpoints/e1/rotate").status_code == 403
        assert chen.send("/console/endpoints/e1/rotate", page="/console/lanes").status_code == 403
    with plain_store.reading() as db:
        assert not recorded(db)
