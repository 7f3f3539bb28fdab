"""What a reader was sent, for them to see."""

from sqlalchemy import Connection, insert, text

from tests.builders import NOON, a_delivery, a_filter, a_subscription, a_version, an_edition, an_endpoint
from tests.plans import plan_of
from zonewire.digests import digests_sent, sent
from zonewire.store.tables import deliveries, edition_versions


def a_digest(db: Connection, *, subscription_id: int, endpoint_id: int, **edition: int) -> int:
    edition_id = an_edition(db, **edition)
    number = a_version(db).number
    db.execute(insert(edition_versions).values(edition_id=edition_id, number=number, role="story"))
    a_delivery(
        db,
        kind="digest",
        state="delivered",
        endpoint_id=endpoint_id,
        subscription_id=subscription_id,
        edition_id=edition_id,
    )
    return edition_id


def test_a_weekly_reader_sees_theirs_beside_any_number_of_hourly_ones(db: Connection) -> None:
    filter_id = a_filter(db, city="泰州")
    place, other = an_endpoint(db, channel="email"), an_endpoint(db, channel="email")
    weekly = a_subscription(db, endpoint_id=place, cadence="weekly", filter_id=filter_id)
    hourly = a_subscription(db, endpoint_id=other, cadence="hourly", filter_id=filter_id)
    mine = a_digest(db, subscription_id=weekly, endpoint_id=place, filter_id=filter_id)
    for n in range(2, 403):
        a_digest(db, subscription_id=hourly, endpoint_id=other, filter_id=filter_id, after=n, up_to=n + 1)

    assert [(one.edition_id, one.stories, one.state) for one in digests_sent(db, weekly)] == [(mine, 1, "delivered")]
    assert len(digests_sent(db, hourly)) == sent.MOST_SHOWN


def test_the_newest_stand_first_under_whatever_filter_they_were_sent(db: Connection) -> None:
    place = an_endpoint(db, channel="email")
    ident = a_subscription(db, endpoint_id=place, cadence="daily")
    a_delivery(db, kind="confirmation", state="delivered", endpoint_id=place, subscription_id=ident)
    made = [
        a_digest(db, subscription_id=ident, endpoint_id=place, filter_id=a_filter(db, city=city))
        for city in ("泰州", "苏州")
    ]

    assert [one.edition_id for one in digests_sent(db, ident)] == made[::-1]


def test_they_are_found_by_an_index(db: Connection) -> None:
    place = {"host_id": 1, "endpoint_id": 1, "lane": "push.email", "kind": "digest", "state": "delivered"}
    some = [place | {"created_at": NOON, "edition_id": n, "subscription_id": n % 400} for n in range(4_000)]
    db.execute(insert(deliveries), some)
    db.execute(text("ANALYZE deliveries"))
    plan = plan_of(db, sent._DIGESTS, {"subscription_id": 1, "most": 20})

    assert [line for line in plan if "ix_deliveries_reader" in line], plan
