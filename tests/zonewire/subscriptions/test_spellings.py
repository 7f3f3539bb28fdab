"""An address is the same in capitals and small letters: one person, written in one way or several."""

import email.policy
import io
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text

from tests.builders import NOON, a_subscription, an_endpoint
from tests.plans import plan_of
from tests.zonewire.subscriptions.requests import GUARD, RING, a_request
from zonewire import subscriptions
from zonewire.delivery.addresses import normalised
from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import LetterMessage
from zonewire.keys import read_token
from zonewire.store import Store, is_postgresql
from zonewire.store.tables import consents, deliveries, endpoints, private_feeds, subscribers
from zonewire.store.tables import subscriptions as table
from zonewire.subscriptions import (
    Asker,
    Consent,
    ask_for_links,
    ask_to_subscribe,
    asking,
    end_everything,
    erasing,
    export_subscriber,
    find,
    finish_erasing,
    links,
    people,
    record,
    subscribe,
    subscriber_of,
)
from zonewire.subscriptions import consents as consenting
from zonewire.subscriptions.importing import import_chunk, read_chunks
from zonewire.subscriptions.links import links_messages

SMALL, CAPITAL = "wang.li@mail.example", "Wang.Li@mail.example"


def an_asker() -> Asker:
    return Asker(address="203.0.113.7", locale="zh-CN", wording="w")


def ask(db: Connection, to: str, **options: Any) -> None:
    given = {"channel": "email", "to": to, "confirmed": False} | options
    ask_to_subscribe(db, a_request(**given), an_asker(), keys=RING, now=NOON)


def both(db: Connection) -> list[int]:
    """A person whom an operator has taken in twice."""
    idents = []
    for to, city in ((SMALL, "泰州"), (CAPITAL, "苏州")):
        request = a_request(channel="email", to=to, confirmed=True, city=city)
        idents.append(subscribe(db, request, keys=RING, now=NOON).id)
    return idents


def test_links_are_found_and_mailed_to_the_spelling_that_is_known(db: Connection) -> None:
    endpoint_id = an_endpoint(db, channel="email", address=CAPITAL)
    a_subscription(db, endpoint_id=endpoint_id, channel="email")

    assert ask_for_links(db, normalised("email", SMALL), an_asker(), keys=RING, now=NOON)

    assert db.execute(select(deliveries.c.kind, deliveries.c.endpoint_id)).all() == [("links", endpoint_id)]


def test_the_mail_with_the_links_lists_all_spellings(db: Connection) -> None:
    first, second = both(db)
    mailing = Mailing("https://wire.example", "投促网 <digest@wire.example>", RING)
    place = find(db, second).endpoint_id
    owed = OwedLetter(id=1, delivery_id="x", subscription_id=second, endpoint_id=place)

    message = links_messages(db, [owed], mailing=mailing, now=NOON)[1]

    assert isinstance(message, LetterMessage)
    letter = message.letter.personal({**message.slots, "to": CAPITAL})
    part = email.message_from_bytes(letter, policy=email.policy.default).get_body(("plain",))
    assert part is not None
    links = [line for line in part.get_content().splitlines() if line.startswith("https://wire.example/manage/")]
    assert [read_token(RING, "owner", link.rpartition("/")[2]) for link in links] == [first, second]


def test_who_asks_in_another_case_is_asked_for_the_one_there_is(db: Connection) -> None:
    ask(db, CAPITAL)
    ask(db, SMALL)

    assert db.execute(select(endpoints.c.address)).scalars().all() == [CAPITAL]
    assert len(db.execute(select(table)).all()) == 1


def test_who_asks_for_more_gets_it_where_something_goes_on(db: Connection) -> None:
    subscribe(db, a_request(channel="email", to=SMALL, confirmed=False), keys=RING, now=NOON)
    subscribe(db, a_request(channel="email", to=CAPITAL, confirmed=True), keys=RING, now=NOON)
    ask(db, SMALL, city="泰州")

    newest = max(db.execute(select(table.c.id)).scalars())
    assert find(db, newest).address == CAPITAL


def test_an_export_holds_all_spellings(db: Connection) -> None:
    both(db)

    kept = export_subscriber(db, subscriber_of(db, SMALL, keys=RING).id, installation=7, now=NOON)

    assert kept["address"] == SMALL
    assert [one["to"] for one in kept["subscriptions"]] == [SMALL, CAPITAL]
    assert [one["to"] for one in kept["endpoints"]] == [SMALL, CAPITAL]


def test_all_spellings_are_forgotten(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        for ident in both(db):
            record(db, ident, Consent(act="asked", given_at=NOON, given_from="203.0.113.7", locale="en", wording="w"))
            subscriptions.make_private_feed(db, ident, keys=RING, now=NOON)
        ended = end_everything(db, subscriber_of(db, SMALL, keys=RING), keys=RING, now=NOON)
    assert ended.subscriptions == 2
    assert finish_erasing(store, keys=RING, outbox=tmp_path) == 1

    with store.reading() as db:
        assert db.execute(select(subscribers.c.address)).scalars().all() == [None, None]
        assert db.execute(select(endpoints.c.address)).scalars().all() == [None, None]
        assert db.execute(select(consents)).all() == db.execute(select(private_feeds)).all() == []


def test_nothing_of_the_other_spelling_is_forgotten_while_it_is_sent(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        both(db)
        place = select(endpoints.c.id).where(endpoints.c.address == CAPITAL).scalar_subquery()
        ask_for_links(db, normalised("email", CAPITAL), an_asker(), keys=RING, now=NOON)
        db.execute(deliveries.update().where(deliveries.c.endpoint_id == place).values(state="sending", ready=None))
        end_everything(db, subscriber_of(db, SMALL, keys=RING), keys=RING, now=NOON)

    assert finish_erasing(store, keys=RING, outbox=tmp_path) == 0


def test_an_import_takes_in_no_spelling_of_an_erased_address(db: Connection) -> None:
    ask(db, SMALL)
    end_everything(db, subscriber_of(db, SMALL, keys=RING), keys=RING, now=NOON)
    lines = "".join(f'{{"channel":"email","to":"{to}"}}\n' for to in (SMALL, CAPITAL))
    (chunk,) = read_chunks(io.BytesIO(lines.encode()), guard=GUARD)

    imported = import_chunk(db, chunk, keys=RING, now=NOON)

    assert (imported.added, [line.number for line in imported.bad]) == (0, [1, 2])


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        (erasing._BY_ADDRESS, {"of_address": SMALL}),
        (erasing._ENDPOINTS, {"people": [1]}),
        (asking._SPELLINGS, {"mailbox": SMALL}),
        (consenting._FORGET, {"people": [1]}),
        (links._GOING_ON, {"endpoint_ids": [1]}),
        (people._SAME, {"subscriber": 1}),
    ],
    ids=["by address", "endpoints", "spellings", "consents", "what goes on", "the same person"],
)
def test_a_persons_rows_are_found_by_an_index(db: Connection, statement: Any, parameters: dict[str, Any]) -> None:
    if is_postgresql(db):
        db.execute(text("SET LOCAL enable_seqscan TO off"))
    plan = plan_of(db, statement, parameters)

    scanned = ("SCAN s", "SCAN owner", "SCAN asking", "SCAN endpoints", "SCAN consents", "Seq Scan")
    assert not [words for words in scanned if words in "; ".join(plan)], plan
