"""The database: tables, the engine, differences of dialect, migrations.

Everybody takes a `Connection` from their caller; only processes open a `Store`. Imports telemetry and errors alone.
"""

from zonewire.store.dialect import SECOND, each, insert, is_postgresql, many, now, values_of
from zonewire.store.engine import Store, open_store
from zonewire.store.migrate import upgrade
from zonewire.store.spelled import Spelled, as_ids, as_rows, read_rows

__all__ = [
    "SECOND",
    "Spelled",
    "Store",
    "as_ids",
    "as_rows",
    "each",
    "insert",
    "is_postgresql",
    "many",
    "now",
    "open_store",
    "read_rows",
    "upgrade",
    "values_of",
]
