"""A ledger of as many deliveries as a busy installation has after a week, written by a few statements.

Every article is owed to every endpoint, and every mailbox has a digest of the day as well. Most were delivered; one in
a hundred is a dead letter, the newest wait, some are retried, held or cancelled, so that every list of the console has
something in it.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from tests.builders import a_filter, a_version, an_article, an_edition, an_endpoint
from zonewire.feeds import Polls, write_down
from zonewire.store import SECOND
from zonewire.store.dialect import is_postgresql

WEEK = 7 * 86_400 * SECOND
CHANNELS = ("email", "email", "email", "webhook", "webhook", "wecom")

_NUMBERS = {
    True: "SELECT n FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS s(n)",
    False: "WITH RECURSIVE s(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM s WHERE n < :last) SELECT n FROM s",
}
# What each delivery is, by its number: n counts through the endpoints, and then on to the next article.
_LEDGER = """
    INSERT INTO deliveries (created_at, kind, lane, state, ready, host_id, endpoint_id, article_id, number, due_at,
        attempts, unknowns, settled_at, reason)
    SELECT made_at, 'news', lane, state, CASE WHEN state = 'pending' THEN 1 WHEN state = 'retrying' THEN 0 END,
        host_id, endpoint_id, article_id, number,
        CASE WHEN state = 'pending' THEN made_at WHEN state = 'retrying' THEN :now + 600000000 END,
        CASE WHEN state IN ('dead', 'retrying') THEN 3 WHEN state = 'delivered' THEN 1 ELSE 0 END,
        CASE WHEN state IN ('dead', 'retrying') AND n % 5 = 0 THEN 1 ELSE 0 END,
        CASE WHEN state IN ('delivered', 'dead', 'cancelled') THEN made_at + 400000 + (n * 7919) % 3000000 END,
        CASE WHEN state = 'dead' THEN CASE WHEN n % 2 = 0 THEN 'HTTP 404' ELSE 'gave up after 10 tries' END
            WHEN state = 'cancelled' THEN 'superseded' END
    FROM (
        SELECT n, :now - CAST((:total - n) * (:span / :total) AS bigint) AS made_at, e.host_id, e.id AS endpoint_id,
            a.id AS article_id, a.newest AS number,
            CASE e.channel WHEN 'email' THEN 'push.email' WHEN 'webhook' THEN 'push.http' ELSE 'push.robot' END AS lane,
            CASE WHEN n > :total - :total / 200 THEN 'pending' WHEN n % 97 = 0 THEN 'dead'
                WHEN n % 401 = 0 THEN 'cancelled' WHEN n > :total - :total / 10 AND n % 23 = 0 THEN 'retrying'
                ELSE 'delivered' END AS state
        FROM ({numbers}) AS s
        JOIN endpoints e ON e.id = :first_endpoint + n % :endpoints
        JOIN articles a ON a.id = :first_article + n / :endpoints
    ) AS made ORDER BY n
"""
# Every mailbox has a digest of the day, and got the last edition of it, which carried the newest articles.
_READERS = """
    INSERT INTO subscriptions (subscriber_id, filter_id, endpoint_id, cadence, state, locale, timezone, at_minute,
        weekday, template, window_after, next_at, created_at, state_at)
    SELECT e.subscriber_id, :filter, e.id, 'daily', CASE WHEN e.id % 40 = 0 THEN 'paused' ELSE 'active' END, 'zh-CN',
        'Asia/Shanghai', 480, 0, 'digest', 0,
        CASE WHEN e.id % 40 <> 0 THEN :now + (1 + e.id % 24) * 3600000000 END, :now - :span, :now - :span
    FROM endpoints e WHERE e.channel = 'email' ORDER BY e.id
"""
_CARRIED = """
    INSERT INTO edition_versions (edition_id, number, role)
    SELECT :edition, number, 'story' FROM versions ORDER BY number DESC LIMIT 40
"""
_DIGESTS = """
    INSERT INTO deliveries (created_at, kind, lane, state, host_id, endpoint_id, edition_id, subscription_id, attempts,
        settled_at)
    SELECT :now - 3600000000, 'digest', 'push.email', 'delivered', e.host_id, e.id, :edition, s.id, 1, :now - 3590000000
    FROM subscriptions s JOIN endpoints e ON e.id = s.endpoint_id ORDER BY s.id
"""
_ATTEMPTS = """
    INSERT INTO attempts (delivery_id, at, took_ms, outcome, status, error, answer)
    SELECT id, created_at + 1000000, 180, CASE WHEN state = 'dead' THEN 'never' ELSE 'later' END,
        CASE WHEN id % 2 = 0 THEN 404 ELSE 503 END, CASE WHEN id % 2 = 0 THEN 'HTTP 404' ELSE 'HTTP 503' END, 'no'
    FROM deliveries WHERE state IN ('dead', 'retrying')
"""
_COUNTS = """
    INSERT INTO delivery_counts (lane, state, held, shard, n)
    SELECT lane, state, {false}, 0, count(*) FROM deliveries GROUP BY lane, state
"""
_HEALTH = """
    UPDATE endpoints SET state = CASE WHEN id % 3 = 0 THEN 'disabled' ELSE 'failing' END, failures = 7,
        last_error = 'HTTP 503', failing_since = :now - 7200000000 WHERE id % 250 = 0
"""
_FEED = """
    INSERT INTO feeds (name, kind, title, published_at, published_to, articles)
    SELECT 'all', 'all', '', :now, max(newest), count(*) FROM articles
"""
_ENTRIES = """
    INSERT INTO feed_entries (feed_id, article_id, number, withdrawn)
    SELECT f.id, a.id, a.newest, {false} FROM articles a JOIN feeds f ON f.name = 'all'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSize:
    """How much is in it."""

    deliveries: int
    endpoints: int

    @property
    def articles(self) -> int:
        """So many, that each is owed to every endpoint."""
        return self.deliveries // self.endpoints + 1


def a_busy_ledger(db: Connection, size: LedgerSize, *, now: int) -> None:
    """Fill an empty database: the last delivery was made at *now*, the first a week before."""
    endpoints = [an_endpoint(db, channel=CHANNELS[n % len(CHANNELS)]) for n in range(size.endpoints)]
    articles = [a_version(db, an_article(), accepted_at=now - WEEK + n) for n in range(size.articles)]
    values = {
        "now": now,
        "span": WEEK,
        "total": size.deliveries,
        "first": 1,
        "last": size.deliveries - 1,
        "endpoints": size.endpoints,
        "first_endpoint": endpoints[0],
        "first_article": articles[0].article_id,
    }
    server = is_postgresql(db)
    db.execute(text(_LEDGER.format(numbers=_NUMBERS[server])), values)
    db.execute(text(_READERS), {"now": now, "span": WEEK, "filter": a_filter(db)})
    edition = an_edition(db, created_at=now - 3_600 * SECOND, up_to=articles[-1].number)
    db.execute(text(_CARRIED), {"edition": edition})
    db.execute(text(_DIGESTS), {"now": now, "edition": edition})
    db.execute(text(_ATTEMPTS))
    db.execute(text(_COUNTS.format(false="false" if server else "0")))
    db.execute(text(_HEALTH), {"now": now})
    db.execute(text(_FEED), {"now": now})
    db.execute(text(_ENTRIES.format(false="false" if server else "0")))
    write_down(db, [Polls(f"203.0.113.{n}", f"reader {n % 9}", polls=n) for n in range(1, 200)], now=now)
    if server:
        db.execute(text("ANALYZE"))
