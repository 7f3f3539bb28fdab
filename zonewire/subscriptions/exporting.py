"""Exporting: every subscription that has not ended as a line that `importing` takes, a portion at a time.

The secrets of webhooks are not in it: they are shown once, by the call that made them. An import into another
installation makes new ones, and prints them. Robots' addresses are, whole: without them nothing could be taken in.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, bindparam

from zonewire.articles.model import rfc3339
from zonewire.filters import parse_written
from zonewire.keys import KeyRing
from zonewire.rendering.wording import WEEKDAYS
from zonewire.store.tables import endpoints, subscriptions
from zonewire.subscriptions.statements import SHOWN

PORTION = 5_000

# The next ones behind a key. By primary key.
_NEXT = (
    SHOWN.add_columns(endpoints.c.sealed_address, subscriptions.c.submit)
    .where(subscriptions.c.id > bindparam("after"), subscriptions.c.state != "ended")
    .limit(PORTION)
)


def export_options(db: Connection, *, keys: KeyRing) -> Iterator[list[dict[str, Any]]]:
    """Portions of options, named as `subscriptions import` names them; the oldest subscription first."""
    after = 0
    while rows := db.execute(_NEXT, {"after": after}).all():
        yield [_options(row, keys) for row in rows]
        after = rows[-1].id


def _options(row: Row[*tuple[Any, ...]], keys: KeyRing) -> dict[str, Any]:
    address = row.address if row.sealed_address is None else keys.open(row.sealed_address).decode()
    options: dict[str, Any] = {"channel": row.channel, "to": address, **parse_written(row.written)}
    options["cadence"] = row.cadence
    if row.cadence in {"daily", "weekly"}:
        options["at"] = f"{row.at_minute // 60:02}:{row.at_minute % 60:02}"
    if row.cadence == "weekly":
        options["weekday"] = WEEKDAYS[row.weekday]
    options |= {"timezone": row.timezone, "locale": row.locale, "confirmed": row.state != "unconfirmed"}
    if row.submit:
        options["submit"] = True
    if row.state == "paused":
        options["paused"] = True
        if row.paused_until is not None:
            options["paused_until"] = rfc3339(row.paused_until)
    return options
