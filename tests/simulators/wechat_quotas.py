"""How often each call of WeChat may be made: per day and per minute.

Facts: protocols, 1.1 (the token calls) and 1.6 (45009, 45011, quota/get, clear_quota).
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from tests.simulators.wechat_refusals import Refused

CST = timezone(timedelta(hours=8))
MANY = 1_000_000  # for calls whose quota nobody has set
CLEARS_PER_MONTH = 10  # protocols, 1.6: "clear_quota {appid} 10 times a month (48006 = spent)"
MINUTE_S = 60.0


class Quotas:
    """What has been used of the quota of each path."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        # protocols, 1.1: stable_token "10,000/min, 500,000/day"; token "about 2,000/day"
        self.daily = {"/cgi-bin/stable_token": 500_000, "/cgi-bin/token": 2_000}
        self.per_minute = {"/cgi-bin/stable_token": 10_000}
        self._used: Counter[tuple[str, str]] = Counter()
        self._recent: defaultdict[str, list[float]] = defaultdict(list)
        self._clears: Counter[str] = Counter()

    def day(self, at: float | None = None) -> str:
        """The day in China, of now or of *at*: protocols, 1.6: "L to 00:00 CST"."""
        return f"{datetime.fromtimestamp(self._now() if at is None else at, CST):%Y-%m-%d}"

    def spend(self, path: str) -> None:
        """Count a call. Raises Refused."""
        used = self._used[path, self.day()]
        if used >= self.daily.get(path, MANY):
            raise Refused(45009, "reach max api daily quota limit", f"{used} calls on {self.day()}")
        recent = [at for at in self._recent[path] if at > self._now() - MINUTE_S]
        if len(recent) >= self.per_minute.get(path, MANY):  # protocols, 1.6: "45011 too frequent (per minute)"
            raise Refused(45011, "api minute-quota reach limit", f"{len(recent)} calls in the last minute")
        self._recent[path] = [*recent, self._now()]
        self._used[path, self.day()] += 1

    def told(self, path: str) -> dict[str, int]:
        """What quota/get says of *path*."""
        limit, used = self.daily.get(path, MANY), self._used[path, self.day()]
        return {"daily_limit": limit, "used": used, "remain": max(limit - used, 0)}

    def clear(self) -> None:
        """Begin the day anew. Raises Refused."""
        month = self.day()[:7]
        if self._clears[month] >= CLEARS_PER_MONTH:
            raise Refused(48006, "forbid to clear quota because of reaching the limit")
        self._clears[month] += 1
        self._used.clear()
