"""One endpoint with all that an operator asks about it; never a secret."""

from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from zonewire.articles.model import rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.states import State
from zonewire.store.tables import attempts, deliveries, endpoints, hosts

ATTEMPTS_SHOWN = 10

_ENDPOINT = (
    select(endpoints, hosts.c.name.label("host"))
    .join(hosts, hosts.c.id == endpoints.c.host_id)
    .where(endpoints.c.id == bindparam("endpoint_id"))
)
_BY_STATE = (
    select(deliveries.c.state, func.count().label("n"))
    .where(deliveries.c.endpoint_id == bindparam("endpoint_id"))
    .group_by(deliveries.c.state)
)
_LAST_FAILURES = (
    select(attempts, deliveries.c.created_at)
    .join(deliveries, deliveries.c.id == attempts.c.delivery_id)
    .where(deliveries.c.endpoint_id == bindparam("endpoint_id"))
    .order_by(attempts.c.id.desc())
)
_HELD = (
    select(func.count())
    .select_from(deliveries)
    .where(
        deliveries.c.endpoint_id == bindparam("endpoint_id"),
        deliveries.c.due_at.is_(None),
        deliveries.c.state.in_(["pending", "retrying"]),
    )
)


def show_endpoint(
    db: Connection, endpoint_id: int, *, installation: int, now: int, failures: int | None = ATTEMPTS_SHOWN
) -> dict[str, Any]:
    """What `endpoints show --json` prints but for its subscriptions: the keys of `endpoints list`, and more.

    Of the failed tries the last *failures*; None: all that are kept.
    """
    of = {"endpoint_id": endpoint_id}
    row = db.execute(_ENDPOINT, of).one()
    both_until = row.previous_until if (row.previous_until or 0) > now else None
    by_state = {state.value: 0 for state in State} | {one.state: one.n for one in db.execute(_BY_STATE, of)}
    return {
        "id": shown_id(row.id),
        "channel": row.channel,
        "to": row.address,
        "host": row.host,
        "state": row.state,
        "reason": row.reason,
        "gone": row.gone,
        "coming_back": row.ramp is not None and row.state != "disabled",
        "last_error": row.last_error,
        "failures": row.failures,
        "failing_since": _moment(row.failing_since),
        "disabled_at": _moment(row.disabled_at),
        "created_at": _moment(row.created_at),
        "old_secret_signs_until": _moment(both_until),
        "held": db.execute(_HELD, of).scalar_one(),
        "deliveries": by_state,
        "last_failures": [
            {
                "at": rfc3339(one.at),
                "delivery": delivery_uuid(installation, one.delivery_id, one.created_at),
                "outcome": one.outcome,
                "status": one.status,
                "error": one.error,
                "answer": one.answer,
            }
            for one in db.execute(_LAST_FAILURES.limit(failures), of)
        ],
    }


def _moment(value: int | None) -> str | None:
    return None if value is None else rfc3339(value)
