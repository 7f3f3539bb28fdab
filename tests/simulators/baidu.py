"""Baidu's 普通收录: takes the addresses of one verified site, as `data.zz.baidu.com` does.

Facts: protocols, 5. Give a client `base` as its API.
"""

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from tests.simulators.serving import Answer, Asked, Simulator

CST = timezone(timedelta(hours=8))
SITE, TOKEN = "https://www.example.com", "AbCdEfGh12345678"
LINES_MOST = 2_000  # protocols, 5: "one URL per line (≤ 2,000, remembered; ≤ 10 MB)"
BYTES_MOST = 10_000_000


class Pushed(NamedTuple):
    """An address that was taken."""

    url: str
    at: float  # by the simulator's clock, Unix seconds


class _Refused(Exception):
    """protocols, 5: "failure {error,message}"."""

    def __init__(self, status: int, message: str, why: str = "") -> None:
        super().__init__(f"{status} {message}: {why}" if why else f"{status} {message}")
        self.status, self.message = status, message


class Baidu(Simulator):
    """One verified site. What it took, in order, is in `accepted`."""

    def __init__(self, *, site: str = SITE, token: str = TOKEN, daily_quota: int = 3_000, port: int = 0) -> None:
        super().__init__(port=port)
        self.site, self.token = site, token
        self.daily_quota = daily_quota
        self.accepted: list[Pushed] = []
        self.repeats: list[str] = []  # taken again although nobody said that they have changed
        self._unchanged: set[str] = set()
        self._used: Counter[str] = Counter()  # by the day in China

    @property
    def remain(self) -> int:
        """How many it takes today; protocols, 5: "Quota is per site and day (remain)"."""
        return max(self.daily_quota - self._used[self._day()], 0)

    def change(self, url: str) -> None:
        """The page at *url* has changed: pushing it once more is no repeat."""
        with self.lock:
            self._unchanged.discard(url)

    def answer(self, asked: Asked) -> Answer:
        """What the platform answers."""
        try:
            return self._taken(self._lines(asked))
        except _Refused as refused:
            told = {"error": refused.status, "message": refused.message}
            return self.refuse(f"{asked.path}: {refused}", Answer.json(told, refused.status))

    def _lines(self, asked: Asked) -> list[str]:
        """The addresses that were sent. Raises _Refused."""
        if (asked.method, asked.path) != ("POST", "/urls"):  # protocols, 5: "404"
            raise _Refused(404, "not found", f"{asked.method} {asked.path}")
        if asked.query.get("token") != self.token:  # protocols, 5: "401 token"
            raise _Refused(401, "token is not valid")
        if asked.query.get("site") != self.site:
            # protocols, 5: "site must equal the verified host, scheme included"; "400 site error"
            raise _Refused(400, "site error", f"site={asked.query.get('site')}")
        if asked.headers.get("content-type", "").split(";")[0].strip().lower() != "text/plain":  # protocols, 5
            raise _Refused(400, "content type error", asked.headers.get("content-type", "none"))
        if len(asked.body) > BYTES_MOST:  # protocols, 5: "411/413/422 length trouble"
            raise _Refused(413, "body too large", f"{len(asked.body)} bytes")
        lines = [line.strip() for line in asked.body.decode("utf-8", "replace").split("\n") if line.strip()]
        if not lines:  # protocols, 5: "400 … empty"
            raise _Refused(400, "empty content")
        if len(lines) > LINES_MOST:
            raise _Refused(400, "only 2000 urls are allowed once", f"{len(lines)} lines")
        return lines

    def _taken(self, lines: list[str]) -> Answer:
        """All of *lines* that can be; protocols, 5: "{remain,success,not_same_site:[],not_valid:[]}"."""
        parsed = {line: _parsed(line) for line in lines}
        invalid = [line for line in lines if parsed[line] is None]
        ours = [line for line in lines if (parts := parsed[line]) and f"{parts.scheme}://{parts.netloc}" == self.site]
        known = {*invalid, *ours}
        foreign = [line for line in lines if line not in known]
        if len(ours) > self.remain:  # protocols, 5: "400 … over quota"
            raise _Refused(400, "over quota", f"{len(ours)} addresses; {self.remain} remain")
        self._used[self._day()] += len(ours)
        for url in ours:
            self._take(url)
        self.refusals += [f"/urls: not valid: {one}" for one in invalid]
        self.refusals += [f"/urls: not of the site: {one}" for one in foreign]
        lists = {"not_same_site": foreign, "not_valid": invalid}
        told = {name: found for name, found in lists.items() if found}
        return Answer.json({"remain": self.remain, "success": len(ours)} | told)

    def _take(self, url: str) -> None:
        """protocols, 5: "never push unchanged URLs"."""
        if url in self._unchanged:
            self.repeats.append(url)
        self._unchanged.add(url)
        self.accepted.append(Pushed(url, self.now()))

    def _day(self) -> str:
        return f"{datetime.fromtimestamp(self.now(), CST):%Y-%m-%d}"


def _parsed(line: str) -> SplitResult | None:
    """The parts of an absolute web address in the characters of RFC 3986; None where it is none."""
    try:
        parts = urlsplit(line)
    except ValueError:
        return None
    written = line.isascii() and line.isprintable() and not any(one in line for one in ' <>"{}|\\^`')
    return parts if written and parts.scheme in {"http", "https"} and parts.netloc else None
