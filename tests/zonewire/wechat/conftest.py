"""An account on the simulated platform, the Redis that its workers share, and a client of it."""

import secrets
from collections.abc import Iterator

import pytest

from tests.servers.redis import RedisServer
from tests.simulators.wechat_oa import WechatOa
from tests.zonewire.wechat.pictures import PictureHost
from tests.zonewire.wechat.workers import Worker, a_worker


@pytest.fixture
def platform() -> Iterator[WechatOa]:
    """With an appid of its own: the Redis is shared by the whole run."""
    with WechatOa(appid=f"wx{secrets.token_hex(8)}") as running:
        yield running


@pytest.fixture
def worker(platform: WechatOa, redis_server: RedisServer) -> Worker:
    return a_worker(platform, redis_server.client())


@pytest.fixture
def host() -> Iterator[PictureHost]:
    with PictureHost() as running:
        yield running
