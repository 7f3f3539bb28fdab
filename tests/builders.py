"""Builders: one of each thing, with good defaults, and whatever a test cares about given by keyword.

Those that take a connection write the rows that a running Zonewire would have written, and return their keys. They
write to the tables directly, so that a test of one part does not rest on all the others.
"""

import hashlib
from collections import Counter
from itertools import count
from typing import Any

import orjson
from sqlalchemy import Connection, Table, func, insert, select

from zonewire.articles.folding import fold
from zonewire.articles.model import Article, Version, as_json, pack
from zonewire.delivery.counts import Slot, record
from zonewire.delivery.lanes import lane_of
from zonewire.delivery.states import State
from zonewire.store.dialect import SECOND
from zonewire.store.tables import articles, deliveries, endpoints, filter_terms, filters, hosts, subscribers
from zonewire.store.tables import editions as editions_table
from zonewire.store.tables import subscriptions as subscriptions_table
from zonewire.store.tables import versions as versions_table

NOON = 1_781_150_400_000_000
"""2026-06-11 12:00:00 in China (04:00 UTC), in microseconds: a Thursday. Tests that need a moment take this one."""

DAY = 86_400 * SECOND

_names = count(1)  # nothing that a builder makes has the name of another


def an_article(**over: Any) -> Article:
    """A valid article of a zone in 泰州, written by us."""
    n = next(_names)
    fields: dict[str, Any] = {
        "guid": f"https://portal.example/news/{n}",
        "url": f"https://portal.example/news/{n}",
        "title": f"泰州港经济开发区第{n}个产业项目签约",
        "summary": "项目总投资十二亿元，将建设新能源汽车零部件生产线。",
        "html": "<p>项目总投资十二亿元。</p><p>预计明年投产。</p>",
        "text": "项目总投资十二亿元。\n\n预计明年投产。",
        "zone": "江苏泰州港经济开发区",
        "city": "泰州",
        "section": ("开发区新闻", "文字新闻"),
        "source": "泰州港经济开发区党政办公室",
        "published_at": NOON - 3_600 * SECOND,
        "keywords": ("新能源汽车",),
    }
    return Article(**(fields | over))


def an_event_json(article: Article | None = None, **over: Any) -> dict[str, Any]:
    """A CloudEvent that publishes *article*, as a sender writes it; give `type`, `id`, `data` … to change it."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"event-{next(_names)}",
        "source": "https://portal.example/cms",
        "type": "article.published",
        "datacontenttype": "application/json",
        "data": as_json(article or an_article()),
    }
    return event | over


def a_version(
    db: Connection,
    article: Article | None = None,
    *,
    withdrawn: bool = False,
    accepted_at: int | None = None,
    number: int | None = None,
) -> Version:
    """The next version of *article* (of a new one if none is given), accepted; no outbox row, no feed."""
    article = article or an_article()
    newest = int(db.execute(select(func.coalesce(func.max(versions_table.c.number), 0))).scalar_one())
    number = newest + 1 if number is None else number
    accepted_at = NOON + number if accepted_at is None else accepted_at
    row = db.execute(select(articles).where(articles.c.guid == article.guid)).first()
    version = row.version + 1 if row else 1
    state = {"newest": number, "version": version, "withdrawn": withdrawn, "event_at": accepted_at}
    if row is None:
        new = {"guid": article.guid, "entry_id": article.guid, "accepted_at": accepted_at, **state}
        article_id = _insert(db, articles, new)
    else:
        article_id = int(row.id)
        db.execute(articles.update().where(articles.c.id == article_id).values(state))
    content = pack(article)
    db.execute(
        insert(versions_table).values(
            number=number,
            article_id=article_id,
            version=version,
            withdrawn=withdrawn,
            title=article.title,
            content=content,
            digest=hashlib.sha256(content.encode()).digest(),
            published_at=article.published_at,
            accepted_at=accepted_at,
        )
    )
    return Version(
        number=number,
        article_id=article_id,
        version=version,
        withdrawn=withdrawn,
        entry_id=row.entry_id if row else article.guid,
        article=article,
        accepted_at=accepted_at,
    )


def a_host(db: Connection, name: str) -> int:
    """The host of that name ("host:port", or a mail domain), found or made."""
    return _found(db, hosts, {"name": name}) or _insert(db, hosts, {"name": name})


def a_subscriber(db: Connection, address: str | None = None) -> int:
    """The subscriber with that address, found or made."""
    row = {"address": address or f"partner-{next(_names)}.example"}
    return _found(db, subscribers, row) or _insert(db, subscribers, {"created_at": NOON, **row})


def an_endpoint(
    db: Connection, *, channel: str = "webhook", address: str | None = None, host: str | None = None, **over: Any
) -> int:
    """A healthy endpoint; its own host, subscriber and address unless told. `secret` is sealed bytes, if any."""
    n = next(_names)
    if channel == "email":
        address = address or f"reader-{n}@mail.example"
        host = host or address.rsplit("@", 1)[1]
    else:
        host = host or f"receiver-{n}.example:443"
        address = address or f"https://{host.removesuffix(':443')}/hook"
    row: dict[str, Any] = {
        "channel": channel,
        "address": address,
        "address_key": hashlib.sha256(f"{channel} {address}".encode()).digest()[:16],
        "subscriber_id": over.pop("subscriber_id", None)
        or a_subscriber(db, address if channel == "email" else host.rsplit(":", 1)[0]),
        "host_id": a_host(db, host),
        "created_at": NOON,
    }
    return _insert(db, endpoints, row | over)


def a_filter(db: Connection, **terms: str | tuple[str, ...]) -> int:
    """The filter with these terms (`zone="…"`, `keyword=("…", "…")`, `not_zone="…"`); one without any passes all."""
    lists = {dimension: (given,) if isinstance(given, str) else given for dimension, given in terms.items()}
    folded = {dimension: sorted({fold(value) for value in given}) for dimension, given in lists.items()}
    key = orjson.dumps(folded, option=orjson.OPT_SORT_KEYS).decode()
    if found := _found(db, filters, {"key": key}):
        return found
    wanted = sum(1 for dimension in folded if not dimension.startswith("not_"))
    written = orjson.dumps({dimension: list(given) for dimension, given in lists.items()}).decode()
    filter_id = _insert(db, filters, {"key": key, "wanted": wanted, "written": written})
    rows = [{"dimension": d, "value": v, "filter_id": filter_id} for d, values in folded.items() for v in values]
    if rows:
        db.execute(insert(filter_terms), rows)
    return filter_id


def a_subscription(
    db: Connection,
    *,
    endpoint_id: int | None = None,
    channel: str = "webhook",
    cadence: str | None = None,
    state: str = "active",
    **over: Any,
) -> int:
    """A subscription to everything, instant unless it is by email; a digest of the day at 08:00 falls due at NOON."""
    cadence = cadence or ("daily" if channel == "email" else "instant")
    endpoint_id = endpoint_id or an_endpoint(db, channel=channel)
    owner = select(endpoints.c.subscriber_id).where(endpoints.c.id == endpoint_id)
    row: dict[str, Any] = {
        "subscriber_id": db.execute(owner).scalar_one(),
        "filter_id": over.pop("filter_id", None) or a_filter(db),
        "endpoint_id": endpoint_id,
        "cadence": cadence,
        "state": state,
        "locale": "zh-CN",
        "timezone": "Asia/Shanghai",
        "at_minute": 8 * 60,
        "weekday": 0,
        "template": "digest",
        "window_after": 0,
        "next_at": NOON if cadence != "instant" and state == "active" else None,
        "created_at": NOON - DAY,
        "state_at": NOON - DAY,
    }
    return _insert(db, subscriptions_table, row | over)


def an_edition(db: Connection, **over: Any) -> int:
    """An edition of the window (0, 1] for everybody's filter; its versions are the test's own affair."""
    row = {"after": 0, "up_to": 1, "locale": "zh-CN", "template": "digest", "created_at": NOON}
    return _insert(db, editions_table, {"filter_id": over.pop("filter_id", None) or a_filter(db)} | row | over)


def a_delivery(
    db: Connection,
    *,
    endpoint_id: int | None = None,
    version: Version | None = None,
    state: str = "pending",
    kind: str = "news",
    **over: Any,
) -> int:
    """A delivery, by default the news of an article, owed to a new webhook since NOON, and counted.

    `due_at=None` holds it. What waits for its time has `ready=0`: so has a retrying one, unless told.
    """
    endpoint_id = endpoint_id or an_endpoint(db)
    place = db.execute(select(endpoints.c.channel, endpoints.c.host_id).where(endpoints.c.id == endpoint_id)).one()
    owed = state in {"pending", "retrying"}
    due_at = over.pop("due_at", NOON if owed else None)
    row: dict[str, Any] = {
        "created_at": NOON,
        "kind": kind,
        "lane": lane_of(place.channel).value,
        "state": state,
        "ready": None if due_at is None else int(state == "pending"),
        "host_id": place.host_id,
        "endpoint_id": endpoint_id,
        "due_at": due_at,
        "settled_at": None if owed or state == "sending" else NOON,
    }
    if kind in {"news", "withdrawal"}:
        version = version or a_version(db)
        row |= {"article_id": version.article_id, "number": version.number}
    delivery_id = _insert(db, deliveries, row | over)
    record(db, Counter({Slot(row["lane"], State(state), held=owed and due_at is None): 1}))
    return delivery_id


def _insert(db: Connection, table: Table, row: dict[str, Any]) -> int:
    return int(db.execute(insert(table).values(row).returning(table.c.id)).scalar_one())


def _found(db: Connection, table: Table, row: dict[str, Any]) -> int | None:
    ((name, value),) = row.items()
    found = db.execute(select(table.c.id).where(table.c[name] == value)).scalar()
    return None if found is None else int(found)
