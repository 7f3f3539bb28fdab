"""The watchman of a process looks by itself, with the settings that it was given."""

from pathlib import Path

import pytest
from celery import Celery

from config.settings import load
from tasks.watching import start_watching
from tests.eventually import eventually
from tests.servers.redis import RedisServer
from zonewire.alarms.turns import watched
from zonewire.delivery import readings
from zonewire.store import Store


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_watchman_looks_until_he_is_told_to_stop(store: Store, tmp_path: Path, redis_server: RedisServer) -> None:
    app = Celery("watching-under-test", broker=redis_server.broker_url, set_as_current=False)
    settings = load(data_dir=tmp_path, base_url="http://wire.example")
    watchman = start_watching(app, settings, store, patience_s=0.0)

    def looked() -> bool:
        with store.reading() as db:
            return watched(db) is not None and (readings.DATABASE_WRITE_US, "") in readings.read(db)

    eventually(looked, within_s=5)
    watchman.stop()
