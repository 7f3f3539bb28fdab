"""The pictures of one draft, fetched from wherever articles have them: each once, and no host is waited for twice.

Under the guard, as endpoints are: a redirect is followed, and asked about like any other address.
"""

import time
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from zonewire.errors import AddressRefused, TooLarge
from zonewire.outbound.session import read_bounded
from zonewire.wechat.shaping import Unfit

PICTURE_BYTES = 10_000_000
PICTURE_S = 10.0
"""For one picture, redirects included: the time of the session that is handed in."""
DRAFT_S = 60.0
"""For all pictures of a draft. What is not there by then is left out."""
SILENT_S = 4.0
"""A host that failed after so long is not asked again for this draft."""
KEPT_BYTES = 32_000_000


class Fetcher:
    """For one draft, and one thread."""

    def __init__(self, session: requests.Session, *, within_s: float = DRAFT_S) -> None:
        """*session* is a guarded one, of PICTURE_S."""
        self._session = session
        self._until = time.monotonic() + within_s
        self._bodies: dict[str, bytes] = {}  # the last ones: a picture is wanted as a cover and inside
        self._unfit: dict[str, str] = {}
        self._silent: set[str] = set()

    def fetch(self, address: str) -> bytes:
        """The bytes at *address*. Raises Unfit, for the same address again without asking again."""
        if (body := self._bodies.get(address)) is not None:
            return body
        if address in self._unfit:
            raise Unfit(self._unfit[address])
        try:
            body = self._asked(address)
        except Unfit as unfit:
            self._unfit[address] = str(unfit)
            raise
        self._keep(address, body)
        return body

    def _asked(self, address: str) -> bytes:
        host, began = _host(address), time.monotonic()
        if host in self._silent:
            raise Unfit("its host was silent before")
        if began > self._until:
            raise Unfit("the pictures of this draft have taken too long already")
        try:
            with self._session.get(address, allow_redirects=True) as answer:
                if answer.status_code != requests.codes.ok:
                    raise Unfit(f"HTTP {answer.status_code}")
                return read_bounded(answer, most_bytes=PICTURE_BYTES)
        except (AddressRefused, TooLarge) as error:
            said = error.what
        except (requests.RequestException, HTTPError, ValueError) as error:
            said = f"it cannot be fetched ({type(error).__name__})"
            if time.monotonic() - began > SILENT_S:
                self._silent.add(host)
        raise Unfit(said)

    def _keep(self, address: str, body: bytes) -> None:
        self._bodies[address] = body
        while sum(map(len, self._bodies.values())) > KEPT_BYTES:
            del self._bodies[next(iter(self._bodies))]


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""
