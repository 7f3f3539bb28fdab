"""Every statement on the ledger. The ones that the planner is touchy about are spelled by hand.

`now`, times and waits are microseconds. Nothing here holds a transaction: ledger.py and owing.py call them in theirs.
"""

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from zonewire.delivery.states import Move, State
from zonewire.store import Spelled, many, values_of
from zonewire.store.tables import attempts, deliveries, leases

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

# Whether the endpoint has, or may have, an older version of the article.
_HAD_OF = """
    (SELECT a.version > 1 FROM articles a WHERE a.id = {row}.article_id) AND EXISTS (
        SELECT 1 FROM deliveries o WHERE o.kind IN ('news', 'withdrawal') AND o.article_id = {row}.article_id
           AND o.endpoint_id = {row}.endpoint_id AND o.number < {row}.number
           AND (o.state = 'delivered' OR o.unknowns > 0))
"""
_HAD = _HAD_OF.format(row="deliveries")

# What an article's delivery is, once it is claimed.
_EVENT_TYPE = f"""
    CASE WHEN event_type IS NOT NULL OR kind NOT IN ('news', 'withdrawal') THEN event_type
        WHEN kind = 'withdrawal' THEN 'article.withdrawn'
        WHEN {_HAD} THEN 'article.updated' ELSE 'article.published' END
"""

_ROOM = "COALESCE((SELECT b.free FROM busy b WHERE b.host_id = d.host_id), CAST(:room AS bigint))"
_IS_OPEN = "e.state <> 'disabled' AND NOT e.gone"
_ID_IF_CLAIMABLE = f"CASE WHEN {_IS_OPEN} AND n.lapses < 2 AND {_CLAIMABLE} THEN n.id ELSE 0 END"
_IS_UNNUMBERED = "(e.channel = 'webhook' AND {row}.sequence IS NULL)"  # its claim gives it its endpoint's next number

# The next ready rows of a lane behind a place, by the index `ready`. A row has its id only if it may be claimed; and on
# PostgreSQL none has, since a row must be locked first: on SQLite nobody else can take it meanwhile.
SCAN = Spelled(
    """
    SELECT {collect}({array}(s.host_id, s.endpoint_id, s.due_at, s.id, s.state, s.kind, s.unnumbered)) FROM (
        SELECT n.host_id, n.endpoint_id, n.due_at, {id} AS id, n.state, n.kind, {unnumbered} AS unnumbered
        FROM deliveries n {looking_at_it}
        WHERE n.lane = :lane AND n.ready = 1 AND (n.host_id, n.endpoint_id) > (:host, :endpoint)
        ORDER BY n.host_id, n.endpoint_id, n.due_at LIMIT :steps) AS s
    """,
    sqlite={
        "id": _ID_IF_CLAIMABLE,
        "unnumbered": _IS_UNNUMBERED.format(row="n"),
        "looking_at_it": "CROSS JOIN endpoints e ON e.id = n.endpoint_id",
    },
    postgresql={"id": "0", "unnumbered": "0", "looking_at_it": ""},
)

# The places (host, endpoint) of a lane that have ready rows, from a cursor on, each found by one step in the index
# `ready`; a host is left as soon as `room` of its endpoints have been seen, a full one at once. Nothing is read of
# rows that would have to wait. `busy` names the hosts with fewer free places than `room`. Each place comes with its
# oldest row, as in SCAN.
WALK = Spelled(
    """
    WITH RECURSIVE
    busy AS {materialized} (SELECT * FROM {rows} AS b),
    walk (id, host_id, endpoint_id, room, seen, steps) AS (
        SELECT d.id, d.host_id, d.endpoint_id, {room}, 1, 1 FROM deliveries d WHERE d.id = COALESCE(
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id = :host
               AND n.endpoint_id > :endpoint ORDER BY n.endpoint_id, n.due_at LIMIT 1),
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id > :host
               ORDER BY n.host_id, n.endpoint_id, n.due_at LIMIT 1))
        UNION ALL
        SELECT d.id, d.host_id, d.endpoint_id, CASE WHEN d.host_id = w.host_id THEN w.room ELSE {room} END,
            CASE WHEN d.host_id = w.host_id THEN w.seen + 1 ELSE 1 END, w.steps + 1
        FROM walk w JOIN deliveries d ON d.id = COALESCE(
            CASE WHEN w.seen < w.room THEN
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id = w.host_id
               AND n.endpoint_id > w.endpoint_id ORDER BY n.endpoint_id, n.due_at LIMIT 1) END,
            (SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 1 AND n.host_id > w.host_id
               ORDER BY n.host_id, n.endpoint_id, n.due_at LIMIT 1))
        WHERE w.steps < :steps
    )
    SELECT {collect}({array}(n.host_id, n.endpoint_id, n.due_at, {id}, n.state, n.kind, {unnumbered}))
    FROM walk w CROSS JOIN deliveries n {looking_at_it}
    """,
    columns=("host_id bigint", "free bigint"),
    sqlite={
        "materialized": "",
        "room": _ROOM,
        "id": _ID_IF_CLAIMABLE,
        "unnumbered": _IS_UNNUMBERED.format(row="n"),
        "looking_at_it": "CROSS JOIN endpoints e ON e.id = n.endpoint_id WHERE n.id = w.id",
    },
    postgresql={
        "materialized": "MATERIALIZED",
        "room": _ROOM,
        "id": "0",
        "unnumbered": "0",
        "looking_at_it": "WHERE n.id = w.id",
    },
)

_UNNUMBERED = _IS_UNNUMBERED.format(row="d")
_CHOSEN = f"{{collect}}({{array}}(d.host_id, d.endpoint_id, d.due_at, d.id, d.state, d.kind, {_UNNUMBERED}))"
_AT_PLACE = f"""
    n.lane = :lane AND n.ready = 1 AND n.lapses < 2 AND n.host_id = p.host_id AND n.endpoint_id = p.endpoint_id
    AND {_CLAIMABLE} ORDER BY n.due_at
"""

# The oldest claimable rows, at most `each` of every place named in `rows`; places whose endpoint is disabled give none.
CANDIDATES = Spelled(
    f"SELECT {_CHOSEN} FROM {{rows}} AS p {{join}} JOIN endpoints e ON e.id = d.endpoint_id AND {_IS_OPEN}",
    columns=("host_id bigint", "endpoint_id bigint"),
    sqlite={
        "join": f"CROSS JOIN deliveries d ON d.id IN (SELECT n.id FROM deliveries n WHERE {_AT_PLACE} LIMIT :each)"
    },
    postgresql={
        "join": f"""CROSS JOIN LATERAL (
            SELECT n.* FROM deliveries n WHERE {_AT_PLACE} LIMIT :each FOR NO KEY UPDATE SKIP LOCKED) AS d""",
    },
)

# What an endpoint with terms is sent first: the rest of a message of several parts, a test, what is put right, a digest
# (the newest first), news (by `order`: 1, the oldest first; -1, the newest).
_SORT = f"""
    CASE WHEN {{row}}.part > 0 AND {{row}}.kind = 'digest' THEN 0 WHEN {{row}}.kind = 'test' THEN 1
        WHEN {{row}}.kind IN ('withdrawal', 'revision') OR {{row}}.event_type = 'article.updated'
          OR ({{row}}.kind = 'news' AND {{row}}.event_type IS NULL AND {_HAD_OF}) THEN 2
        WHEN {{row}}.kind = 'digest' THEN 3 ELSE 4 END
"""
_RANK = "COALESCE(-{row}.edition_id, {row}.number * CAST(:order AS bigint), {row}.id)"
_AT_PACED = f"""
    n.lane = :lane AND n.ready = 1 AND n.lapses < 2 AND n.host_id = p.host_id AND n.endpoint_id = p.endpoint_id
    AND {_CLAIMABLE} ORDER BY {_SORT.format(row="n")}, {_RANK.format(row="n")}
"""
# The rows that come first at each place in `rows`, at most `each`; in the order of delivery.loads.Candidate.
LOAD_CANDIDATES = Spelled(
    f"""
    SELECT {{collect}}({{array}}(d.host_id, d.endpoint_id, {_SORT.format(row="d")}, {_RANK.format(row="d")}, d.id,
        d.due_at, d.state, d.kind, CASE WHEN d.plain THEN 1 ELSE 0 END, d.part))
    FROM {{rows}} AS p {{join}} JOIN endpoints e ON e.id = d.endpoint_id AND {_IS_OPEN}
    """,
    columns=("host_id bigint", "endpoint_id bigint"),
    sqlite={
        "join": f"CROSS JOIN deliveries d ON d.id IN (SELECT n.id FROM deliveries n WHERE {_AT_PACED} LIMIT :each)"
    },
    postgresql={
        "join": f"""CROSS JOIN LATERAL (
            SELECT n.* FROM deliveries n WHERE {_AT_PACED} LIMIT :each FOR NO KEY UPDATE SKIP LOCKED) AS d"""
    },
)

# What is ready at the places in `rows` and worth nothing any more: nothing that puts something right. By `ready`.
WORTHLESS = Spelled(
    """
    SELECT {collect}({array}(w.id)) FROM (
        SELECT d.id FROM {rows} AS p {join} deliveries d
          ON d.lane = :lane AND d.ready = 1 AND d.host_id = p.host_id AND d.endpoint_id = p.endpoint_id
        WHERE d.worthless_at <= :moment AND COALESCE(d.event_type, '') <> 'article.updated'
          AND NOT COALESCE({had}, {false}) LIMIT :most) AS w
    """.replace("{had}", _HAD_OF.format(row="d")),
    columns=("host_id bigint", "endpoint_id bigint"),
    sqlite={"join": "CROSS JOIN", "false": "0"},
    postgresql={"join": "JOIN", "false": "false"},
)

# All that is ready at some places waits until its endpoint may be sent to again: nobody looks at it before. By `ready`.
PARK = Spelled(
    """
    UPDATE deliveries SET ready = 0, due_at = r.free_at FROM {rows} AS r
    WHERE deliveries.lane = :lane AND deliveries.ready = 1 AND deliveries.host_id = r.host_id
      AND deliveries.endpoint_id = r.endpoint_id
    """,
    columns=("host_id bigint", "endpoint_id bigint", "free_at bigint"),
)

# Retries that wait for the endpoints in `rows`, which answer again, and for others at their hosts that were failing;
# but not where a receiver has said itself when to come.
HASTEN_AT_HOSTS = Spelled(
    """
    UPDATE deliveries SET due_at = :moment WHERE id IN (
        SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 0 AND n.state = 'retrying' AND n.attempts > 0
          AND n.waits = 0 AND n.due_at > :moment AND n.host_id IN (SELECT p.host_id FROM {rows} AS p)
          AND (n.endpoint_id IN (SELECT p.endpoint_id FROM {rows} AS p)
            OR n.endpoint_id IN (SELECT e.id FROM endpoints e WHERE e.failures > 0)) LIMIT :most {lock})
    """,
    columns=("host_id bigint", "endpoint_id bigint"),
    sqlite={"lock": ""},
    postgresql={"lock": "FOR NO KEY UPDATE SKIP LOCKED"},
)

# One row whose lease ran out twice or more: it is claimed alone. By the index `suspects`.
SUSPECT = Spelled(
    f"SELECT {_CHOSEN}"
    f"""
    FROM deliveries d JOIN endpoints e ON e.id = d.endpoint_id AND {_IS_OPEN}
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

# Withdrawals that turn out at their claim to have no receiver.
CANCEL_UNNEEDED = Spelled(
    f"""
    UPDATE deliveries SET state = 'cancelled', ready = NULL, due_at = NULL, lease_id = NULL, settled_at = :settled_at,
        reason = 'nothing to withdraw'
    WHERE id IN {{ids}} AND kind = 'withdrawal' AND event_type IS NULL AND state IN ('pending', 'retrying')
        AND NOT COALESCE({_HAD}, {{false}})
    RETURNING id
    """,
    sqlite={"false": "0"},
    postgresql={"false": "false"},
)

# The next numbers of endpoints: as many for each as its id is among `ids`.
TAKE_SEQUENCES = Spelled(
    """
    INSERT INTO sequences (endpoint_id, last) SELECT r.id, count(*) FROM {ids} AS r GROUP BY r.id ORDER BY r.id
    ON CONFLICT (endpoint_id) DO UPDATE SET last = sequences.last + excluded.last
    """
)

# The rows of one claimed batch, by primary key; event type and sequence are fixed here for good: the newest row of an
# endpoint gets its last number. (With `ready = 1` in it PostgreSQL took the index of ready rows instead, once for each
# row of the batch: 18 s for a thousand.)
_CLAIM = f"""
    UPDATE deliveries SET state = 'sending', ready = NULL, lease_id = :lease_id, lone = :lone,
        event_type = {_EVENT_TYPE},
        sequence = COALESCE(deliveries.sequence, {{number}})
    {{numbered}} deliveries.id {{chosen}} AND deliveries.state IN ('pending', 'retrying')
"""
CLAIM = Spelled(
    _CLAIM.format(
        number="f.sequence",
        numbered="""FROM (
            SELECT d.id, q.last + 1 - row_number() OVER (
                PARTITION BY d.endpoint_id, d.sequence IS NULL ORDER BY d.due_at DESC, d.id DESC) AS sequence
            FROM deliveries d LEFT JOIN sequences q ON q.endpoint_id = d.endpoint_id
            WHERE d.id IN {ids}) AS f
        WHERE""",
        chosen="= f.id",
    )
)
# The same where no endpoint has two rows, which is the rule with many endpoints: nothing to count, half the time.
CLAIM_ONE_EACH = Spelled(
    _CLAIM.format(
        number="(SELECT q.last FROM sequences q WHERE q.endpoint_id = deliveries.endpoint_id)",
        numbered="WHERE",
        chosen="IN {ids}",
    )
)

# What a claim would make of one row, or has. By primary key.
EVENT_TYPE = Spelled(f"SELECT {_EVENT_TYPE} FROM deliveries WHERE id = :of_id")

# What a push needs to know of each row of a lease: all that a request is built of but the bodies. In the order of
# ledger.Claimed. A sealed secret begins with its nonce, in ASCII: as good a mark of it as the whole.
CLAIMED = Spelled(
    """
    SELECT {collect}({array}(d.id, d.created_at, d.kind, d.host_id, d.endpoint_id, d.article_id, d.number, d.edition_id,
        d.subscription_id, d.due_at, d.attempts, d.waits, d.unknowns, d.part, CASE WHEN d.plain THEN 1 ELSE 0 END,
        d.event_type, d.sequence, d.lease_id, e.channel, {ascii}(substr(e.secret, 1, 16) {as_ascii})))
    FROM deliveries d {join} endpoints e ON e.id = d.endpoint_id
    WHERE d.lease_id = :lease_id AND d.state = 'sending'
    """,
    sqlite={"join": "CROSS JOIN"},
    postgresql={"join": "JOIN"},
)

# The rows that this holder claimed and has delivered. Guarded by state and lease: a late finisher changes nothing.
SETTLE_DELIVERED = Spelled(
    """
    UPDATE deliveries SET state = 'delivered', ready = NULL, due_at = NULL, lease_id = NULL, lone = {false},
        settled_at = :settled_at, attempts = attempts + 1
    WHERE id IN {ids} AND lease_id IN {lease_ids} AND state = 'sending'
    """,
    sqlite={"false": "0"},
    postgresql={"false": "false"},
)

# Those of them that were delivered just now: asked where some were not held any more. Primary key.
DELIVERED_NOW = select(deliveries.c.id).where(
    deliveries.c.id.in_(values_of(many("of_ids"))),
    deliveries.c.state == State.DELIVERED,
    deliveries.c.settled_at == bindparam("settled_at"),
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

# The rows that go on, most of them at once, with their next part or in their plain form.
SETTLE_ON = Spelled(
    """
    UPDATE deliveries SET state = 'retrying', ready = CASE WHEN r.due_at <= :moment THEN 1 ELSE 0 END,
        due_at = r.due_at, lease_id = NULL, lone = {false}, lapses = 0, part = r.part, plain = (r.plain = 1),
        attempts = CASE WHEN r.part > deliveries.part THEN 0 ELSE attempts + r.spent END
    FROM {rows} AS r
    WHERE deliveries.id = r.id AND deliveries.lease_id = r.lease_id AND deliveries.state = 'sending'
    RETURNING deliveries.id
    """,
    columns=("id bigint", "lease_id bigint", "due_at bigint", "part bigint", "plain bigint", "spent bigint"),
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
EVERY_LEASE = select(leases.c.id)
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

# Retries whose time has come, oldest first, by the index `waiting`. (With `ready = 0` outside as well PostgreSQL
# joined by it, on statistics from before, and looked through all that waits for each row of it: 76 s for 20,000.)
RIPEN = Spelled(
    """
    UPDATE deliveries SET ready = 1 WHERE id IN (
        SELECT n.id FROM deliveries n WHERE n.lane = :lane AND n.ready = 0 AND n.due_at <= :moment
        ORDER BY n.due_at LIMIT :most {lock})
    """,
    sqlite={"lock": ""},
    postgresql={"lock": "FOR NO KEY UPDATE SKIP LOCKED"},
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
