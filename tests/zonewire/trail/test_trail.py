"""The trail: who had what, and for each that has not had it, why."""

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from tests.builders import (
    DAY,
    NOON,
    a_delivery,
    a_filter,
    a_subscription,
    a_version,
    an_article,
    an_edition,
    an_endpoint,
)
from tests.zonewire.intake.events import a_publication
from zonewire.delivery.ids import delivery_uuid
from zonewire.errors import NotFound
from zonewire.filters import filter_of, intern
from zonewire.intake import accept
from zonewire.reaction import react
from zonewire.store import Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import attempts, edition_versions
from zonewire.trail import receivers_of, trail_of

OURS = 4711


def trail(db: Connection, guid: str, *, to: str | None = None, at: int = NOON + DAY) -> dict[str, Any]:
    receiver = None if to is None else receivers_of(db, to)
    return asdict(trail_of(db, guid, installation=OURS, now=at, to=receiver))


def test_it_goes_from_acceptance_through_feeds_to_each_delivery(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        a_subscription(db)
    accept(store, [event := a_publication(article)], host="wire.example")
    react(store, Pace(pauses=False), owed=lambda _lanes: None)
    with store.reading() as db:
        found = trail(db, article.guid, at=now(db))
    (version,) = found["versions"]
    assert (version["version"], [one["id"] for one in version["events"]]) == (1, [event.id])
    assert {one["name"] for one in found["feeds"]} >= {"all", "city/taizhou"}
    (delivery,) = found["deliveries"]
    assert (delivery["state"], delivery["why"], delivery["version"]) == ("pending", "waits to be sent", 1)


@pytest.mark.parametrize(
    ("row", "endpoint", "why"),
    [
        ({"due_at": NOON + 2 * DAY}, {}, "due at 2026-06-13T04:00:00Z"),
        (
            {"state": "retrying", "attempts": 2, "due_at": NOON + 2 * DAY},
            {},
            "failed 2 times, lastly: HTTP 500; next try",
        ),
        ({"state": "sending"}, {}, "is being sent right now"),
        (
            {"state": "dead", "reason": "its tries ran out", "attempts": 9},
            {},
            "dead letter: its tries ran out; lastly: HTTP",
        ),
        ({"state": "cancelled", "reason": "superseded"}, {}, "cancelled: superseded"),
        ({"due_at": None}, {"state": "disabled", "reason": "they move"}, "held: e1 is disabled (they move); `zonewire"),
        ({"state": "delivered"}, {}, ""),
    ],
)
def test_each_receiver_that_has_not_had_it_is_told_with_the_reason(
    db: Connection, row: dict[str, Any], endpoint: dict[str, Any], why: str
) -> None:
    version = a_version(db)
    key = a_delivery(db, version=version, endpoint_id=an_endpoint(db, **endpoint), **row)
    if row.get("attempts"):
        tried = {"delivery_id": key, "at": NOON, "took_ms": 3, "outcome": "later", "error": "HTTP 500"}
        db.execute(insert(attempts).values(tried))
    (found,) = trail(db, version.article.guid)["deliveries"]
    assert found["id"] == delivery_uuid(OURS, key, NOON)
    assert found["why"].startswith(why)
    assert bool(found["why"]) is bool(why)


def test_who_had_the_old_text_is_listed_and_whether_the_new_one_came_since(db: Connection) -> None:
    old = a_version(db)
    had, may, never = (an_endpoint(db) for _ in range(3))
    a_delivery(db, version=old, endpoint_id=had, state="delivered")
    a_delivery(db, version=old, endpoint_id=may, state="cancelled", unknowns=1, reason="superseded")
    a_delivery(db, version=old, endpoint_id=never, state="dead", reason="its tries ran out")
    new = a_version(db, an_article(guid=old.article.guid))
    a_delivery(db, version=new, endpoint_id=had, state="delivered")
    a_delivery(db, version=new, endpoint_id=may)
    found = trail(db, old.article.guid)["had_older"]
    assert [(one["endpoint"], one["version"], one["surely"], one["newest"]) for one in found] == [
        (f"e{had}", 1, True, "delivered"),
        (f"e{may}", 1, False, "pending"),
    ]


def test_readers_of_an_edition_that_carried_it_are_in_the_trail(db: Connection) -> None:
    version = a_version(db)
    reader = a_subscription(db, channel="email", window_after=version.number)
    edition = an_edition(db)
    db.execute(insert(edition_versions).values(edition_id=edition, number=version.number, role="story"))
    endpoint = an_endpoint(db, channel="email")
    a_delivery(db, kind="digest", edition_id=edition, subscription_id=reader, endpoint_id=endpoint, state="delivered")
    found = trail(db, version.article.guid)
    assert [(one["id"], one["role"], one["version"]) for one in found["editions"]] == [(f"d{edition}", "story", 1)]
    (delivery,) = found["deliveries"]
    assert (delivery["edition"], delivery["subscription"], delivery["state"]) == (
        f"d{edition}",
        f"s{reader}",
        "delivered",
    )


def test_a_digest_whose_window_holds_it_is_waited_for(db: Connection) -> None:
    reader = a_subscription(db, channel="email", next_at=NOON + 2 * DAY)
    a_subscription(db, channel="email", filter_id=a_filter(db, city="苏州"))
    version = a_version(db)
    (waiting,) = trail(db, version.article.guid)["waiting"]
    assert (waiting["subscription"], waiting["why"]) == (
        f"s{reader}",
        f"s{reader} waits for its daily digest, due at 2026-06-13T04:00:00Z",
    )


@pytest.mark.parametrize(
    ("options", "over", "why"),
    [
        ({"city": ["苏州"]}, {}, "does not match: it wants city 苏州; the article has 泰州"),
        ({"keyword": ["氢能"]}, {}, "does not match: it wants keyword 氢能; the article has none of these words"),
        ({"not_city": ["泰州"]}, {}, "does not match: it leaves out city 泰州"),
        ({}, {"state": "paused", "state_at": NOON}, "is paused since 2026-06-11T04:00:00Z"),
        ({}, {"created_at": NOON + DAY}, "began at 2026-06-12T04:00:00Z, after the article was accepted"),
        ({}, {}, "matches, and nothing is owed yet"),
    ],
)
def test_why_one_receiver_was_owed_nothing(
    db: Connection, options: dict[str, list[str]], over: dict[str, Any], why: str
) -> None:
    version = a_version(db, an_article(city="泰州"))
    endpoint = an_endpoint(db, address="https://partner.example/hook")
    a_subscription(db, endpoint_id=endpoint, filter_id=intern(db, filter_of(options)), **over)
    for name in (f"e{endpoint}", "https://Partner.example:443/hook"):
        (found,) = trail(db, version.article.guid, to=name)["waiting"]
        assert why in found["why"]


def test_what_is_not_there_is_told(db: Connection) -> None:
    with pytest.raises(NotFound, match="there is no article"):
        trail(db, "https://portal.example/none")
    with pytest.raises(NotFound, match="nobody is subscribed as"):
        receivers_of(db, "stranger@mail.example")
