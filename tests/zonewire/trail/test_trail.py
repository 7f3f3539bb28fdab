"""The trail: who had what, and for each that has not had it, why."""

from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert

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
from zonewire.articles import Version
from zonewire.delivery import bulk
from zonewire.delivery.bulk import BulkAct
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.searching import Search
from zonewire.errors import NotFound
from zonewire.filters import filter_of, intern
from zonewire.intake import accept
from zonewire.reaction import react
from zonewire.store import Store, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import attempts, edition_versions, outbox
from zonewire.trail import receivers_of, trail_of

OURS = 4711
RETENTION_DAYS = 90
PARTNER = "https://partner.example/hook"


def trail(db: Connection, guid: str, *, to: str | None = None, at: int = NOON + DAY) -> dict[str, Any]:
    receiver = None if to is None else receivers_of(db, to)
    return asdict(trail_of(db, guid, installation=OURS, now=at, retention_days=RETENTION_DAYS, to=receiver))


def why_not(db: Connection, version: Version, *, at: int = NOON + DAY, **over: Any) -> str:
    """Why the one subscription of PARTNER, made with *over*, is owed nothing of *version*."""
    endpoint = over.pop("endpoint_id", None) or an_endpoint(db, address=PARTNER)
    a_subscription(db, endpoint_id=endpoint, **over)
    (found,) = trail(db, version.article.guid, to=PARTNER, at=at)["waiting"]
    return str(found["why"])


def test_it_goes_from_acceptance_through_feeds_to_each_delivery(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        a_subscription(db)
    accept(store, [event := a_publication(article)], host="wire.example")
    react(store, Pace(pauses=False), owed=lambda _lanes: None, budget_s=60)
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
        ({"due_at": None}, {"ramp": 1}, "held for a moment: e1 comes back, and takes what it missed step by step"),
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


def test_a_digest_that_was_sent_again_is_told_apart_in_the_trail(store: Store) -> None:
    with store.writing() as db:
        version, edition, endpoint = a_version(db), an_edition(db), an_endpoint(db, channel="email")
        db.execute(insert(edition_versions).values(edition_id=edition, number=version.number, role="story"))
        reader = a_subscription(db, endpoint_id=endpoint, channel="email")
        a_delivery(
            db, kind="digest", edition_id=edition, subscription_id=reader, endpoint_id=endpoint, state="delivered"
        )
        chosen = Search(state="delivered", edition_id=edition)
        bulk.begin(db, BulkAct.RESEND, chosen, per_minute=0, expected=1, operator="chen", now=NOON)
    bulk.step_all(store, Pace(pauses=False))
    with store.reading() as db:
        found = trail(db, version.article.guid)
    told = [(one["kind"], one["state"], one["edition"]) for one in found["deliveries"]]
    assert told == [("digest", "delivered", f"d{edition}"), ("resend", "pending", f"d{edition}")]


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
        ({}, {}, "was not subscribed to this, or not as instant news, when the article was reacted to"),
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


def test_the_lane_is_named_only_while_the_outbox_holds_the_version(db: Connection) -> None:
    version = a_version(db)
    db.execute(insert(outbox).values(number=version.number, created_at=NOON))
    assert why_not(db, version) == "s1 matches, and nothing is owed yet: the lane events has not come to it"
    db.execute(delete(outbox))
    (found,) = trail(db, version.article.guid, to=PARTNER)["waiting"]
    assert "the lane" not in found["why"]


def test_who_subscribed_before_the_reaction_came_waits_for_it(db: Connection) -> None:
    version = a_version(db)
    db.execute(insert(outbox).values(number=version.number, created_at=NOON))
    assert "the lane events has not come to it" in why_not(db, version, created_at=NOON + DAY, state_at=NOON + DAY)


@pytest.mark.parametrize("cadence", ["instant", "daily"])
def test_for_an_endpoint_that_is_gone_nothing_is_made_until_it_is_enabled(db: Connection, cadence: str) -> None:
    gone = an_endpoint(db, address=PARTNER, state="disabled", gone=True, disabled_at=NOON - DAY)
    assert why_not(db, a_version(db), endpoint_id=gone, cadence=cadence) == (
        "s1 leads to e1, which is disabled as gone: nothing is made for it until `zonewire endpoints enable e1`"
    )


@pytest.mark.parametrize("cadence", ["instant", "daily"])
def test_who_never_had_a_withdrawn_article_is_told_nothing(db: Connection, cadence: str) -> None:
    old = a_version(db)
    withdrawn = a_version(db, old.article, withdrawn=True)
    why = why_not(db, withdrawn, cadence=cadence)
    assert why == "s1 has nothing to be told: the article was withdrawn, and it never had it"


def test_a_digest_that_carried_a_withdrawn_article_says_so_in_the_next(db: Connection) -> None:
    old = a_version(db)
    edition, endpoint = an_edition(db), an_endpoint(db, address=PARTNER)
    db.execute(insert(edition_versions).values(edition_id=edition, number=old.number, role="story"))
    a_delivery(db, kind="digest", edition_id=edition, subscription_id=1, endpoint_id=endpoint, state="delivered")
    withdrawn = a_version(db, old.article, withdrawn=True)
    why = why_not(db, withdrawn, endpoint_id=endpoint, cadence="daily", window_after=old.number)
    assert why.startswith("s1 carried it; the first daily digest with news, due at 2026-06-11T04:00:00Z, says that")


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"state": "paused", "state_at": NOON + DAY},
        {"cadence": "daily", "window_after": 9},
        {"endpoint_id": "gone"},
    ],
)
def test_what_the_ledger_keeps_no_longer_is_not_guessed(db: Connection, over: dict[str, Any]) -> None:
    if over.get("endpoint_id"):
        over = {"endpoint_id": an_endpoint(db, address=PARTNER, state="disabled", gone=True, disabled_at=NOON + DAY)}
    why = why_not(db, a_version(db), at=NOON + (RETENTION_DAYS + 1) * DAY, **over)
    assert why == "s1: what was owed so long ago (RETENTION_DAYS) is no longer in the ledger"


def test_nor_who_had_the_older_versions_of_what_is_withdrawn_now(db: Connection) -> None:
    old = a_version(db)
    withdrawn = a_version(db, old.article, withdrawn=True, accepted_at=NOON + RETENTION_DAYS * DAY)
    why = why_not(db, withdrawn, at=NOON + (RETENTION_DAYS + 1) * DAY)
    assert why == "s1: what was owed so long ago (RETENTION_DAYS) is no longer in the ledger"


def test_what_is_known_for_certain_is_told_however_long_ago(db: Connection) -> None:
    version, later = a_version(db), NOON + (RETENTION_DAYS + 1) * DAY
    assert "began at 2026-06-12" in why_not(db, version, at=later, created_at=NOON + DAY)
    reader = a_subscription(db, state="paused")
    (found,) = trail(db, version.article.guid, to=f"e{reader}", at=later)["waiting"]
    assert "is paused since 2026-06-10" in found["why"]


def test_the_newest_text_has_come_if_one_of_several_deliveries_brought_it(db: Connection) -> None:
    old, endpoint = a_version(db), an_endpoint(db)
    a_delivery(db, version=old, endpoint_id=endpoint, state="delivered")
    new = a_version(db, an_article(guid=old.article.guid))
    a_delivery(db, version=new, endpoint_id=endpoint, state="delivered")
    edition = an_edition(db)
    db.execute(insert(edition_versions).values(edition_id=edition, number=new.number, role="correction"))
    a_delivery(db, kind="digest", edition_id=edition, subscription_id=1, endpoint_id=endpoint, state="pending")
    (found,) = trail(db, old.article.guid)["had_older"]
    assert (found["version"], found["newest"]) == (1, "delivered")


def test_what_is_not_there_is_told(db: Connection) -> None:
    with pytest.raises(NotFound, match="there is no article"):
        trail(db, "https://portal.example/none")
    with pytest.raises(NotFound, match="nobody is subscribed as"):
        receivers_of(db, "stranger@mail.example")
