"""The day's quota of each call: asked for at most once an hour, and not run into again once it is spent.

All workers share what is known, in Redis; without Redis each goes by its own. A day is one of China's.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from zonewire.wechat.errors import CHINA, QuotaSpent, WechatError
from zonewire.wechat.exchange import number_in
from zonewire.wechat.shared import Shared, SharedAway

log = structlog.get_logger()

ASK = "/cgi-bin/openapi/quota/get"
WATCHED = frozenset(
    {
        "/cgi-bin/draft/add",
        "/cgi-bin/draft/update",
        "/cgi-bin/draft/batchget",
        "/cgi-bin/media/uploadimg",
        "/cgi-bin/material/add_material",
        "/cgi-bin/freepublish/submit",
    }
)
"""The calls whose quota is asked for: those that a day can spend."""
ASK_AGAIN_S = 3600

AskQuota = Callable[[str, Mapping[str, str]], Mapping[str, Any]]
"""Makes the call of this path with this body."""


class Quotas:
    """What is known of one account's quotas."""

    def __init__(self, shared: Shared, *, appid: str, clock: Callable[[], float] = time.time) -> None:
        """*clock* is in Unix seconds."""
        self._shared, self._appid, self._now = shared, appid, clock
        self._own: dict[str, tuple[bytes, float]] = {}  # what this process has seen: value, and until when it holds

    def check(self, path: str, ask: AskQuota) -> None:
        """Raise QuotaSpent where nothing is left of *path* today. What cannot be asked is no reason not to call."""
        until = int(self._get(f"spent:{path}") or 0)
        if self._now() < until:
            raise QuotaSpent(path, until)
        if path not in WATCHED or self._get(f"asked:{path}") is not None:
            return
        self._put(f"asked:{path}", b"1", until=self._now() + ASK_AGAIN_S)  # first: the others need not ask as well
        try:
            told = ask(ASK, {"cgi_path": path}).get("quota")
            left = number_in(told if isinstance(told, Mapping) else {}, "remain", ASK)
        except WechatError:
            return  # the call itself says what is wrong
        if left <= 0:
            raise self.spent(path)

    def spent(self, path: str, errmsg: str = "the day's calls are used up") -> QuotaSpent:
        """The platform said so of *path*: nobody calls it before China's midnight. The error to raise."""
        until = midnight_after(self._now())
        self._put(f"spent:{path}", str(until).encode(), until=until)
        log.warning("wechat_quota.spent", appid=self._appid, path=path, until=until)
        return QuotaSpent(path, until, errmsg=errmsg)

    def _get(self, name: str) -> bytes | None:
        value, until = self._own.get(name, (b"", 0.0))
        if self._now() < until:
            return value
        with suppress(SharedAway):
            return self._shared.get(name)
        return None

    def _put(self, name: str, value: bytes, *, until: float) -> None:
        self._own[name] = (value, until)
        with suppress(SharedAway):
            self._shared.put(name, value, for_s=until - self._now())


def midnight_after(moment: float) -> int:
    """The next 00:00 in China, both in Unix seconds."""
    today = datetime.fromtimestamp(moment, CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((today + timedelta(days=1)).timestamp())
