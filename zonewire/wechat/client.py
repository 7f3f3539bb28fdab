"""The client of WeChat's API: a call with the token that is taken, repeated once where it no longer is."""

from collections.abc import Mapping
from typing import Any

import requests

from zonewire.wechat.account import Account
from zonewire.wechat.errors import SPENT, TOKEN_REFUSED, WechatRefused
from zonewire.wechat.exchange import Files, exchange
from zonewire.wechat.quotas import Quotas
from zonewire.wechat.tokens import TokenKeeper


class WechatClient:
    """For any number of threads of one process."""

    def __init__(
        self, account: Account, *, session: requests.Session, tokens: TokenKeeper, quotas: Quotas | None = None
    ) -> None:
        """Without *quotas* nothing is known of them before they are hit."""
        self.account = account
        self._session, self._tokens, self._quotas = session, tokens, quotas

    def __repr__(self) -> str:
        return f"WechatClient({self.account.appid})"

    def call(
        self, path: str, *, json: Any = None, files: Files | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """What the platform answers to a POST of *json* or *files*, or to a GET where there is neither.

        Raises QuotaSpent (before the call where that is known), WechatRefused for any other code than 0, and
        WechatUnreachable. A refusal of the token itself has been answered with a new token and one more try.
        """
        self.check_quota(path)
        try:
            return self._called(path, json=json, files=files, query=query)
        except WechatRefused as refused:
            if refused.errcode == SPENT and self._quotas is not None:
                raise self._quotas.spent(path, refused.errmsg) from None
            raise

    def check_quota(self, path: str) -> None:
        """Raise QuotaSpent where nothing is left of *path* today: before work that would be in vain."""
        if self._quotas is not None:
            self._quotas.check(path, self._asked_quota)

    def _called(self, path: str, **what: Any) -> dict[str, Any]:
        token = self._tokens.current()
        try:
            return exchange(self._session, self.account, path, token=token.value, **what)
        except WechatRefused as refused:
            if refused.errcode not in TOKEN_REFUSED:
                raise
        self._tokens.drop(token)
        return exchange(self._session, self.account, path, token=self._tokens.current().value, **what)

    def _asked_quota(self, path: str, asked: Mapping[str, str]) -> dict[str, Any]:
        return self._called(path, json=asked)
