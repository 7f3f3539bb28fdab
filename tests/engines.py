"""What the engines of a run share, so that a test does not pay for what the one before it has learned.

Each test has a database and engines of its own. SQLAlchemy keeps a compiled statement with its engine, so all of them
were compiled anew in each test: a tenth of the suite's time. And a new connection to PostgreSQL is a new process there,
which has to read its catalogue first: more than most tests ask of it. Both are what a process that runs for weeks does
once. What the code keeps with an engine is still each test's own.
"""

import os
from collections import defaultdict
from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import Dialect, Engine, QueuePool, create_engine, make_url
from sqlalchemy.util import LRUCache

import zonewire.store.engine

STATEMENTS = 1_000
POOLS = 4
"""Kept of a database: a test may play several processes on it."""


class _Compiled(MutableMapping[Any, Any]):
    """Statements compiled for any engine of one kind of database."""

    def __init__(self) -> None:
        self._kept: LRUCache[Any, Any] = LRUCache(STATEMENTS)

    def get(self, key: Any, default: Any = None) -> Any:
        return self._kept.get(key[1:], default)

    def __getitem__(self, key: Any) -> Any:
        return self._kept[key[1:]]

    def __setitem__(self, key: Any, compiled: Any) -> None:
        self._kept[key[1:]] = compiled

    def __delitem__(self, key: Any) -> None:
        del self._kept[key[1:]]

    def __iter__(self) -> Any:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


class _Lasting(QueuePool):
    """Connections that stay when their engine is disposed of, for the next engine that would open the same."""

    kept_by: "list[_Lasting]"
    dialect: Dialect  # it knows its server already

    def dispose(self) -> None:
        if self.checkedout() or self in self.kept_by or len(self.kept_by) == POOLS:
            super().dispose()
        else:
            self.kept_by.append(self)

    def recreate(self) -> QueuePool:
        new = super().recreate()
        assert isinstance(new, _Lasting)
        new.kept_by, new.dialect = self.kept_by, self.dialect
        return new


_compiled: defaultdict[str, _Compiled] = defaultdict(_Compiled)
_kept: dict[str, defaultdict[int, list[_Lasting]]] = {}  # by database and size


def keep_connections(database: str) -> None:
    """Let connections to *database* outlive the engines that opened them, in this process."""
    _kept[database] = defaultdict(list)


def end_connections(database: str) -> None:
    """No more of that: *database* is about to go."""
    for pools in _kept.pop(database, {}).values():
        for pool in pools:
            QueuePool.dispose(pool)


os.register_at_fork(after_in_child=_kept.clear)  # a child may not talk over its parent's connections


def _an_engine(url: str, **options: Any) -> Engine:
    by_size = _kept.get(make_url(url).database or "")
    if by_size is None:
        engine = create_engine(url, **options)
    elif pools := by_size[options["pool_size"]]:
        kept = max(pools, key=QueuePool.checkedin)
        pools.remove(kept)
        engine = Engine(kept, kept.dialect, make_url(url), hide_parameters=options["hide_parameters"])
    else:
        engine = create_engine(url, poolclass=_Lasting, **options)
        assert isinstance(engine.pool, _Lasting)
        engine.pool.kept_by, engine.pool.dialect = pools, engine.dialect
    engine.update_execution_options(compiled_cache=_compiled[engine.dialect.name])
    return engine


zonewire.store.engine.create_engine = _an_engine  # type: ignore[assignment,attr-defined]
