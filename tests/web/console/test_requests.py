"""What a receiver was sent and what it answered, on the page of a delivery."""

from pathlib import Path

from sqlalchemy import select

from tests.builders import NOON, a_delivery, an_endpoint
from tests.web.console.browsing import at_the_console, page_of, text_of
from zonewire.delivery.ids import delivery_uuid
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.operators import Role
from zonewire.store import Store, insert, migrate
from zonewire.store.tables import attempts, deliveries, endpoints

KEYS = KeyRing(("a key of the tests that is long enough",))
SECRET = new_webhook_secret()
WRITTEN = KEYS.seal(SECRET.encode())


def path_of(store: Store, key: int) -> str:
    with store.reading() as db:
        made = db.execute(select(deliveries.c.created_at).where(deliveries.c.id == key)).scalar_one()
        return f"/console/deliveries/{delivery_uuid(migrate.installation_number(db), key, made)}"


def test_what_was_sent_and_answered_is_seen_by_who_may_look_and_no_secret(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        endpoint = an_endpoint(db, address="https://partner.example/hook", secret=WRITTEN)
        key = a_delivery(db, endpoint_id=endpoint, state="dead", event_type="article.published", attempts=1)
        row = {"delivery_id": key, "at": NOON, "took_ms": 9, "outcome": "never", "status": 404, "error": "HTTP 404"}
        db.execute(insert(attempts).values(row | {"headers": "server: theirs", "answer": "no such hook"}))
    with at_the_console(plain_store, tmp_path, Role.LOOK) as chen:
        answer = chen.get(path_of(plain_store, key))
    sent, answered = page_of(answer).xpath("//pre[@class='wire']/text()")
    assert sent.startswith("POST https://partner.example/hook\n")
    assert ("webhook-signature: …" in sent, '"type":"article.published"' in sent) == (True, True)
    assert answered == "server: theirs\n\nno such hook"
    assert ("What was sent" in answer.text, SECRET.removeprefix("whsec_") in answer.text) == (True, False)


def test_what_is_still_to_be_sent_is_called_so_and_what_cannot_be_built_says_why(
    plain_store: Store, tmp_path: Path
) -> None:
    with plain_store.writing() as db:
        waiting, erased = a_delivery(db, endpoint_id=an_endpoint(db, secret=WRITTEN)), a_delivery(db)
        gone = select(deliveries.c.endpoint_id).where(deliveries.c.id == erased).scalar_subquery()
        db.execute(endpoints.update().where(endpoints.c.id == gone).values(address=None))
    with at_the_console(plain_store, tmp_path) as chen:
        pages = [text_of(chen.get(path_of(plain_store, key))) for key in (waiting, erased)]
    assert "What would be sent" in pages[0]
    assert "Its receiver was erased" in pages[1]
