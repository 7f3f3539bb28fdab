"""Exporting, and taking in again what was exported."""

import io
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection

from tests.builders import NOON
from zonewire.keys import KeyRing
from zonewire.outbound.guard import Guard
from zonewire.store import Store
from zonewire.subscriptions import (
    export_options,
    exporting,
    import_chunk,
    list_subscriptions,
    pause,
    read_chunks,
    unsubscribe,
)

RING = KeyRing(("a key",))
LINES: list[dict[str, Any]] = [
    {
        "channel": "email",
        "to": "one@mail.example",
        "zone": ["泰州港经济开发区"],
        "not_keyword": ["招标"],
        "confirmed": True,
    },
    {"channel": "email", "to": "two@mail.example", "cadence": "weekly", "at": "7:05", "weekday": "fri", "locale": "en"},
    {
        "channel": "email",
        "to": "three@mail.example",
        "cadence": "hourly",
        "timezone": "Europe/Berlin",
        "confirmed": True,
    },
    {"channel": "webhook", "to": "https://partner.example/hook", "city": "泰州"},
    {"channel": "email", "to": "left@mail.example", "confirmed": True},
]


def taken_in(db: Connection, lines: list[dict[str, Any]]) -> None:
    source = io.BytesIO(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    for chunk in read_chunks(source, guard=Guard(allow_private=True)):
        assert import_chunk(db, chunk, keys=RING, now=NOON).bad == []


def exported(db: Connection) -> list[dict[str, Any]]:
    return [options for portion in export_options(db, keys=RING) for options in portion]


def test_what_was_exported_can_be_taken_in_and_is_the_same_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_NEXT", exporting._NEXT.limit(2))  # several portions
    with store.writing() as db:
        taken_in(db, LINES)
        keys = {one["to"]: int(one["id"][1:]) for one in list_subscriptions(db)}
        pause(db, keys["three@mail.example"], NOON, until=NOON + 86_400_000_000)
        unsubscribe(db, keys["left@mail.example"], NOON)
        first = exported(db)
    assert [(one["to"], one["confirmed"], one.get("paused")) for one in first] == [
        ("one@mail.example", True, None),
        ("two@mail.example", False, None),
        ("three@mail.example", True, True),
        ("https://partner.example/hook", True, None),
    ]
    assert first[2]["paused_until"] == "2026-06-12T04:00:00Z"
    assert (first[1]["at"], first[1]["weekday"], first[1]["locale"]) == ("07:05", "fri", "en")
    with store.writing() as db:
        for name in ("deliveries", "subscriptions", "endpoints"):
            db.exec_driver_sql(f"DELETE FROM {name}")
        taken_in(db, first)
        assert exported(db) == first
        states = {one["to"]: one["state"] for one in list_subscriptions(db)}
    assert states["three@mail.example"] == "paused"
