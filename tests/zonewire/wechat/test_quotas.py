"""Quotas: known before they are hit, shared by all workers, and over at midnight in China."""

from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from tests.servers.redis import RedisServer, running_redis
from tests.simulators.wechat_caller import ADD
from tests.simulators.wechat_oa import WechatOa
from tests.zonewire.wechat.workers import Worker, a_line, a_worker
from zonewire.wechat import QuotaSpent, WechatRefused
from zonewire.wechat.quotas import ASK, midnight_after

DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("moment", "midnight"),
    [
        ("2022-06-06T15:59:59+00:00", "2022-06-06T16:00:00+00:00"),
        ("2022-06-06T16:00:00+00:00", "2022-06-07T16:00:00+00:00"),
        ("2022-06-06T08:00:00+08:00", "2022-06-07T00:00:00+08:00"),
    ],
)
def test_a_day_begins_at_midnight_in_china(moment: str, midnight: str) -> None:
    assert midnight_after(datetime.fromisoformat(moment).timestamp()) == datetime.fromisoformat(midnight).timestamp()


def add(worker: Worker) -> int:
    """The code that the platform answers to an empty draft: the call was made."""
    with pytest.raises(WechatRefused) as caught:
        worker.careful.call(ADD, json={"articles": []})
    return caught.value.errcode if not isinstance(caught.value, QuotaSpent) else 0


def test_a_quota_is_asked_for_once_an_hour_by_all_workers_together(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    other = a_worker(platform, redis_server.client())
    assert {add(one) for one in (worker, other, worker)} == {45008}
    assert platform.calls[ASK] == 1


def test_a_call_whose_quota_is_spent_is_not_made(platform: WechatOa, worker: Worker) -> None:
    platform.daily_quota[ADD] = 0
    with pytest.raises(QuotaSpent) as caught:
        worker.careful.call(ADD, json={"articles": []})
    assert caught.value.until == midnight_after(platform.now())
    assert datetime.fromtimestamp(caught.value.until, UTC).hour == 16
    assert platform.calls[ADD] == 0


def test_a_spent_quota_is_known_to_all_workers_until_midnight(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    other = a_worker(platform, redis_server.client())
    platform.refuse_next(45009, "reach max api daily quota limit", path=ADD)
    with capture_logs() as lines:
        assert [add(one) for one in (worker, worker, other)] == [0, 0, 0]
    assert platform.calls[ADD] == 1, "without another call"
    assert [line["event"] for line in lines].count("wechat_quota.spent") == 1
    platform.move_clock(midnight_after(platform.now()) - platform.now() + 1)
    assert [add(one) for one in (worker, other)] == [45008, 45008]


def test_what_is_known_to_be_spent_can_be_asked_before_any_work(platform: WechatOa, worker: Worker) -> None:
    platform.daily_quota[ADD] = 0
    with pytest.raises(QuotaSpent):
        worker.careful.check_quota(ADD)
    asked = platform.calls.total()
    with pytest.raises(QuotaSpent):
        worker.careful.check_quota(ADD)
    assert platform.calls.total() == asked


def test_a_quota_that_cannot_be_asked_for_is_no_reason_not_to_call(platform: WechatOa, worker: Worker) -> None:
    platform.refuse_next(48001, "api unauthorized", path=ASK)
    assert add(worker) == 45008


def test_without_redis_a_worker_goes_by_what_it_has_seen_itself(platform: WechatOa) -> None:
    with running_redis() as server:
        worker = a_worker(platform, a_line(server.url))
        server.kill()
        platform.daily_quota[ADD] = 1
        assert [add(worker), add(worker), add(worker)] == [45008, 0, 0]
    assert (platform.calls[ADD], platform.calls[ASK]) == (2, 1)
