"""What Celery says of its workers, and what is said where nobody answers."""

from celery import Celery

from config.celery_settings import celery_settings
from config.settings import load
from tasks.hints import HintLine
from tasks.inspection import NOTHING, inspector_of
from tests.servers.ports import free_port
from tests.servers.redis import running_redis
from zonewire.delivery.lanes import Lane


def an_app(url: str) -> Celery:
    return Celery("zonewire", broker=url, config_source=celery_settings(load(redis_url=url)))


def test_the_hints_that_wait_are_counted_and_who_is_silent_is_left_out() -> None:
    with running_redis(over_tcp=True) as server:
        app = an_app(server.url)
        line = HintLine(app)
        assert line.send([Lane.FEEDS, Lane.FEEDS, Lane.EVENTS])
        line.close()
        said = inspector_of(app)(["feeds@nowhere"])
    assert (said.answers, said.hints[Lane.FEEDS], said.hints[Lane.EVENTS], said.hints[Lane.UPKEEP]) == (True, 2, 1, 0)
    assert said.running == {}


def test_without_a_broker_nothing_is_known() -> None:
    assert inspector_of(an_app(f"redis://127.0.0.1:{free_port()}/0"))(["feeds@here"]) == NOTHING
