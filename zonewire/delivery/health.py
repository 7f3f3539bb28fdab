"""An endpoint's health: kept with each settlement, judged by time and number, never by a count alone.

Disabled are endpoints whose receiver says that it is gone, and those that failed for `disable_after_s` without one
success and at least 20 times. What is owed to a disabled endpoint is held; to one that is gone, cancelled (upkeep).
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, and_, bindparam, case, or_, select, update

from zonewire.delivery.outcomes import Delivered, Later, Never, said
from zonewire.delivery.states import INTENT_KINDS
from zonewire.store import SECOND, Spelled, as_rows, many, values_of
from zonewire.store.tables import endpoints
from zonewire.telemetry import told_of

if TYPE_CHECKING:
    from zonewire.delivery.ledger import Settlement

log = structlog.get_logger()

FEWEST_FAILURES = 20
"""An endpoint with fewer failures in a row is never disabled by time."""

LONG = 3600 * SECOND
"""Who has failed for so long, and so often, and takes something again comes back step by step (ramps.py)."""
_RAMPED = ("webhook", "websub")
"""Whose receivers stand alone: mail goes by way of one server, and robots have paces."""

_SAID_BY_STATUS = frozenset({"email", "webhook", "websub"})

TOO_LONG = "failed for too long without one success"
"""Why an endpoint is disabled that no person and no receiver turned off."""

# Those of a batch's endpoints that change, locked in one order, so that no two workers lock them crosswise.
_CHANGING = (
    select(endpoints.c.id)
    .where(
        endpoints.c.id.in_(values_of(many("tried_ids"))),
        or_(endpoints.c.failures > 0, endpoints.c.ramp == 0, endpoints.c.id.in_(values_of(many("unwell_ids")))),
    )
    .order_by(endpoints.c.id)
    .with_for_update(key_share=True)
)

_FAILED_FOR_LONG = and_(
    endpoints.c.ramp.is_(None),
    endpoints.c.failures >= FEWEST_FAILURES,
    endpoints.c.failing_since <= bindparam("long_ago"),
    endpoints.c.channel.in_(_RAMPED),
)
# Endpoints that took something: whatever failed before is over, and a probe has succeeded.
_WELL = (
    update(endpoints)
    .where(
        endpoints.c.id.in_(values_of(many("well_ids"))),
        or_(endpoints.c.failures > 0, endpoints.c.ramp == 0),
        endpoints.c.state != "disabled",  # what was still in flight when it was disabled does not enable it
    )
    .values(
        failures=0,
        failing_since=None,
        state="healthy",
        last_error=None,
        ramp=case((or_(endpoints.c.ramp == 0, _FAILED_FOR_LONG), 1), else_=endpoints.c.ramp),
    )
)

# Endpoints that failed, with how often and what was said last. One without an address was erased meanwhile: what was
# said may name whose it was.
_FAILED = Spelled(
    """
    UPDATE endpoints SET failures = failures + f.n, failing_since = COALESCE(failing_since, :moment),
        last_error = f.error, state = CASE WHEN state = 'disabled' THEN state ELSE 'failing' END
    FROM {rows} AS f
    WHERE endpoints.id = f.id AND (endpoints.address IS NOT NULL OR endpoints.sealed_address IS NOT NULL)
    """,
    columns=("id bigint", "n bigint", "error text"),
)

_DISABLE_FAILING = (
    update(endpoints)
    .where(
        endpoints.c.id.in_(values_of(many("failed_ids"))),
        endpoints.c.state != "disabled",
        endpoints.c.failures >= FEWEST_FAILURES,
        endpoints.c.failing_since <= bindparam("failing_before"),
    )
    .values(state="disabled", disabled_at=bindparam("moment"), reason=TOO_LONG)
    .returning(endpoints.c.id)
)

GONE = "the receiver says that it is gone"

# Endpoints that cannot work any more: gone for good, or until somebody has mended their settings.
_DISABLE_AT_ONCE = Spelled(
    """
    UPDATE endpoints SET state = 'disabled', gone = (gone OR r.is_gone = 1), disabled_at = :moment, reason = r.why
    FROM {rows} AS r
    WHERE endpoints.id = r.id AND (endpoints.state <> 'disabled' OR (r.is_gone = 1 AND NOT endpoints.gone))
    RETURNING endpoints.id
    """,
    columns=("id bigint", "is_gone bigint", "why text"),
)


def note(db: Connection, settlements: "Sequence[Settlement]", *, disable_after_s: int, now: int) -> list[int]:
    """Bring the endpoints of *settlements* up to date; those that had failed and took something now.

    How the hub's questions are answered says nothing of an endpoint: anybody can make it ask them.
    """
    settlements = [s for s in settlements if s.row.kind not in INTENT_KINDS]
    well = {s.row.endpoint_id for s in settlements if isinstance(s.outcome, Delivered)}
    failed = [s for s in settlements if not isinstance(s.outcome, Delivered) and s.row.endpoint_id not in well]
    closing = dict(sorted(_closing(s) for s in settlements if _closes(s)))
    unwell = closing.keys() | {s.row.endpoint_id for s in failed}
    tried = {"tried_ids": list(well | unwell), "unwell_ids": list(unwell)}
    changing = db.execute(_CHANGING, tried).scalars().all()
    if recovered := [endpoint for endpoint in changing if endpoint in well]:
        db.execute(_WELL, {"well_ids": recovered, "long_ago": now - LONG})
    if not unwell:
        return recovered
    times = Counter(s.row.endpoint_id for s in failed)
    words = {s.row.endpoint_id: said(getattr(s.outcome, "error", ""))[:200] for s in failed}
    if times:
        rows = as_rows([(endpoint, n, words[endpoint]) for endpoint, n in sorted(times.items())])
        db.execute(_FAILED.on(db), {"rows": rows, "moment": now})
    before = {"failed_ids": sorted(times), "failing_before": now - disable_after_s * SECOND, "moment": now}
    closed = list(db.execute(_DISABLE_FAILING, before).scalars())
    if closing:
        rows = as_rows([(endpoint, gone, reason) for endpoint, (gone, reason) in closing.items()])
        closed += db.execute(_DISABLE_AT_ONCE.on(db), {"rows": rows, "moment": now}).scalars()
    channels = {s.row.endpoint_id: s.row.channel for s in failed}
    for endpoint in closed:
        error = told_of(channels.get(endpoint, ""), words.get(endpoint, ""))
        log.warning("endpoint.disabled", endpoint_id=f"e{endpoint}", error=error)
    return recovered


def _closes(s: "Settlement") -> bool:
    """Whether nothing more can go to its endpoint."""
    match s.outcome:
        case Never():
            return s.outcome.close_endpoint or s.outcome.disable_endpoint
        case Later(then_disable=True, most_tries=int(most)):
            return s.row.attempts + 1 >= most
    return False


def _closing(s: "Settlement") -> tuple[int, tuple[int, str]]:
    """An endpoint, whether it is gone for good, and why, for whoever looks at it."""
    is_gone = isinstance(s.outcome, Never) and s.outcome.close_endpoint
    reason = GONE if is_gone and s.row.channel in _SAID_BY_STATUS else said(getattr(s.outcome, "error", ""))[:200]
    return s.row.endpoint_id, (int(is_gone), reason)
