"""Forgetting somebody: all ends, what says who it was goes, and the address cannot be taken in again."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text, update

from tests.builders import NOON, a_delivery, a_filter, a_subscription, a_version, an_edition, an_endpoint
from zonewire import subscriptions
from zonewire.delivery import counts, enabling, health, ledger, owing
from zonewire.delivery.counts import Slot
from zonewire.delivery.enabling import Held
from zonewire.delivery.ledger import START, Places, Settlement
from zonewire.delivery.outcomes import Later
from zonewire.delivery.states import Kind, State
from zonewire.errors import Conflict, NotFound
from zonewire.keys import KeyRing
from zonewire.store import Store
from zonewire.store.pacing import Pace
from zonewire.store.tables import attempts, consents, deliveries, endpoints, hosts, metadata, subscribers
from zonewire.store.tables import subscriptions as table
from zonewire.subscriptions import (
    Consent,
    deliveries_of,
    end_everything,
    finish_erasing,
    forget,
    is_being_sent,
    read_options,
    record,
    subscribe,
    subscriber_of,
)
from zonewire.subscriptions.erasing import Found
from zonewire.subscriptions.importing import import_chunk, read_chunks

KEYS = KeyRing(("a new key for tests", "an old key for tests"))
OLD_KEYS = KeyRing(("an old key for tests",))
ADDRESS = "li@mail.example"


@dataclasses.dataclass(frozen=True, slots=True)
class Reader:
    """Somebody with a digest and instant news, and what they are owed."""

    subscriber: int
    endpoint: int
    pending: int
    held: int
    sent: int

    @property
    def found(self) -> Found:
        return Found(self.subscriber, ADDRESS)


@pytest.fixture
def reader(store: Store) -> Reader:
    with store.writing() as db:
        endpoint = an_endpoint(db, channel="email", address=ADDRESS, last_error="550 no such user li@mail.example")
        subscriber = db.execute(select(endpoints.c.subscriber_id).where(endpoints.c.id == endpoint)).scalar_one()
        daily = a_subscription(db, endpoint_id=endpoint, channel="email")
        a_subscription(db, endpoint_id=endpoint, cadence="instant", filter_id=a_filter(db, city="泰州"))
        edition = an_edition(db)
        pending = a_delivery(db, endpoint_id=endpoint, kind="digest", edition_id=edition, subscription_id=daily)
        held = a_delivery(db, endpoint_id=endpoint, due_at=None)
        sent = a_delivery(db, endpoint_id=endpoint, state="delivered")
        db.execute(update(deliveries).where(deliveries.c.id == sent).values(reason=f"550 no such user {ADDRESS}"))
        failed = {"delivery_id": sent, "at": NOON, "took_ms": 1, "outcome": "later", "error": f"for {ADDRESS}"}
        db.execute(insert(attempts).values(**failed, answer=f"greylisted {ADDRESS}", headers=f"X-To: {ADDRESS}"))
    return Reader(subscriber, endpoint, pending, held, sent)


def erase(store: Store, reader: Reader, keys: KeyRing = KEYS) -> None:
    with store.writing() as db:
        end_everything(db, reader.found, keys=keys, now=NOON)
    finish(store, reader, keys)


def finish(store: Store, reader: Reader, keys: KeyRing = KEYS) -> None:
    with store.writing() as db:
        forget(db, reader.found, deliveries_of(db, reader.subscriber), keys=keys, now=NOON)


def states(store: Store) -> dict[int, str]:
    with store.reading() as db:
        return {row.id: row.state for row in db.execute(select(deliveries.c.id, deliveries.c.state))}


def test_everything_ends_at_once(store: Store, reader: Reader) -> None:
    with store.writing() as db:
        ended = end_everything(db, reader.found, keys=KEYS, now=NOON)

    assert (ended.subscriptions, ended.deliveries) == (2, 2)
    assert states(store) == {reader.pending: "cancelled", reader.held: "cancelled", reader.sent: "delivered"}
    with store.reading() as db:
        assert set(db.execute(select(table.c.state, table.c.next_at))) == {("ended", None)}
        left = {slot: n for slot, n in counts.read(db).items() if n}
    assert left == {Slot("push.email", State.CANCELLED): 2, Slot("push.email", State.DELIVERED): 1}


def test_nothing_is_left_that_says_who_it_was(store: Store, reader: Reader) -> None:
    erase(store, reader)

    with store.reading() as db:
        for one in metadata.sorted_tables:
            for row in db.execute(select(one)):
                assert ADDRESS not in repr(tuple(row)), one.name
                assert b"li@mail" not in repr(tuple(row)).encode(), one.name
    assert states(store)[reader.sent] == "delivered"  # the ledger stays, about nobody


def test_on_sqlite_the_file_itself_holds_it_no_more(store: Store, reader: Reader) -> None:
    if store.is_postgresql:
        pytest.skip("PostgreSQL keeps old rows in its files until a vacuum; SECURITY.md says so")
    erase(store, reader)
    with store.reading() as db:
        db.exec_driver_sql("COMMIT")
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.exec_driver_sql("BEGIN")

    path = store.url.removeprefix("sqlite:///")
    with open(path, "rb") as file:  # noqa: PTH123
        assert ADDRESS.encode() not in file.read()


def test_what_is_on_its_way_is_waited_for(store: Store, reader: Reader) -> None:
    with store.writing() as db:
        db.execute(update(deliveries).where(deliveries.c.id == reader.pending).values(state="sending", ready=None))
        assert end_everything(db, reader.found, keys=KEYS, now=NOON).deliveries == 1
        assert is_being_sent(db, reader.subscriber)
        with pytest.raises(Conflict, match="on its way"):
            forget(db, reader.found, [], keys=KEYS, now=NOON)
        db.execute(update(deliveries).where(deliveries.c.id == reader.pending).values(state="delivered"))
        assert not is_being_sent(db, reader.subscriber)


def test_nothing_more_is_made_for_them(store: Store, reader: Reader) -> None:
    """A reaction that looked up who gets an article before they left comes too late."""
    with store.writing() as db:
        end_everything(db, reader.found, keys=KEYS, now=NOON)
        version = a_version(db)
        before = len(db.execute(select(deliveries.c.id)).all())
        owing.owe_news(
            db, [reader.endpoint], kind=Kind.NEWS, article_id=version.article_id, number=version.number, now=NOON
        )
        assert len(db.execute(select(deliveries.c.id)).all()) == before


def test_their_endpoint_cannot_be_enabled_again(store: Store, reader: Reader) -> None:
    erase(store, reader)

    with pytest.raises(Conflict, match="was erased"):
        enabling.enable(store, Pace(pauses=False), reader.endpoint, Held.ALL)


@pytest.mark.parametrize("keys", [KEYS, OLD_KEYS], ids=["the first key", "a key that was rotated away"])
def test_the_address_is_not_taken_in_again(store: Store, reader: Reader, keys: KeyRing) -> None:
    erase(store, reader, keys)
    request = read_options({"channel": "email", "to": ADDRESS, "confirmed": True}, check_url=lambda _url: None)

    with store.writing() as db:
        with pytest.raises(Conflict, match="erased at its owner's wish"):
            subscribe(db, request, keys=KEYS, now=NOON)
        assert db.execute(select(subscribers).where(subscribers.c.address == ADDRESS)).first() is None


def test_an_import_leaves_it_out_and_takes_the_others(store: Store, reader: Reader) -> None:
    import io

    from zonewire.outbound.guard import Guard

    erase(store, reader)
    lines = b'{"channel":"email","to":"li@mail.example"}\n{"channel":"email","to":"wang@mail.example"}\n'
    (chunk,) = read_chunks(io.BytesIO(lines), guard=Guard(allow_private=True))
    with store.writing() as db:
        imported = import_chunk(db, chunk, keys=KEYS, now=NOON)

    assert imported.added == 1
    assert [(line.number, "erased" in line.detail) for line in imported.bad] == [(1, True)]


def test_erasing_twice_and_erasing_nobody_are_told_apart(store: Store, reader: Reader) -> None:
    erase(store, reader)
    with store.reading() as db:
        with pytest.raises(Conflict, match="already"):
            subscriber_of(db, ADDRESS, keys=KEYS)
        with pytest.raises(NotFound, match="nobody@mail"):
            subscriber_of(db, "nobody@mail.example", keys=KEYS)


def test_what_comes_in_while_it_is_waited_for_is_erased_too(store: Store, reader: Reader) -> None:
    with store.writing() as db:
        end_everything(db, reader.found, keys=KEYS, now=NOON)
        a_subscription(db, endpoint_id=reader.endpoint, cadence="hourly")  # from a transaction that began before
        db.execute(update(endpoints).values(state="healthy", gone=False))
        late = a_delivery(db, endpoint_id=reader.endpoint)
    finish(store, reader)

    assert states(store)[late] == "cancelled"
    with store.reading() as db:
        assert set(db.execute(select(table.c.state)).scalars()) == {"ended"}
        assert set(db.execute(select(endpoints.c.state)).scalars()) == {"disabled"}


def test_the_address_is_refused_from_the_first_step_on(store: Store, reader: Reader) -> None:
    request = read_options({"channel": "email", "to": ADDRESS, "confirmed": True}, check_url=lambda _url: None)
    with store.writing() as db:
        end_everything(db, reader.found, keys=KEYS, now=NOON)
        with pytest.raises(Conflict, match="erased"):
            subscribe(db, request, keys=KEYS, now=NOON)
    with pytest.raises(Conflict, match="was erased"):
        enabling.enable(store, Pace(pauses=False), reader.endpoint, Held.ALL)


def test_what_a_receiver_says_too_late_is_not_kept(store: Store, reader: Reader) -> None:
    """A worker whose lease was over settles after all."""
    with store.writing() as db:
        owed = a_delivery(db, endpoint_id=reader.endpoint)
        claimed = ledger.claim_ready(
            db,
            lane="push.email",
            worker="w",
            places=Places(total=9, per_host=9, busy={}),
            after=START,
            now=NOON,
            moves=Counter(),
        )
        (row,) = [one for one in claimed.rows if one.id == owed]
        ledger.return_leases_of(db, "w", counted=True, now=NOON)
    erase(store, reader)
    with store.writing() as db:
        late = [Settlement(row, Later(f"451 try again, {ADDRESS}"), 1, f"451 {ADDRESS}")]
        health.note(db, late, disable_after_s=1, now=NOON)
        assert db.execute(select(endpoints.c.last_error).where(endpoints.c.id == reader.endpoint)).scalar() is None


def test_a_partners_host_goes_with_it_unless_another_has_it_too(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db, host="partner.example:443")
        subscriber = db.execute(select(endpoints.c.subscriber_id).where(endpoints.c.id == endpoint)).scalar_one()
        found = Found(subscriber, "partner.example")
        end_everything(db, found, keys=KEYS, now=NOON)
        forget(db, found, [], keys=KEYS, now=NOON)
        assert not [name for name in db.execute(select(hosts.c.name)).scalars() if "partner.example" in name]


@pytest.mark.parametrize("written", ["LI@mail.example", "Li@MAIL.example"])
def test_an_address_is_the_same_in_whatever_case(store: Store, reader: Reader, written: str) -> None:
    with store.reading() as db:
        assert subscriber_of(db, written.replace("MAIL", "mail"), keys=KEYS) == reader.found
    erase(store, reader)
    request = read_options({"channel": "email", "to": written, "confirmed": True}, check_url=lambda _url: None)
    with store.writing() as db, pytest.raises(Conflict, match="erased"):
        subscribe(db, request, keys=KEYS, now=NOON)


def test_others_stay_as_they_are(store: Store, reader: Reader) -> None:
    with store.writing() as db:
        other = an_endpoint(db, channel="email", address="wang@mail.example")
        theirs = a_delivery(db, endpoint_id=other)
        a_subscription(db, endpoint_id=other, channel="email")
    erase(store, reader)

    assert states(store)[theirs] == "pending"
    with store.reading() as db:
        assert db.execute(select(endpoints.c.address, endpoints.c.state).where(endpoints.c.id == other)).one() == (
            "wang@mail.example",
            "healthy",
        )


def test_erasing_begun_and_cut_off_goes_on_when_it_is_asked_for_again(store: Store, reader: Reader) -> None:
    with store.writing() as db:
        end_everything(db, reader.found, keys=KEYS, now=NOON)
    with store.writing() as db:
        assert subscriber_of(db, ADDRESS, keys=KEYS) == reader.found
        assert end_everything(db, reader.found, keys=KEYS, now=NOON).subscriptions == 0
        forget(db, reader.found, [], keys=KEYS, now=NOON)
        assert db.execute(text("SELECT count(*) FROM subscribers WHERE address IS NULL")).scalar_one() == 1


def test_an_export_holds_what_is_kept_and_no_secret(store: Store, reader: Reader) -> None:
    with store.reading() as db:
        kept = subscriptions.export_subscriber(db, reader.subscriber, installation=7, now=NOON)

    assert kept["address"] == ADDRESS
    assert [one["cadence"] for one in kept["subscriptions"]] == ["daily", "instant"]
    assert [one["to"] for one in kept["endpoints"]] == [ADDRESS]
    assert {one["state"] for one in kept["deliveries"]} == {"pending", "delivered"}
    assert "secret" not in kept["endpoints"][0]


def test_who_asks_on_a_page_is_forgotten_once_nothing_is_on_its_way(
    store: Store, reader: Reader, tmp_path: Path
) -> None:
    (tmp_path / "a.eml").write_bytes(b"To: Li@Mail.Example\r\n\r\nnews")
    (tmp_path / "b.eml").write_bytes(b"To: other@mail.example\r\n\r\nnews")
    with store.writing() as db:
        consent = Consent(act="asked", given_at=NOON, given_from="203.0.113.7", locale="en", wording="yes")
        (one, *_) = db.execute(select(table.c.id)).scalars()
        record(db, one, consent)
        end_everything(db, reader.found, keys=KEYS, now=NOON)
        is_sent = is_being_sent(db, reader.subscriber)
        db.execute(update(deliveries).where(deliveries.c.state == "delivered").values(state="sending"))

    assert not is_sent
    assert finish_erasing(store, keys=KEYS, outbox=tmp_path) == 0
    with store.writing() as db:
        db.execute(update(deliveries).where(deliveries.c.state == "sending").values(state="delivered"))
    assert finish_erasing(store, keys=KEYS, outbox=tmp_path) == 1

    with store.reading() as db:
        assert db.execute(select(subscribers.c.address)).scalar_one() is None
        assert db.execute(select(consents)).all() == []
    assert [file.name for file in tmp_path.glob("*.eml")] == ["b.eml"]
    assert finish_erasing(store, keys=KEYS, outbox=tmp_path) == 0
