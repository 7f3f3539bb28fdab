"""IndexNow: takes addresses of any host whose key file says that the caller may speak for it.

Facts: protocols, 5. The key file is really fetched: *hosts* says where each host is served.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import requests

from tests.simulators.serving import Answer, Asked, Simulator

URLS_MOST = 10_000  # protocols, 5: "urlList:[≤10,000]"
KEY = re.compile(r"[A-Za-z0-9-]{8,128}")  # protocols, 5: "Key 8–128 of a–z A–Z 0–9 and -"
FIELDS = {"host", "key", "keyLocation", "urlList"}
FETCH_S = 5.0
MINUTE_S = 60.0

Hosts = Mapping[str, str] | Callable[[str], str | None]


class Submitted(NamedTuple):
    """An address that was taken."""

    url: str
    at: float  # by the simulator's clock, Unix seconds


class _Wanted(NamedTuple):
    """What a call asks for."""

    host: str
    key: str
    key_location: str
    urls: list[str]


class _Refused(Exception):
    """Not taken."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(f"{status} {code}: {why}")
        self.status, self.code, self.why = status, code, why


class IndexNow(Simulator):
    """The engine. What it took, in order, is in `accepted`."""

    def __init__(self, hosts: Hosts, *, port: int = 0) -> None:
        """*hosts*: host → the base address where it is really served, such as http://127.0.0.1:8080."""
        super().__init__(port=port)
        self.hosts = hosts
        self.late = False  # answer 202 and look at the key afterwards; protocols, 5: "202 key being checked"
        self.per_minute: int | None = None  # calls within 60 seconds; protocols, 5: "429"
        self.retry_after_s: int | None = None  # told with a 429
        self.accepted: list[Submitted] = []
        self.dropped: list[Submitted] = []  # answered with 202, and found without a right key
        self.key_fetches: list[str] = []  # the addresses, as the host would see them
        self._recent: list[float] = []

    def answer(self, asked: Asked) -> Answer:
        """What the engine answers."""
        try:
            self._check_rate()
            wanted = _wanted(asked)
            _check(wanted)
            return self._taken(wanted)
        except _Refused as refused:
            return self.refuse(f"{asked.path}: {refused}", self._told(refused))

    def _check_rate(self) -> None:
        self._recent = [at for at in self._recent if at > self.now() - MINUTE_S]
        if self.per_minute is not None and len(self._recent) >= self.per_minute:
            raise _Refused(429, "TooManyRequests", f"{len(self._recent)} calls in the last minute")
        self._recent.append(self.now())

    def _taken(self, wanted: _Wanted) -> Answer:
        wrong = self._wrong_key(wanted)
        if wrong and not self.late:  # protocols, 5: "403 key D"
            raise _Refused(403, "UserForbiddedToAccessSite", wrong)
        if wrong:
            self.refusals.append(f"/indexnow: afterwards: {wrong}")
        (self.dropped if wrong else self.accepted).extend(Submitted(url, self.now()) for url in wanted.urls)
        return Answer(b"", 202 if self.late else 200, {})

    def _wrong_key(self, wanted: _Wanted) -> str:
        """Why the key file does not prove the key; empty where it does.

        protocols, 5: "served as /{key}.txt (or at keyLocation …)".
        """
        address = wanted.key_location or f"http://{wanted.host}/{wanted.key}.txt"
        self.key_fetches.append(address)
        base = self.hosts(wanted.host) if callable(self.hosts) else self.hosts.get(wanted.host)
        if base is None:
            return f"nobody serves {wanted.host}"
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            reply = requests.get(base + path, headers={"host": wanted.host}, timeout=FETCH_S, allow_redirects=False)
        except requests.RequestException as error:
            return f"{address} cannot be fetched: {error}"
        if reply.status_code != 200:
            return f"{address} answers {reply.status_code}"
        return "" if reply.content.strip() == wanted.key.encode() else f"{address} does not hold the key"

    def _told(self, refused: _Refused) -> Answer:
        more = {}
        if refused.status == 429 and self.retry_after_s is not None:
            more["retry_after"] = str(self.retry_after_s)
        return Answer.json({"code": refused.code, "message": refused.why, "details": []}, refused.status, **more)


def _wanted(asked: Asked) -> _Wanted:
    """What was asked for, in either form. Raises _Refused."""
    if asked.path != "/indexnow":
        raise _Refused(404, "NotFound", asked.path)
    if asked.method == "GET":  # protocols, 5: "or GET …?url=&key="
        url = asked.query.get("url", "")
        host = parts.netloc if (parts := _parsed(url)) else ""
        return _Wanted(host, asked.query.get("key", ""), asked.query.get("keyLocation", ""), [url])
    if asked.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise _Refused(400, "InvalidRequestParameters", f"content-type {asked.headers.get('content-type')}")
    try:
        body = asked.json()
    except ValueError as error:  # protocols, 5: "400 format P"
        raise _Refused(400, "InvalidRequestParameters", str(error)) from error
    return _read(body)


def _read(body: Any) -> _Wanted:
    if not isinstance(body, dict) or body.keys() - FIELDS:
        raise _Refused(400, "InvalidRequestParameters", f"an object with {sorted(FIELDS)}")
    urls = body.get("urlList")
    if not isinstance(urls, list) or not urls or not all(isinstance(one, str) for one in urls):
        raise _Refused(400, "InvalidRequestParameters", "urlList is a list of addresses")
    if len(urls) > URLS_MOST:
        raise _Refused(400, "InvalidRequestParameters", f"{len(urls)} addresses")
    host, key, key_location = (body.get(name, "") for name in ("host", "key", "keyLocation"))
    if not all(isinstance(one, str) for one in (host, key, key_location)):
        raise _Refused(400, "InvalidRequestParameters", "host, key and keyLocation are strings")
    return _Wanted(host, key, key_location, urls)


def _check(wanted: _Wanted) -> None:
    """Everything that can be said without the key file. Raises _Refused."""
    if not wanted.host or not wanted.key:
        raise _Refused(400, "InvalidRequestParameters", "host and key are required")
    if "/" in wanted.host:
        raise _Refused(400, "InvalidRequestParameters", f"host is a bare name: {wanted.host}")
    if not KEY.fullmatch(wanted.key):  # the code is remembered: "the key is not matching the schema"
        raise _Refused(422, "InvalidKey", "the key has 8 to 128 of a–z, A–Z, 0–9 and -")
    folder = ""
    if wanted.key_location:
        parts = _parsed(wanted.key_location)
        if parts is None or parts.netloc.lower() != wanted.host.lower():
            raise _Refused(422, "InvalidKeyLocation", f"{wanted.key_location} is not of {wanted.host}")
        folder = parts.path.rpartition("/")[0] + "/"
    for url in wanted.urls:
        _check_url(url, wanted.host, folder)


def _check_url(url: str, host: str, folder: str) -> None:
    if (parts := _parsed(url)) is None:
        raise _Refused(400, "InvalidRequestParameters", f"no web address: {url}")
    if parts.netloc.lower() != host.lower():  # protocols, 5: "422 host mismatch P"
        raise _Refused(422, "InvalidUrl", f"{url} is not of {host}")
    if not (parts.path or "/").startswith(folder):  # protocols, 5: "at keyLocation, then only URLs below that folder"
        raise _Refused(422, "InvalidUrl", f"{url} is not below {folder}")


def _parsed(url: str) -> SplitResult | None:
    """The parts of an absolute web address without spaces; None where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    written = url.isascii() and url.isprintable() and " " not in url
    return parts if written and parts.scheme in {"http", "https"} and parts.netloc else None
