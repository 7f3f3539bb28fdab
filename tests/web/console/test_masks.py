"""Who may only look sees no mailbox and no query of a URL in full, and cannot guess them."""

from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, insert, select

from tests.builders import NOON, a_delivery, an_endpoint
from tests.web.console.browsing import Browser, at_the_console, page_of
from web.console.paths import article_path
from zonewire.delivery.endpoint_history import HOUR
from zonewire.delivery.ids import delivery_uuid
from zonewire.operators import Role
from zonewire.store import Store, migrate, now
from zonewire.store.tables import articles, attempts, deliveries, endpoint_hours, feeds, hub_subscriptions

ZHANG = "zhang.wei@mail.example"
REFUSED = f"550 5.1.1 <{ZHANG}>: unknown"
HOOK = "https://partner.example/in?sid=abcdef"


def a_dead_mail(db: Connection) -> int:
    endpoint = an_endpoint(db, channel="email", address=ZHANG, state="failing", failures=3, last_error=REFUSED)
    key = a_delivery(db, endpoint_id=endpoint, state="dead", attempts=1, reason=REFUSED)
    tried = {"delivery_id": key, "at": NOON, "took_ms": 9, "outcome": "never", "status": 550, "error": REFUSED}
    db.execute(insert(attempts).values(tried | {"headers": f"to: {ZHANG}", "answer": REFUSED}))
    trouble = {"endpoint_id": endpoint, "hour": now(db) // HOUR, "failed": 1, "slow": 0}
    db.execute(insert(endpoint_hours).values(trouble | {"took_ms": 9, "longest_ms": 9}))
    return key


def pages_of(store: Store, key: int) -> list[str]:
    """Every page that says something about the delivery."""
    with store.reading() as db:
        row = db.execute(select(deliveries).where(deliveries.c.id == key)).one()
        guid = db.execute(select(articles.c.guid).where(articles.c.id == row.article_id)).scalar_one()
        name = delivery_uuid(migrate.installation_number(db), key, row.created_at)
    lists = ["/console", "/console/deliveries", "/console/endpoints"]
    return [*lists, f"/console/deliveries/{name}", f"/console/endpoints/e{row.endpoint_id}", article_path(guid)]


def found(browser: Browser, path: str) -> int:
    return len(page_of(browser.get(path)).xpath("//tbody/tr"))


def test_no_page_names_a_mailbox_to_who_may_look(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        key = a_dead_mail(db)
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        said = {path: chen.get(path).text for path in pages_of(plain_store, key)}
    assert [path for path, text in said.items() if "zhang" in text or "z…@mail.example" not in text] == []


def test_who_operates_sees_whom_it_went_to_and_what_was_answered(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        key = a_dead_mail(db)
    with at_the_console(plain_store, tmp_path) as chen:
        *_, delivery, endpoint, _article = (chen.get(path).text for path in pages_of(plain_store, key))
        assert found(chen, "/console/endpoints?q=zhang.w") == 1
        assert found(chen, "/console/deliveries?error=zhang.w") == 1
    assert (ZHANG in delivery, f"to: {ZHANG}" in delivery, ZHANG in endpoint) == (True, True, True)


def test_a_mailbox_cannot_be_guessed_by_letters(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        a_dead_mail(db)
        quiet = a_delivery(db, state="dead", attempts=1, reason="HTTP 404")
    assert quiet
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        endpoints = [found(chen, f"/console/endpoints?q={q}") for q in ("zhang.w", "ZHANG.wei@mail.example", "mail.ex")]
        errors = [found(chen, f"/console/deliveries?error={quote(q)}") for q in ("<zhang.w", "zhang", "404")]
    assert (endpoints, errors) == ([0, 1, 1], [0, 0, 1])


def test_who_may_look_sees_webhooks_without_their_query_and_cannot_guess_it(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        key = a_delivery(db, endpoint_id=an_endpoint(db, address=HOOK, host="partner.example:443"), state="dead")
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        said = {path: chen.get(path).text for path in pages_of(plain_store, key) if path != "/console"}
        assert [found(chen, f"/console/endpoints?q={q}") for q in ("sid=abc", "partner.ex")] == [0, 1]
    assert [path for path, text in said.items() if "abcdef" in text or "partner.example/in?…" not in text] == []


def test_who_may_look_sees_callbacks_of_the_hub_without_their_query(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        key = db.execute(insert(feeds).values(name="all", kind="all", title="All").returning(feeds.c.id)).scalar_one()
        row = {"endpoint_id": an_endpoint(db, channel="websub", address=HOOK), "feed_id": key, "feed": "all"}
        moments = {"lease_until": now(db) + HOUR, "created_at": NOON, "state_at": NOON}
        db.execute(insert(hub_subscriptions).values(row | moments | {"format": "atom", "state": "active"}))
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        said = chen.get("/console/feeds/all").text
    assert ("abcdef" in said, "partner.example/in?…" in said) == (False, True)
