"""One id through the log: whoever looks for an event's finds every line of its story, from intake to the last try."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from sqlalchemy import insert, select
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from tests.builders import NOON, a_subscription, an_article, an_endpoint
from tests.eventually import eventually
from tests.servers.receiver import Receiver, status
from tests.zonewire.intake.events import HOST, a_publication
from zonewire import hub
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.retries import RetryPolicy
from zonewire.digests import cut_due
from zonewire.feeds import publish_due
from zonewire.intake import Event, accept
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.outbound.courier import Courier
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.outbound.couriers.smtp import Relay, smtp_courier
from zonewire.outbound.guard import Guard
from zonewire.push import Push, Pusher
from zonewire.reaction import react
from zonewire.store import SECOND, Store, migrate, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries, feeds, hub_subscriptions

KEYS = KeyRing(("a key for tests",))
BASE = "https://wire.example"

Lines = list[Any]


@contextmanager
def a_pusher(store: Store, lane: str, courier: Courier) -> Iterator[Pusher]:
    with store.reading() as db:
        installation = migrate.installation_number(db)
    push = Push(
        lane=lane,
        worker="w1",
        installation=installation,
        policy=RetryPolicy(()),
        disable_after_s=3600,
        mailing=Mailing(BASE, "Zonewire <digest@wire.example>", KEYS),
    )
    yield Pusher(store, courier, push)
    courier.close(grace_s=0)


def pushed(store: Store, lane: str, courier: Courier, *states: str) -> None:
    """Push until what is owed on *lane* has come to *states*."""
    found = select(deliveries.c.state).where(deliveries.c.lane == lane).order_by(deliveries.c.id)
    with a_pusher(store, lane, courier) as pusher:

        def is_over() -> bool:
            pusher.turn()
            with store.reading() as db:
                return tuple(db.execute(found).scalars()) == states

        eventually(is_over, within_s=10, what=str(states))


def http() -> Courier:
    return HttpCourier(Guard(allow_private=True), timeout_s=2)


def taken(store: Store, *events: Event) -> None:
    accept(store, events, host=HOST)
    react(store, Pace(pauses=False), owed=lambda _lanes: None)
    publish_due(store, base_url=BASE, window_s=0)


def story(lines: Lines, event_id: str) -> list[str]:
    """The lines that name the event, each once."""
    names = [line["event"] for line in lines if event_id in (line.get("event_id"), *line.get("event_ids", ()))]
    return list(dict.fromkeys(names))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Each line that is logged, at level debug too."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("debug"))
    with capture_logs(processors=[merge_contextvars]) as found:
        yield found
    structlog.configure(**before)


def a_webhook(store: Store, *addresses: str) -> None:
    with store.writing() as db:
        for address in addresses:
            secret = KEYS.seal(new_webhook_secret().encode())
            a_subscription(db, endpoint_id=an_endpoint(db, address=address, secret=secret))


def test_an_events_id_leads_from_its_intake_to_each_try(store: Store, lines: Lines) -> None:
    event = a_publication()
    with Receiver() as receiver:
        receiver.behave("/gone", status(410))
        a_webhook(store, receiver.url("/well"), receiver.url("/gone"))
        taken(store, event)
        pushed(store, "push.http", http(), "delivered", "dead")

    assert story(lines, event.id) == [
        "article.accepted",
        "article.reacted",
        "feed.published",
        "attempt.delivered",
        "attempt.failed",
        "delivery.buried",
    ]
    (published,) = [line for line in lines if line["event"] == "feed.published"]
    assert "all" in published["names"]


def test_a_digests_tries_name_the_events_that_it_tells_of(plain_store: Store, lines: Lines) -> None:
    events = [a_publication(an_article()) for _ in range(3)]
    with plain_store.writing() as db:
        a_subscription(db, channel="email", next_at=NOON)
    taken(plain_store, *events)
    cut_due(plain_store, at=NOON)
    relay = Relay.of("smtp://127.0.0.1:1")  # nobody is there
    pushed(plain_store, "push.email", smtp_courier(relay, connections=1), "dead")

    for event in events:
        assert story(lines, event.id)[-3:] == ["article.digested", "attempt.failed", "delivery.buried"]
    (failed,) = [line for line in lines if line["event"] == "attempt.failed"]
    digested = [line for line in lines if line["event"] == "article.digested"]
    assert {edition for line in digested for edition in line["edition_ids"]} == {failed["edition_id"]}


def test_a_notice_of_the_hub_names_the_event_that_its_topic_heard_of_last(plain_store: Store, lines: Lines) -> None:
    event = a_publication()
    with Receiver() as receiver:
        receiver.behave("/callback", status(500))
        taken(plain_store, a_publication())
        with plain_store.writing() as db:
            feed = db.execute(select(feeds.c.id).where(feeds.c.name == "all")).scalar_one()
            row = {"endpoint_id": an_endpoint(db, channel="websub", address=receiver.url("/callback")), "feed_id": feed}
            row |= {"feed": "all", "format": "rss", "state": "active", "requested_by": ""}
            row |= {"lease_until": now(db) + 3600 * SECOND, "created_at": NOON, "state_at": NOON}
            db.execute(insert(hub_subscriptions).values(row))
        taken(plain_store, event)
        hub.tell_subscribers(plain_store, Pace(pauses=False))
        pushed(plain_store, "push.http", http(), "dead")

    assert story(lines, event.id)[-3:] == ["hub.notices_owed", "attempt.failed", "delivery.buried"]
    assert lines[-1]["feed"] == "all"


def test_what_made_no_version_is_named_with_the_reason(plain_store: Store, lines: Lines) -> None:
    article = an_article()
    accept(plain_store, [a_publication(article, id="first"), a_publication(article, id="again")], host=HOST)

    (line,) = lines
    assert (line["event_ids"], line["passed_over"]) == (["first"], ["again unchanged"])


def test_of_a_large_batch_every_event_is_named(plain_store: Store, lines: Lines) -> None:
    events = [a_publication(an_article()) for _ in range(120)]
    accept(plain_store, events, host=HOST)

    assert [ident for line in lines for ident in line["event_ids"]] == [event.id for event in events]
    assert sum(line["accepted"] for line in lines) == 120


def test_unless_debugging_what_was_delivered_costs_no_line_and_no_read(
    plain_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_args: object) -> None:
        raise AssertionError("something was read for lines that nobody wants")

    monkeypatch.setattr("zonewire.telling.origins_of", read)
    with Receiver() as receiver:
        a_webhook(plain_store, receiver.url("/well"))
        taken(plain_store, a_publication())
        pushed(plain_store, "push.http", http(), "delivered")
