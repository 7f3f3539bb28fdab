"""What is done by commands is written down, with the user and the machine."""

import orjson
import pytest

from tests.builders import NOON, a_delivery, a_subscription, an_endpoint
from tests.cli.conftest import Run
from zonewire.delivery.ids import delivery_uuid
from zonewire.store import Store, migrate


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_acts_on_deliveries_and_endpoints_are_written_down(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        one = an_endpoint(db)
        key = a_delivery(db, endpoint_id=one, state="dead")
        name = delivery_uuid(migrate.installation_number(db), key, NOON)
    for words in (
        ("deliveries", "replay", name),
        ("deliveries", "cancel", name),
        ("deliveries", "replay", "--dead"),
        ("endpoints", "disable", f"e{one}", "--reason", "they move"),
        ("endpoints", "enable", f"e{one}", "--held", "all"),
    ):
        assert run_here(*words).returncode == 0

    done = orjson.loads(run_here("audit", "--json").stdout)

    assert [(record["act"], record["about"]) for record in done] == [
        ("endpoint.enabled", f"e{one}"),
        ("endpoint.disabled", f"e{one}"),
        ("deliveries.cancelled", name),
        ("deliveries.replayed", name),
    ]
    assert done[0]["operator"].startswith("command line (")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_acts_on_readers_are_written_down_and_none_by_the_address(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        li = an_endpoint(db, channel="email", address="li@mail.example")
        reader = f"s{a_subscription(db, endpoint_id=li, channel='email')}"
    for words in (
        ("subscriptions", "pause", reader),
        ("subscriptions", "pause", reader),
        ("subscriptions", "resume", reader),
        ("subscribers", "export", "li@mail.example"),
        ("subscriptions", "remove", reader),
        ("subscribers", "erase", "li@mail.example", "--yes"),
    ):
        assert run_here(*words).returncode == 0

    said = run_here("audit", "--json").stdout

    acts = [record["act"] for record in orjson.loads(said)]
    assert acts[:2] == ["subscriber.erased", "subscription.ended"]
    assert acts[2:] == ["subscriber.exported", "subscription.resumed", "subscription.paused"]
    assert "mail.example" not in said
