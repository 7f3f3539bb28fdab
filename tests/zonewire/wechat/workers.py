"""A worker's view of an account: keeper, quotas and client, as a process makes them for itself."""

import time
from collections.abc import Callable
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.simulators.wechat_oa import WechatOa
from zonewire.keys import KeyRing
from zonewire.outbound.guard import Guard
from zonewire.outbound.session import guarded_session
from zonewire.wechat import Account, Shared, TokenKeeper, WechatClient
from zonewire.wechat.quotas import Quotas

ANYWHERE = Guard(allow_private=True)
RING = KeyRing(("a key of the tests",))
COUNT = "/cgi-bin/draft/count"
STABLE = "/cgi-bin/stable_token"


class Worker:
    """One of several that share an account."""

    def __init__(
        self,
        account: Account,
        line: "redis.Redis",
        *,
        clock: Callable[[], float] = time.time,
        timeout_s: float = 5.0,
        ring: KeyRing = RING,
    ) -> None:
        self.session = guarded_session(ANYWHERE, timeout_s=timeout_s)
        self.shared = Shared(line, appid=account.appid, failures=(redis.RedisError,))
        self.tokens = TokenKeeper(account, session=self.session, shared=self.shared, ring=ring, clock=clock)
        self.quotas = Quotas(self.shared, appid=account.appid, clock=clock)
        self.client = WechatClient(account, session=self.session, tokens=self.tokens)
        self.careful = WechatClient(account, session=self.session, tokens=self.tokens, quotas=self.quotas)


def a_worker(platform: WechatOa, line: "redis.Redis", *, secret: str = "", **how: Any) -> Worker:
    """Of the account on *platform*, by its clock."""
    account = Account(platform.appid, secret or platform.secret, platform.base)
    return Worker(account, line, clock=platform.now, **how)


def a_line(url: str) -> "redis.Redis":
    """A connection to Redis that says at once when there is none."""
    return redis.Redis.from_url(url, socket_timeout=2, retry=Retry(NoBackoff(), 0))
