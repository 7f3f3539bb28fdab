"""The keeper of the token: one for all workers, whatever happens to it, to Redis, or to one of them."""

import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

import orjson
import pytest
from structlog.testing import capture_logs

from tests.eventually import eventually
from tests.servers.redis import RedisServer, running_redis
from tests.simulators.serving import Mode
from tests.simulators.wechat_oa import WechatOa
from tests.zonewire.wechat.workers import COUNT, RING, STABLE, Worker, a_line, a_worker
from zonewire.keys import KeyRing
from zonewire.wechat import Account, Shared, TokenKeeper, WechatRefused, WechatUnreachable

THREADS = 8


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


def at_once(worker: Worker, times: int = THREADS) -> list[object]:
    """What so many calls from as many threads come to."""
    ready = threading.Barrier(times)

    def called(_n: int) -> object:
        ready.wait(10)
        try:
            return worker.client.call(COUNT)["total_count"]
        except Exception as error:
            return error

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(called, range(times)))


def in_a_process(base: str, appid: str, secret: str, redis_url: str, ready: Barrier) -> None:
    """A worker process: fetches a token, waits until it was refused for all, and calls with all its threads."""
    worker = Worker(Account(appid, secret, base), a_line(redis_url))
    worker.tokens.current()
    ready.wait(30)
    ready.wait(30)
    assert at_once(worker) == [0] * THREADS


def test_many_calls_in_two_processes_that_fail_at_once_make_one_fetch(
    platform: WechatOa, redis_server: RedisServer
) -> None:
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Barrier(3)
    given = (platform.base, platform.appid, platform.secret, redis_server.url, ready)
    children = [spawn.Process(target=in_a_process, args=given) for _ in range(2)]
    for child in children:
        child.start()
    ready.wait(30)
    platform.rotate()
    platform.slow_s = 0.3  # so that all of them have asked before the first hears
    ready.wait(30)
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0, 0]
    assert (platform.calls[STABLE], platform.forced_refreshes) == (2, 0), "the first of all, and one for all refusals"
    assert platform.calls[COUNT] == 2 * 2 * THREADS, "each was repeated once"


def test_the_token_is_fetched_once_for_two_workers(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    other = a_worker(platform, redis_server.client())
    assert at_once(worker) == at_once(other) == [0] * THREADS
    assert platform.calls[STABLE] == 1
    assert worker.tokens.current() == other.tokens.current()


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_fetched_anew_and_the_call_repeated_once(
    platform: WechatOa, worker: Worker, code: int
) -> None:
    platform.refuse_next(code, path=COUNT)
    assert worker.client.call(COUNT) == {"total_count": 0}
    assert (platform.calls[COUNT], platform.calls[STABLE]) == (2, 2)


def test_a_token_that_is_refused_twice_is_told_and_not_tried_again(platform: WechatOa, worker: Worker) -> None:
    platform.refuse_next(40001, path=COUNT, times=3)
    with pytest.raises(WechatRefused) as caught:
        worker.client.call(COUNT)
    assert (caught.value.errcode, caught.value.path, platform.calls[COUNT]) == (40001, COUNT, 2)


def test_refusals_of_the_same_token_that_came_late_drop_no_newer_one(platform: WechatOa, worker: Worker) -> None:
    first = worker.tokens.current()
    worker.tokens.drop(first)
    second = worker.tokens.current()
    assert second.value == first.value, "the platform still takes it, and gives it again"
    worker.tokens.drop(first)
    assert worker.tokens.current() == second
    assert platform.calls[STABLE] == 2


def test_a_token_that_expires_is_replaced_before_its_last_five_minutes(platform: WechatOa, worker: Worker) -> None:
    worker.client.call(COUNT)
    platform.move_clock(7200 - 301)
    worker.client.call(COUNT)
    assert platform.calls[STABLE] == 1
    platform.move_clock(2)
    worker.client.call(COUNT)
    assert (len(platform.tokens_issued), platform.refusals) == (2, [])
    platform.expire()
    assert at_once(worker) == [0] * THREADS
    assert len(platform.tokens_issued) == 3


def test_a_process_goes_by_its_own_copy_for_a_moment_at_most(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    worker.client.call(COUNT)
    other = a_worker(platform, redis_server.client())
    platform.rotate()
    other.client.call(COUNT)
    stale = worker.tokens.current()
    platform.move_clock(2)
    assert worker.tokens.current() == other.tokens.current() != stale


def test_the_token_lies_sealed_in_redis_and_expires_with_itself(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    token = worker.tokens.current()
    with redis_server.client() as line:
        name = f"zonewire:wechat:{platform.appid}:token"
        kept = line.get(name)
        assert isinstance(kept, bytes)
        assert orjson.loads(RING.open(kept))["token"] == token.value == platform.tokens_issued[0]
        assert 7190 < line.ttl(name) <= 7200
        assert all(token.value.encode() not in (line.dump(key) or b"") for key in line.keys("zonewire:wechat:*"))
    assert len(token.value) >= 512


def test_a_token_sealed_by_a_key_that_is_gone_is_fetched_anew(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    worker.client.call(COUNT)
    other = a_worker(platform, redis_server.client(), ring=KeyRing(("another key",)))
    other.client.call(COUNT)
    assert (platform.calls[STABLE], len(platform.tokens_issued)) == (2, 1)


def test_without_redis_each_process_has_the_token_for_itself_and_says_so_once(
    platform: WechatOa, own_redis: RedisServer
) -> None:
    one, other = (a_worker(platform, a_line(own_redis.url)) for _ in range(2))
    own_redis.kill()
    with capture_logs() as lines:
        assert at_once(one) == at_once(other) == [0] * THREADS
        platform.rotate()
        assert at_once(one) == [0] * THREADS
    assert [line["event"] for line in lines].count("wechat_token.unshared") == 2, "once in each process"
    assert (platform.calls[STABLE], len(platform.tokens_issued)) == (3, 2)


def test_workers_share_again_once_redis_is_back(platform: WechatOa, own_redis: RedisServer) -> None:
    one, other = (a_worker(platform, a_line(own_redis.url)) for _ in range(2))
    own_redis.kill()
    one.client.call(COUNT)
    own_redis.start()
    platform.move_clock(61)
    one.client.call(COUNT)
    other.client.call(COUNT)
    assert one.tokens.current() == other.tokens.current()


def test_a_wrong_secret_is_told_to_all_who_wait_after_one_try(platform: WechatOa, redis_server: RedisServer) -> None:
    worker = a_worker(platform, redis_server.client(), secret="f" * 32)
    platform.slow_s = 0.3
    told = at_once(worker)
    assert {type(one) for one in told} == {WechatRefused}
    assert {(one.errcode, one.path) for one in told if isinstance(one, WechatRefused)} == {(40125, STABLE)}
    assert platform.calls[STABLE] == 1
    assert platform.calls[COUNT] == 0


def test_an_address_that_is_not_listed_is_named(platform: WechatOa, worker: Worker) -> None:
    platform.whitelist = set()
    with pytest.raises(WechatRefused, match="40164") as caught:
        worker.client.call(COUNT)
    assert caught.value.address == platform.caller
    assert "白名单" in caught.value.mend


def test_who_watches_hears_that_no_token_is_given_and_that_it_is_again(platform: WechatOa, worker: Worker) -> None:
    heard: list[tuple[bool, int]] = []
    account, session, shared = worker.client.account, worker.session, worker.shared
    tokens = TokenKeeper(
        account,
        session=session,
        shared=shared,
        ring=RING,
        clock=platform.now,
        told=lambda until, code: heard.append((until is not None, code)),
    )
    platform.whitelist, listed = set(), platform.whitelist
    with pytest.raises(WechatRefused):
        tokens.current()
    platform.whitelist = listed
    tokens.current()

    assert heard == [(False, 40164), (True, 0)]


def test_a_token_that_came_between_a_look_and_the_lock_is_taken(platform: WechatOa, worker: Worker) -> None:
    kept = worker.tokens.current()

    class Late(Shared):
        looks = 0

        def get(self, name: str) -> bytes | None:
            self.looks += 1
            return None if self.looks == 1 else worker.shared.get(name)

    late = Late(worker.shared._client, appid=platform.appid, failures=())
    other = TokenKeeper(worker.client.account, session=worker.session, shared=late, ring=RING, clock=platform.now)
    assert (other.current(), late.looks, platform.calls[STABLE]) == (kept, 2, 1)


def test_a_worker_that_died_while_fetching_holds_up_nobody_for_long(
    platform: WechatOa, worker: Worker, redis_server: RedisServer
) -> None:
    assert worker.shared.put_if_absent("fetching", b"the dead one", for_s=1.0)
    waiting = threading.Thread(target=worker.client.call, args=(COUNT,))
    waiting.start()
    eventually(lambda: platform.calls[COUNT] == 1, within_s=5)
    waiting.join(5)
    assert not worker.shared.drop("fetching", b"the dead one")


def test_a_token_call_that_gives_no_token_is_told(platform: WechatOa, worker: Worker) -> None:
    platform.mode = Mode.EMPTY
    with pytest.raises(WechatUnreachable, match="without access_token"):
        worker.client.call(COUNT)
