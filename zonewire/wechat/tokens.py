"""The keeper of an account's access token: one for all workers, fetched by one of them at a time.

Fetched by stable_token in normal mode alone: it gives the same token for as long as that one is taken, so that no
system that shares the account loses its own (https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/
getStableAccessToken.html). In Redis the token is sealed, since its append-only file lies in DATA_DIR.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from secrets import token_bytes

import orjson
import requests
import structlog

from zonewire.errors import SettingWrong
from zonewire.keys import KeyRing
from zonewire.wechat.account import Account
from zonewire.wechat.errors import PASSING, SPENT, WechatError, WechatRefused, WechatUnreachable
from zonewire.wechat.exchange import exchange, number_in, text_in
from zonewire.wechat.shared import Shared, SharedAway

log = structlog.get_logger()

PATH = "/cgi-bin/stable_token"
REFRESH_S = 300
"""With less than this left the platform has a new one, and takes the old one too."""
KEPT_S = 1
"""As long a process goes by its own copy: the shared one may have been replaced, and a call is repeated only once."""
LOCK_S = 30
"""The lock of a process that died is free by then. Longer than a fetch; a second one beside it would do no harm."""
WAIT_S = 3 * LOCK_S
STEP_S = 0.05


@dataclass(frozen=True, slots=True)
class Token:
    """An access token as it was fetched once. Equal ones are of the same fetch, whatever their value."""

    value: str = field(repr=False, compare=False)
    until: float = field(compare=False)  # Unix seconds
    sealed: bytes = field(repr=False)  # as it lies in Redis; no two fetches seal alike


class TokenKeeper:
    """For any number of threads of one process; made after its fork."""

    def __init__(
        self,
        account: Account,
        *,
        session: requests.Session,
        shared: Shared,
        ring: KeyRing,
        clock: Callable[[], float] = time.time,
        told: Callable[[float | None, int], None] = lambda _until, _refused: None,
    ) -> None:
        """*session* takes less than LOCK_S for a call; *clock* is in Unix seconds.

        *told* hears of each fetch: until when the token is taken, or the code by which none was given.
        """
        self._told = told
        self._account, self._session, self._shared, self._ring, self._now = account, session, shared, ring, clock
        self._lock = threading.Lock()  # held while this process looks for a token
        self._mine: Token | None = None
        self._looked_at = 0.0  # when `_mine` was last known to be the shared one
        self._tries = 0  # that this process has ended
        self._failure: WechatError | None = None  # of the last of them
        self._is_alone = False

    def __repr__(self) -> str:
        return f"TokenKeeper({self._account.appid})"

    def current(self) -> Token:
        """The token that is taken now. Raises WechatRefused, WechatUnreachable where none can be fetched.

        Whoever waited while another thread tried shares what that try came to.
        """
        if (mine := self._fresh()) is not None:
            return mine
        tries = self._tries
        with self._lock:
            if (mine := self._fresh()) is not None:
                return mine
            if self._tries != tries and self._failure is not None:
                raise self._failure.with_traceback(None)
            return self._looked_for()

    def drop(self, failed: Token) -> None:
        """The platform does not take *failed*: forget it here and for all, unless another has taken its place."""
        with self._lock:
            if self._mine == failed:
                self._mine = None
        with suppress(SharedAway):
            if self._shared.drop("token", failed.sealed):
                log.info("wechat_token.dropped", appid=self._account.appid)

    def _fresh(self) -> Token | None:
        """This process's own copy, while it may go by it."""
        mine, now = self._mine, self._now()
        return mine if mine and 0 <= now - self._looked_at < KEPT_S and mine.until - now >= REFRESH_S else None

    def _looked_for(self) -> Token:
        try:
            found = self._shared_or_own()
        except WechatError as error:
            self._failure = error
            raise
        else:
            self._failure, self._mine, self._looked_at = None, found, self._now()
            return found
        finally:
            self._tries += 1

    def _shared_or_own(self) -> Token:
        try:
            found = self._shared_token()
        except SharedAway as error:
            said = str(error)
        else:
            self._is_alone = False
            return found
        # Harmless: in normal mode every process is given the same token.
        if not self._is_alone:
            self._is_alone = True
            log.warning("wechat_token.unshared", appid=self._account.appid, error=said)
        return self._mine if self._mine and self._lasts(self._mine) else self._fetched()

    def _shared_token(self) -> Token:
        """The one in Redis; where there is none, fetched by whoever has the lock."""
        holder, deadline = token_bytes(16), time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if (kept := self._kept()) is not None:
                return kept
            if self._shared.put_if_absent("fetching", holder, for_s=LOCK_S):
                try:
                    # Another may have fetched between our look and our lock.
                    return self._kept() or self._fetched_for_all()
                finally:
                    with suppress(SharedAway):
                        self._shared.drop("fetching", holder)
            time.sleep(STEP_S)
        raise WechatUnreachable("no worker has fetched a token in time", PATH, lost=False)

    def _fetched_for_all(self) -> Token:
        token = self._fetched()
        with suppress(SharedAway):  # the next call says so
            self._shared.put("token", token.sealed, for_s=max(token.until - self._now(), 1))
        return token

    def _kept(self) -> Token | None:
        sealed = self._shared.get("token")
        if sealed is None:
            return None
        try:
            held = orjson.loads(self._ring.open(sealed))
        except SettingWrong:  # sealed by a key that is no longer here
            return None
        token = Token(held["token"], held["until"], sealed)
        return token if self._lasts(token) else None

    def _lasts(self, token: Token) -> bool:
        return token.until - self._now() >= REFRESH_S

    def _fetched(self) -> Token:
        asked = {
            "grant_type": "client_credential",
            "appid": self._account.appid,
            "secret": self._account.secret,
            "force_refresh": False,  # true would kill the token of everybody else
        }
        try:
            told = exchange(self._session, self._account, PATH, json=asked)
        except WechatRefused as error:
            if error.errcode not in PASSING | {SPENT}:
                self._told(None, error.errcode)
            raise
        value, expires_in_s = text_in(told, "access_token", PATH), number_in(told, "expires_in", PATH)
        # One that the platform is about to replace is gone by for half of what is left: not fetched for each call.
        until = self._now() + max(expires_in_s, REFRESH_S + expires_in_s / 2)
        self._told(until, 0)
        log.info("wechat_token.fetched", appid=self._account.appid, expires_in_s=expires_in_s)
        return Token(value, until, self._ring.seal(orjson.dumps({"token": value, "until": until})))
