"""Every statement on the ledger. The ones that the planner is touchy about are spelled by hand.

`now`, times and waits are microseconds. Nothing here holds a transaction: ledger.py and owing.py call them in theirs.
"""

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from zonewire.delivery.states import Move, State
from zonewire.store import Spelled, many, values_of
from zonewire.store.tables import attempts, deliveries, leases

# The places (host, endpoint) of a lane that have ready rows, from a cursor on, each found by one step in the index
# `ready`; a host is left as soon as `room` of its endpoints have been seen, a full one at once. Nothing is read of
# rows that would have to wait. `busy` names the hosts with fewer free places than `room`.
WALK = Spelled(
    """
    WITH RECURSIVE
    busy AS {materialized} (SELECT * FROM {rows} AS b),
    walk (id, host_id, endpoint_id, seen, steps) AS (
        SELECT d.id, d.host_id, d.endpoint_id, 1, 1 FROM deliveries d WHERE d.id = COALESCE(
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id = :host
               AND n.endpoint_id > :endpoint ORDER BY n.endpoint_id, n.due_at LIMIT 1),
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id > :host
               ORDER BY n.host_id, n.endpoint_id, n.due_at LIMIT 1))
        UNION ALL
        SELECT d.id, d.host_id, d.endpoint_id, CASE WHEN d.host_id = w.host_id THEN w.seen + 1 ELSE 1 END, w.steps + 1
        FROM walk w JOIN deliveries d ON d.id = COALESCE(
            CASE WHEN w.seen < COALESCE((SELECT b.free FROM busy b WHERE b.host_id = w.host_id), :room) THEN
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id = w.host_id
               AND n.endpoint_id > w.endpoint_id ORDER BY n.endpoint_id, n.due_at LIMIT 1) END,
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id > w.host_id
               ORDER BY n.host_id, n.endpoint_id, n.due_at LIMIT 1))
        WHERE w.steps < :steps
    )
    SELECT {collect}({array}(w.host_id, w.endpoint_id)) FROM walk w
    """,
    columns=("host_id bigint", "free bigint"),
    sqlite={"materialized": ""},
    postgresql={"materialized": "MATERIALIZED"},
)

# A row may be claimed if its article has no newer version, and if no older one is on its way to the same endpoint: of a
# first version there can be none. The article is a scalar subquery: as a join it took 4.5 s a claim on statistics from
# before a fan-out.
_CLAIMABLE = """
    (n.number IS NULL OR n.kind NOT IN ('news', 'withdrawal')
     OR (SELECT a.newest = n.number AND (a.version = 1 OR NOT EXISTS (
            SELECT 1 FROM deliveries o WHERE o.kind IN ('news', 'withdrawal') AND o.article_id = n.article_id
               AND o.endpoint_id = n.endpoint_id AND o.number < n.number AND o.state = 'sending'))
         FROM articles a WHERE a.id = n.article_id))
"""

# What a claim needs to know of each row: all that a request is built of but the bodies. In the order of ledger.Claimed.
# (Sealed secrets are ASCII.)
_COLUMNS = """
    d.id, d.created_at, d.kind, d.state, d.host_id, d.endpoint_id, d.article_id, d.number, d.edition_id,
    d.subscription_id, d.due_at, d.attempts, d.waits, e.channel, e.address,
    {ascii}(e.sealed_address {as_ascii}), {ascii}(e.secret {as_ascii}), {ascii}(e.previous_secret {as_ascii}),
    e.previous_until, h.name,
    CASE WHEN d.event_type IS NULL AND d.kind IN ('news', 'withdrawal') THEN (
        SELECT a.version > 1 FROM articles a WHERE a.id = d.article_id) AND EXISTS (
        SELECT 1 FROM deliveries o WHERE o.kind IN ('news', 'withdrawal') AND o.article_id = d.article_id
          AND o.endpoint_id = d.endpoint_id AND o.number < d.number AND (o.state = 'delivered' OR o.unknowns > 0)
    ) END,
    d.event_type, d.sequence
"""

_FROM_PLACES = """
    FROM {rows} AS p {join}
    JOIN endpoints e ON e.id = d.endpoint_id AND e.state <> 'disabled' AND NOT e.gone
    JOIN hosts h ON h.id = d.host_id
"""
_AT_PLACE = f"""
    n.lane = :lane AND n.ready = 1 AND n.lapses < 2 AND n.host_id = p.host_id AND n.endpoint_id = p.endpoint_id
    AND {_CLAIMABLE} ORDER BY n.due_at
"""

# The oldest claimable rows, at most `each` of every place named in `rows`; places whose endpoint is disabled give none.
CANDIDATES = Spelled(
    "SELECT {collect}({array}(" + _COLUMNS + "))" + _FROM_PLACES,
    columns=("host_id bigint", "endpoint_id bigint"),
    sqlite={
        "join": f"CROSS JOIN deliveries d ON d.id IN (SELECT n.id FROM deliveries n WHERE {_AT_PLACE} LIMIT :each)"
    },
    postgresql={
        "join": f"""CROSS JOIN LATERAL (
            SELECT n.* FROM deliveries n WHERE {_AT_PLACE} LIMIT :each FOR NO KEY UPDATE SKIP LOCKED) AS d""",
    },
)

# The same for one row of each place, which is the rule with many endpoints: without a list for each it takes a third.
CANDIDATES_ONE_EACH = Spelled(
    "SELECT {collect}({array}(" + _COLUMNS + "))" + _FROM_PLACES,
    columns=("host_id bigint", "endpoint_id bigint"),
    sqlite={"join": f"CROSS JOIN deliveries d ON d.id = (SELECT n.id FROM deliveries n WHERE {_AT_PLACE} LIMIT 1)"},
    postgresql={
        "join": f"""CROSS JOIN LATERAL (
            SELECT n.* FROM deliveries n WHERE {_AT_PLACE} LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS d""",
    },
)

# One row whose lease ran out twice or more: it is claimed alone. By the index `suspects`.
SUSPECT = Spelled(
    "SELECT {collect}({array}("
    + _COLUMNS
    + f"""))
    FROM deliveries d
    JOIN endpoints e ON e.id = d.endpoint_id AND e.state <> 'disabled' AND NOT e.gone
    JOIN hosts h ON h.id = d.host_id
    WHERE d.id = (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.lapses >= 2
        AND {_CLAIMABLE} ORDER BY n.due_at LIMIT 1 {{lock}})
    """,
    sqlite={"lock": ""},
    postgresql={"lock": "FOR NO KEY UPDATE SKIP LOCKED"},
)

# When the oldest row of a lane that waits to be claimed alone came due. By the index `suspects`.
OLDEST_SUSPECT = select(func.min(deliveries.c.due_at)).where(
    deliveries.c.lane == bindparam("lane"),
    literal_column("ready") == literal_column("1"),
    literal_column("lapses") >= literal_column("2"),
)

OPEN_LEASE = insert(leases).returning(leases.c.id)

# The rows of one claimed batch, by primary key; event type and sequence are fixed here for good. (With `ready = 1` in
# it PostgreSQL took the index of ready rows instead, once for each row of the batch: 18 s for a thousand.)
CLAIM = Spelled(
    """
    UPDATE deliveries SET state = 'sending', ready = NULL, lease_id = :lease_id, lone = :lone,
        event_type = c.event_type, sequence = c.sequence
    FROM {rows} AS c
    WHERE deliveries.id = c.id AND deliveries.state IN ('pending', 'retrying')
    """,
    columns=("id bigint", "event_type text", "sequence bigint"),
)

# The next numbers of the endpoints of a batch, as many as each has new rows in it; and what the last ones are then.
TAKE_SEQUENCES = Spelled(
    """
    INSERT INTO sequences (endpoint_id, last) SELECT c.endpoint_id, c.n FROM {rows} AS c WHERE true
    ON CONFLICT (endpoint_id) DO UPDATE SET last = sequences.last + excluded.last
    """,
    columns=("endpoint_id bigint", "n bigint"),
)
LAST_SEQUENCES = Spelled(
    "SELECT {collect}({array}(s.endpoint_id, s.last))"
    " FROM {rows} AS c {join} sequences s ON s.endpoint_id = c.endpoint_id",
    columns=("endpoint_id bigint",),
    sqlite={"join": "CROSS JOIN"},
    postgresql={"join": "JOIN"},
)

# The rows that this holder claimed and has delivered. Guarded by state and lease: a late finisher changes nothing.
SETTLE_DELIVERED = (
    Move.DELIVER.statement()
    .where(
        deliveries.c.id.in_(values_of(many("delivered_ids"))),
        deliveries.c.lease_id.in_(values_of(many("held_leases"))),
    )
    .values(
        ready=None,
        due_at=None,
        lease_id=None,
        lone=False,
        settled_at=bindparam("settled_at"),
        attempts=deliveries.c.attempts + 1,
    )
)

# The rows whose try failed and that have another: each with its own time.
SETTLE_RETRY = Spelled(
    """
    UPDATE deliveries SET state = 'retrying', ready = 0, due_at = r.due_at, lease_id = NULL, lone = {false}, lapses = 0,
        attempts = attempts + r.spent, waits = waits + 1 - r.spent, unknowns = unknowns + r.unknown
    FROM {rows} AS r
    WHERE deliveries.id = r.id AND deliveries.lease_id = r.lease_id AND deliveries.state = 'sending'
    RETURNING deliveries.id
    """,
    columns=("id bigint", "lease_id bigint", "due_at bigint", "spent bigint", "unknown bigint"),
    sqlite={"false": "0"},
    postgresql={"false": "false"},
)

# The rows whose tries have run out, or that can never work.
SETTLE_DEAD = Spelled(
    """
    UPDATE deliveries SET state = 'dead', ready = NULL, due_at = NULL, lease_id = NULL, settled_at = :settled_at,
        attempts = attempts + r.spent, unknowns = unknowns + r.unknown, reason = r.reason
    FROM {rows} AS r
    WHERE deliveries.id = r.id AND deliveries.lease_id = r.lease_id AND deliveries.state = 'sending'
    RETURNING deliveries.id
    """,
    columns=("id bigint", "lease_id bigint", "spent bigint", "unknown bigint", "reason text"),
)

# A message that turned out to have no receiver (a withdrawal of what was never had) is cancelled at its claim.
CANCEL_CLAIMED = (
    update(deliveries)
    .where(deliveries.c.id.in_(values_of(many("cancelled_ids"))), deliveries.c.state.in_(Move.CANCEL.sources))
    .values(
        state=State.CANCELLED,
        ready=None,
        due_at=None,
        lease_id=None,
        settled_at=bindparam("settled_at"),
        reason=bindparam("why"),
    )
)

# Rows that were claimed and never tried, because their host stopped answering: due again in a moment.
HAND_BACK = (
    Move.RETRY.statement()
    .where(
        deliveries.c.id.in_(values_of(many("unsent_ids"))),
        deliveries.c.lease_id.in_(values_of(many("held_leases"))),
    )
    .values(ready=0, due_at=bindparam("again_at"), lease_id=None, lone=False)
)

RECORD_ATTEMPTS = insert(attempts)

# One row a claimed batch.
RENEW = update(leases).where(leases.c.id.in_(values_of(many("lease_ids")))).values(until_at=bindparam("renewed_until"))
CLOSE_LEASES = delete(leases).where(leases.c.id.in_(values_of(many("lease_ids"))))
LAPSED_LEASES = select(leases.c.id).where(leases.c.until_at < bindparam("moment")).limit(bindparam("most"))
LEASES_OF_WORKER = select(leases.c.id).where(leases.c.worker == bindparam("holder"))

# The rows of leases that ran out, by the index `lease`. A third lapse of a row that had its lease alone kills it.
DEAD_BY_LAPSE = (
    Move.BURY.statement()
    .where(
        deliveries.c.lease_id.in_(values_of(many("lease_ids"))),
        literal_column("state") == literal_column("'sending'"),
        deliveries.c.lone,
        deliveries.c.lapses + 1 >= bindparam("most_lapses"),
    )
    .values(
        ready=None,
        due_at=None,
        lease_id=None,
        settled_at=bindparam("settled_at"),
        lapses=deliveries.c.lapses + 1,
        reason="killed its worker three times",
    )
    .returning(deliveries.c.lane)
)
RETURN_LAPSED = (
    Move.RETRY.statement()
    .where(
        deliveries.c.lease_id.in_(values_of(many("lease_ids"))),
        literal_column("state") == literal_column("'sending'"),
    )
    .values(
        ready=1,
        due_at=bindparam("returned_at"),
        lease_id=None,
        lone=False,
        lapses=deliveries.c.lapses + bindparam("counted"),
        # The process died with the request in its hands: bytes may have gone out.
        unknowns=deliveries.c.unknowns + 1,
    )
    .returning(deliveries.c.lane)
)
SHARE = (
    update(deliveries)
    .where(deliveries.c.id.in_(values_of(many("shared_ids"))), deliveries.c.state == State.SENDING)
    .values(lone=False)
)

# Retries whose time has come, oldest first, by the index `waiting`.
RIPEN = (
    update(deliveries)
    .where(
        deliveries.c.id.in_(
            select(deliveries.c.id)
            .where(
                deliveries.c.lane == bindparam("ripe_lane"),
                literal_column("ready") == literal_column("0"),
                deliveries.c.due_at <= bindparam("moment"),
            )
            .order_by(deliveries.c.due_at)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True, key_share=True),
        ),
        deliveries.c.ready == 0,
    )
    .values(ready=1)
)

# Whether anything of a lane is due now or claimable.
NEXT_DUE = select(
    select(deliveries.c.id)
    .where(deliveries.c.lane == bindparam("due_lane"), literal_column("ready") == literal_column("1"))
    .limit(1)
    .scalar_subquery()
    .label("ready"),
    select(func.min(deliveries.c.due_at))
    .where(deliveries.c.lane == bindparam("due_lane"), literal_column("ready") == literal_column("0"))
    .scalar_subquery()
    .label("next_at"),
)
