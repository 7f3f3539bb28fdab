"""Subscriptions found by whose they are, by id, by endpoint, by state."""

import pytest
from sqlalchemy import Connection

from tests.builders import a_subscription, an_endpoint
from zonewire.errors import WrongUsage
from zonewire.store import Store
from zonewire.subscriptions import SubscriptionsWanted, find_subscriptions, meant_by
from zonewire.subscriptions.finding import Found


def keys(found: Found) -> list[int]:
    return [row.id for row in found.rows]


def found_by(db: Connection, given: str, *, beginning: bool = True) -> list[int]:
    wanted = meant_by(db, given, beginning=beginning)
    return [] if wanted is None else keys(find_subscriptions(db, wanted))


def a_reader(db: Connection, address: str, **over: object) -> int:
    return a_subscription(db, endpoint_id=an_endpoint(db, channel="email", address=address), channel="email", **over)  # type: ignore[arg-type]  # a row's values


def test_a_reader_is_found_whole_and_by_the_beginning_in_any_case(db: Connection) -> None:
    li, lin = a_reader(db, "Li@mail.example"), a_reader(db, "lin_1@mail.example")
    a_reader(db, "linx1@mail.example")

    assert found_by(db, "LI@MAIL.example") == [li]
    assert found_by(db, "lin_") == [lin]
    assert found_by(db, "lin_", beginning=False) == []
    assert found_by(db, "nobody@mail.example") == []
    with pytest.raises(WrongUsage):
        found_by(db, "l")


def test_a_database_that_sorts_by_words_is_looked_through(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    li, lin = a_reader(db, "Li@mail.example"), a_reader(db, "li_1@mail.example")
    a_reader(db, "lix1@mail.example")
    monkeypatch.setattr("zonewire.subscriptions.finding._sorts_by_characters", lambda _db: False)

    assert (found_by(db, "li@"), found_by(db, "LI_")) == ([li], [lin])


def test_a_partner_is_found_by_its_host_and_all_by_their_ids(db: Connection) -> None:
    endpoint = an_endpoint(db, address="https://partner.example/hook", host="partner.example:443")
    hook = a_subscription(db, endpoint_id=endpoint)
    mail = a_reader(db, "li@mail.example")

    assert found_by(db, "partner.example") == found_by(db, "https://partner.example/hook") == [hook]
    assert found_by(db, f"s{mail}") == [mail]
    assert found_by(db, f"e{endpoint}") == [hook]


def test_pages_go_backwards_and_each_subscription_is_on_one(db: Connection) -> None:
    made = [a_subscription(db, state="paused" if n % 2 else "active") for n in range(7)]

    first = find_subscriptions(db, SubscriptionsWanted(), limit=4)
    rest = find_subscriptions(db, SubscriptionsWanted(), before=first.before, limit=4)
    paused = find_subscriptions(db, SubscriptionsWanted(state="paused", channel="webhook"))

    assert keys(first) + keys(rest) == made[::-1]
    assert (rest.before, rest.is_full) == (None, True)
    assert keys(paused) == [made[5], made[3], made[1]]


def test_a_page_whose_time_is_over_says_where_to_go_on(plain_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zonewire.subscriptions.finding.PORTION", 2)
    with plain_store.writing() as db:
        first, *_ = [a_subscription(db, state="active" if n else "ended") for n in range(5)]
        found = find_subscriptions(db, wanted := SubscriptionsWanted(state="ended"), looks_for_s=-1)
        assert (keys(found), found.is_full) == ([], False)
        while found.before is not None:
            found = find_subscriptions(db, wanted, before=found.before, looks_for_s=-1)
        assert keys(found) == [first]
