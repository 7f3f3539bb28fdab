"""`zonewire deliveries`, as a shell sees it."""

from typing import Any

import orjson
import pytest
from sqlalchemy import insert

from tests.builders import NOON, a_delivery, a_version, an_article, an_endpoint
from tests.cli.conftest import Run
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.store import Store
from zonewire.store.migrate import installation_number
from zonewire.store.tables import attempts


@pytest.fixture
def ran(run_here: Run) -> Run:
    """A command of the group."""
    return lambda *words: run_here("deliveries", *words)


def named(store: Store, key: int) -> str:
    with store.reading() as db:
        return delivery_uuid(installation_number(db), key, NOON)


def an_id(store: Store, state: str = "dead", *, endpoint: str = "healthy", **over: Any) -> str:
    """The id of a delivery in *state*, to an endpoint in the state *endpoint*."""
    with store.writing() as db:
        key = a_delivery(db, endpoint_id=an_endpoint(db, state=endpoint), state=state, **over)
    return named(store, key)


def states(ran: Run) -> dict[str, str]:
    return {row["id"]: row["state"] for row in orjson.loads(ran("list", "--json").stdout)}


def test_a_dead_letter_is_replayed_under_its_id(store: Store, ran: Run) -> None:
    dead = an_id(store)
    done = ran("replay", dead, "--json")
    assert (done.returncode, orjson.loads(done.stdout)) == (0, {"replayed": 1, "held": 0})
    assert states(ran) == {dead: "pending"}


def test_an_id_that_is_named_twice_is_replayed_once(store: Store, ran: Run) -> None:
    dead = an_id(store)
    done = ran("replay", dead, dead)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 replayed\n", "")


def test_what_is_replayed_onto_a_disabled_endpoint_is_told_to_be_held(store: Store, ran: Run) -> None:
    with store.writing() as db:
        disabled = an_endpoint(db, state="disabled", reason="HTTP 410")
        for _ in range(2):
            a_delivery(db, endpoint_id=disabled, state="dead")
        a_delivery(db, state="dead")
    done = ran("replay", "--dead")
    assert done.returncode == 0
    assert done.stdout == f"3 replayed\n2 of them held, because {shown_id(disabled)} is disabled (HTTP 410)\n"
    assert sorted(row["due_at"] is None for row in orjson.loads(ran("list", "--json").stdout)) == [False, True, True]


def test_many_disabled_endpoints_are_told_in_one_line_and_counted_in_json(store: Store, ran: Run) -> None:
    names = [an_id(store, endpoint="disabled") for _ in range(5)]
    first = ran("replay", *names[:2]).stdout
    assert first == "2 replayed\n2 of them held, because e1 and e2 are disabled\n"
    assert orjson.loads(ran("replay", "--dead", "--json").stdout) == {"replayed": 3, "held": 3}


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("delivered", "was delivered at 2026-06-11T04:00:00Z; only digests are sent again, on their edition's page"),
        ("sending", "is being sent right now"),
        ("pending", "is pending already, and goes out by itself"),
        ("retrying", "is retrying already, and goes out by itself"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_the_reason(store: Store, ran: Run, state: str, why: str) -> None:
    name = an_id(store, state)
    done = ran("replay", name)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"zonewire: {name}: {why}\n")
    assert states(ran) == {name: state}


def test_of_several_those_that_can_be_are_replayed_and_the_others_told(store: Store, ran: Run) -> None:
    dead, delivered = an_id(store), an_id(store, "delivered")
    held = an_id(store, "pending", endpoint="disabled", due_at=None)
    done = ran("replay", delivered, dead, held)
    assert (done.returncode, done.stdout) == (1, "1 replayed\n")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"zonewire: {delivered}: was delivered at ")
    assert second == f"zonewire: {held}: is pending already, and held until e3 is enabled"


def test_a_superseded_dead_letter_stays_dead_and_that_is_told(store: Store, ran: Run) -> None:
    article = an_article()
    with store.writing() as db:
        key = a_delivery(db, version=a_version(db, article), state="dead")
        a_version(db, article)
    name = named(store, key)
    assert ran("replay", "--dead").stdout == (
        "0 replayed\n1 stay dead: a newer version of their article has taken their place\n"
    )
    done = ran("replay", name)
    assert done.returncode == 1
    assert done.stderr == f"zonewire: {name}: is dead, and a newer version of its article has taken its place\n"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("delivered", "was delivered at 2026-06-11T04:00:00Z, and cannot be called back"),
        ("sending", "is being sent right now, and cannot be called back"),
        ("cancelled", "was cancelled at 2026-06-11T04:00:00Z already"),
    ],
)
def test_what_cannot_be_cancelled_is_refused_with_the_reason(store: Store, ran: Run, state: str, why: str) -> None:
    name = an_id(store, state)
    done = ran("cancel", name)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"zonewire: {name}: {why}\n")


def test_what_is_owed_can_be_cancelled(store: Store, ran: Run) -> None:
    pending, dead = an_id(store, "pending"), an_id(store)
    assert orjson.loads(ran("cancel", pending, "--json").stdout) == {"cancelled": 1}
    assert ran("cancel", dead).stdout == "1 cancelled\n"
    assert states(ran) == {pending: "cancelled", dead: "cancelled"}


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("list --channel fax", 2, "--channel: 'fax' is no channel\nChannels are email, webhook, websub, wecom,"),
        ("list --state gone", 2, "--state: there is no state gone\nIt is one of pending, sending, retrying, delivered"),
        ("list --since yesterday", 2, "--since: must be a date"),
        ("replay --dead --endpoint e99", 1, "there is no endpoint 'e99'\n`zonewire endpoints list` shows them"),
        ("replay --dead --endpoint nonsense", 1, "there is no endpoint 'nonsense'\n`zonewire endpoints list` shows"),
        ("replay nonsense", 1, "'nonsense' is no delivery id\n`zonewire deliveries list` prints them."),
        ("show nonsense", 1, "'nonsense' is no delivery id\n`zonewire deliveries list` prints them."),
    ],
)
def test_what_does_not_exist_is_told_and_not_taken_for_nothing(ran: Run, words: str, status: int, said: str) -> None:
    done = ran(*words.split())
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_the_list_is_cut_by_channel_and_state(store: Store, ran: Run) -> None:
    dead = an_id(store)
    an_id(store, "delivered")
    (row,) = orjson.loads(ran("list", "--channel", "webhook", "--state", "dead", "--json").stdout)
    assert row["id"] == dead
    assert ran("list", "--channel", "email").stdout == "There are no such deliveries.\n"


def test_dead_letters_of_one_endpoint_are_replayed_alone(store: Store, ran: Run) -> None:
    with store.writing() as db:
        mine = an_endpoint(db)
        a_delivery(db, endpoint_id=mine, state="dead")
        a_delivery(db, state="dead")
    assert ran("replay", "--dead", "--endpoint", shown_id(mine)).stdout == "1 replayed\n"


def test_what_a_receiver_was_sent_is_shown_below_its_delivery(store: Store, ran: Run) -> None:
    dead = an_id(store, event_type="article.published", sequence=3, attempts=1)
    found = orjson.loads(ran("show", dead, "--sent", "--json").stdout)["sent"]
    told = ran("show", dead, "--sent").stdout
    assert (found["method"], found["why_not"]) == ("POST", None)
    assert ["webhook-signature", "…"] in found["headers"]
    assert f"\nPOST {found['to']}\ncontent-type: application/json\nwebhook-id: {dead}\n" in told
    assert f"\n\n{found['body']}\n" in told


def test_what_a_failed_try_was_answered_is_shown(store: Store, ran: Run) -> None:
    with store.writing() as db:
        key = a_delivery(db, state="dead")
        row: dict[str, Any] = {"delivery_id": key, "at": NOON, "took_ms": 4, "outcome": "later", "error": "HTTP 500"}
        db.execute(insert(attempts).values(row | {"headers": "HTTP/1.1 500 Oops\nServer: theirs", "answer": "sorry"}))
    told = ran("show", named(store, key)).stdout
    assert told.endswith("later: HTTP 500 (4 ms)\n  HTTP/1.1 500 Oops\n  Server: theirs\n  sorry\n")
