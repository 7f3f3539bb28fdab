"""Interning: equal filters are one row, so that matching works on distinct filters."""

from collections.abc import Iterable

import orjson
from sqlalchemy import Connection, text

from zonewire.filters import statements
from zonewire.filters.filter import Filter, as_options
from zonewire.store import is_postgresql

_LOCK = 0x46494C54  # "FILT": filters are made one transaction at a time on PostgreSQL


def intern(db: Connection, wanted: Filter) -> int:
    """The id of *wanted*, made if it is new."""
    return intern_many(db, [wanted])[wanted]


def intern_many(db: Connection, wanted: Iterable[Filter]) -> dict[Filter, int]:
    """The id of each filter of *wanted*, those that are new made; a handful of statements for the whole set."""
    by_key: dict[str, list[Filter]] = {}
    for one in dict.fromkeys(wanted):
        by_key.setdefault(one.key, []).append(one)
    ids = _known(db, list(by_key))
    missing = {key: same[0] for key, same in by_key.items() if key not in ids}
    if missing:
        ids |= _make(db, missing)
    return {one: ids[key] for key, same in by_key.items() for one in same}


def _known(db: Connection, keys: list[str]) -> dict[str, int]:
    return {row.key: row.id for row in db.execute(statements.FILTERS_BY_KEY, {"wanted_keys": keys})}


def _make(db: Connection, missing: dict[str, Filter]) -> dict[str, int]:
    if is_postgresql(db):
        # Ids then become visible in their order: a keyword index that has seen an id has seen all before it.
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    rows = [
        {"key": key, "wanted": one.wanted, "written": orjson.dumps(as_options(one)).decode()}
        for key, one in missing.items()
    ]
    made = {row.key: row.id for row in db.execute(statements.ADD_FILTERS, rows)}
    terms = [
        {"dimension": dimension, "value": value, "filter_id": filter_id}
        for key, filter_id in made.items()
        for dimension, values in missing[key].terms.items()
        for value in values
    ]
    if terms:
        db.execute(statements.ADD_TERMS, terms)
    # What another transaction made meanwhile was passed over: read it.
    others = [key for key in missing if key not in made]
    return made | (_known(db, others) if others else {})
