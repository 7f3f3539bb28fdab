"""Importing: good lines go in, bad ones are told by number, and again adds nothing."""

import io
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, func, select

from tests.builders import NOON
from tests.zonewire.subscriptions.requests import GUARD, RING
from zonewire.filters import Filter
from zonewire.keys import new_webhook_secret
from zonewire.store.tables import deliveries, endpoints, filters, subscriptions
from zonewire.subscriptions import Imported, import_chunk, list_subscriptions, read_chunks, unsubscribe
from zonewire.subscriptions.importing import CHUNK_LINES, LINE_BYTES


def a_line(**options: Any) -> bytes:
    defaults = {"channel": "email", "to": "reader@mail.example", "confirmed": True}
    return orjson.dumps(defaults | options) + b"\n"


def imported(db: Connection, *lines: bytes) -> list[Imported]:
    chunks = read_chunks(io.BytesIO(b"".join(lines)), guard=GUARD)
    return [import_chunk(db, chunk, keys=RING, now=NOON) for chunk in chunks]


def total(db: Connection) -> int:
    return db.execute(select(func.count()).select_from(subscriptions)).scalar_one()


def test_lines_become_subscriptions_as_if_each_were_subscribed(db: Connection) -> None:
    (done,) = imported(
        db,
        a_line(city="泰州", keyword=["氢能", "BYD"], cadence="weekly", weekday="fri", not_zone="甲", locale="en"),
        a_line(channel="webhook", to="https://partner.example/hook"),
        a_line(to="other@mail.example", confirmed=False),
    )
    assert (done.added, done.known, done.bad) == (3, 0, [])
    listed = list_subscriptions(db)
    assert [(row["channel"], row["cadence"], row["state"]) for row in listed] == [
        ("email", "weekly", "active"),
        ("webhook", "instant", "active"),
        ("email", "daily", "unconfirmed"),
    ]
    assert listed[0]["filter"] == {"city": ["泰州"], "keyword": ["氢能", "BYD"], "not_zone": ["甲"]}
    assert db.execute(select(deliveries.c.kind)).scalars().all() == ["confirmation"]


def test_importing_again_adds_nothing(db: Connection) -> None:
    lines = [a_line(to=f"reader{n}@mail.example", city="泰州") for n in range(50)]
    imported(db, *lines)
    (again,) = imported(db, *lines, a_line(to="reader0@MAIL.example", city=["泰州"]))
    assert (again.added, again.known, again.bad, again.secrets) == (0, 51, [], [])
    assert total(db) == 50


def test_importing_again_brings_nobody_back(db: Connection) -> None:
    imported(db, a_line())
    unsubscribe(db, db.execute(select(subscriptions.c.id)).scalar_one(), NOON)
    imported(db, a_line())
    assert [row["state"] for row in list_subscriptions(db)] == ["ended"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{\n", "no JSON"),
        (b"[]\n", "no JSON object"),
        (b"\xff\xfe\n", "no JSON"),
        (b"[" * 100_000 + b"\n", "no JSON"),
        (a_line(to="reader"), "no email address"),
        (a_line(channel="fax"), "channel"),
        (a_line(channel="websub"), "websub is subscribed at the hub"),
        (a_line(zones="甲"), "unknown key 'zones'"),
        (a_line(confirmed="yes"), "confirmed"),
        (a_line(channel="webhook", to="http://10.0.0.1/"), "leads inside"),
        (b'{"to":"' + b"x" * LINE_BYTES + b'"}\n', "longer than"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_the_others_go_in(db: Connection, line: bytes, said: str) -> None:
    (done,) = imported(db, a_line(), b"\n", line, a_line(to="other@mail.example"))
    assert done.added == total(db) == 2
    assert [bad.number for bad in done.bad] == [3]
    assert said in done.bad[0].detail
    assert "\n" not in done.bad[0].detail


def test_a_last_line_without_its_end_counts(db: Connection) -> None:
    (done,) = imported(db, a_line(), a_line(to="other@mail.example").rstrip())
    assert done.added == 2


def test_an_empty_file_adds_nothing(db: Connection) -> None:
    assert [done.added for done in imported(db)] == [0]


def test_a_file_goes_in_by_chunks_and_numbers_go_on(db: Connection) -> None:
    lines = [a_line(to=f"reader{n}@mail.example", keyword=f"词{n % 7}") for n in range(CHUNK_LINES + 10)]
    lines[CHUNK_LINES + 5] = b"{}\n"
    done = imported(db, *lines)
    assert [one.added for one in done] == [CHUNK_LINES, 9]
    assert [bad.number for one in done for bad in one.bad] == [CHUNK_LINES + 6]
    assert db.execute(select(func.count()).select_from(filters)).scalar_one() == 7


def test_each_new_webhook_tells_its_secret_once(db: Connection) -> None:
    own = new_webhook_secret()
    (done,) = imported(
        db,
        a_line(channel="webhook", to="https://a.example/", city="泰州"),
        a_line(channel="webhook", to="https://a.example/", city="苏州"),
        a_line(channel="webhook", to="https://b.example/", secret=own),
    )
    assert [made.to for made in done.secrets] == ["https://a.example/", "https://b.example/"]
    assert done.secrets[1].secret == own
    sealed = db.execute(select(endpoints.c.secret).order_by(endpoints.c.id)).scalars().all()
    assert [RING.open(secret).decode() for secret in sealed] == [made.secret for made in done.secrets]


def test_what_was_interned_is_carried_from_chunk_to_chunk(db: Connection) -> None:
    filter_ids: dict[Filter, int] = {}
    for to in ("reader@mail.example", "other@mail.example"):
        (chunk,) = read_chunks(io.BytesIO(a_line(to=to, city="泰州")), guard=GUARD)
        assert import_chunk(db, chunk, keys=RING, now=NOON, filter_ids=filter_ids).added == 1
    assert len(filter_ids) == 1
    assert set(db.execute(select(subscriptions.c.filter_id)).scalars()) == set(filter_ids.values())


def test_two_secrets_for_one_endpoint_are_a_bad_line(db: Connection) -> None:
    lines = [a_line(channel="webhook", to="https://a.example/", secret=new_webhook_secret()) for _ in range(2)]
    (done,) = imported(db, *lines)
    assert done.added == 1
    assert [bad.number for bad in done.bad] == [2]
