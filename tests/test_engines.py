"""What tests share of engines, and what they do not."""

from sqlalchemy import text

from tests.engines import end_connections, keep_connections
from tests.servers.postgres import PostgresPool
from zonewire.store import Store, open_store

PROCESS = text("SELECT pg_backend_pid()")


def process_of(store: Store) -> int:
    with store.reading() as db:
        return int(db.execute(PROCESS).scalar_one())


def test_a_connection_outlives_its_store_and_belongs_to_one_at_a_time(postgres_pool: PostgresPool) -> None:
    url = postgres_pool.server.fresh(postgres_pool.template)
    keep_connections(url.rpartition("/")[2])
    first = open_store(url)
    process = process_of(first)
    first.close()

    second, beside = open_store(url), open_store(url)
    assert process_of(second) == process
    assert process_of(beside) != process
    assert process_of(first) not in {process, process_of(beside)}, "closed, it opens its own again"

    for store in (first, second, beside):
        store.close()
    end_connections(url.rpartition("/")[2])
    postgres_pool.server.drop(url)


def test_nothing_of_a_test_is_left_for_the_next(postgres_pool: PostgresPool) -> None:
    url = postgres_pool.take()
    store = open_store(url)
    with store.writing() as db:
        db.execute(text("INSERT INTO hosts (name) VALUES ('a.example:443')"))
    store.close()
    postgres_pool.give_back(url)

    assert postgres_pool.take() == url
    store = open_store(url)
    with store.writing() as db:
        assert db.execute(text("INSERT INTO hosts (name) VALUES ('b.example:443') RETURNING id")).scalar_one() == 1
        assert db.execute(text("SELECT name FROM hosts")).scalars().all() == ["b.example:443"]
    store.close()
    postgres_pool.give_back(url)
