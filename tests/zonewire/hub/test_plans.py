"""What the hub asks often stays quick however many subscribe: each statement goes by its index."""

import pytest
from sqlalchemy import Connection, Executable, insert, text

from tests.builders import NOON, an_endpoint
from tests.plans import plan_of
from zonewire.hub import asking, ending, looking, notices
from zonewire.store import is_postgresql
from zonewire.store.tables import hub_subscriptions

MANY = 3_000


@pytest.fixture
def many(db: Connection) -> Connection:
    rows = [
        {
            "endpoint_id": 0,
            "feed_id": n,
            "feed": f"zone/z{n}",
            "format": "atom",
            "state": "active",
            "requested_by": f"198.51.100.{n % 250}",
            "lease_until": NOON + n,
            "created_at": NOON,
            "state_at": NOON,
        }
        for n in range(MANY)
    ]
    endpoint = an_endpoint(db, channel="websub")
    db.execute(insert(hub_subscriptions), [row | {"endpoint_id": endpoint} for row in rows])
    db.execute(text("ANALYZE"))
    return db


@pytest.mark.parametrize(
    ("statement", "parameters", "index"),
    [
        (notices._SUBSCRIBED, {"of_feed": 7, "after": 0, "moment": NOON, "most": 100}, "ix_hub_subscriptions_active"),
        (ending._OVER, {"moment": NOON + 5, "most": 100}, "ix_hub_subscriptions_lease_until"),
        (looking._NOTICES, {"of_subscription": 7}, "ix_deliveries_hub"),
        (asking._OPEN, {"asker": "198.51.100.7"}, "ix_hub_subscriptions_requested_by"),
    ],
    ids=["telling", "expiring", "looking", "limiting"],
)
def test_the_hub_goes_by_its_indices(
    many: Connection, statement: Executable, parameters: dict[str, object], index: str
) -> None:
    plan = "\n".join(plan_of(many, statement, parameters))
    if not (is_postgresql(many) and index == "ix_deliveries_hub"):  # an empty ledger is read whole there
        assert index in plan, plan
