"""One call to WeChat over HTTP: JSON as raw UTF-8 out, an object in, and everything else as an error of ours.

Refusals come as HTTP 200 with an `errcode` (https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/).
"""

from collections.abc import Mapping
from typing import Any

import orjson
import requests
from urllib3.exceptions import NewConnectionError

from zonewire.errors import AddressRefused, TooLarge
from zonewire.outbound.session import read_bounded
from zonewire.wechat.account import Account
from zonewire.wechat.errors import WechatRefused, WechatUnreachable

Files = Mapping[str, tuple[str, bytes, str]]
"""By the part's name: file name, bytes, media type."""

ANSWER_BYTES = 16 * 1024 * 1024
"""Twenty drafts of eight articles, or one draft with all that it says."""
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def exchange(
    session: requests.Session,
    account: Account,
    path: str,
    *,
    token: str = "",
    json: Any = None,
    files: Files | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What the platform answers to a POST of *json* or *files*, or to a GET where there is neither.

    Raises WechatRefused and WechatUnreachable. Neither has the HTTP
    library's error as a cause or context: it holds the address, and so the token.
    """
    params = {"access_token": token} if token else {}
    try:
        with session.request(
            "GET" if json is None and files is None else "POST",
            account.api + path,
            params=params | dict(query or {}),
            data=None if json is None else orjson.dumps(json),
            files=files,
            headers=None if json is None else _JSON,
        ) as answer:
            status, body = answer.status_code, read_bounded(answer, most_bytes=ANSWER_BYTES)
    except AddressRefused as error:
        failed = WechatUnreachable(f"WECHAT_API: {error.what}", path, lost=False)
    except TooLarge as error:
        failed = WechatUnreachable(error.what, path, lost=True)
    except requests.RequestException as error:
        failed = _failure(error, path)
    else:
        return _taken(status, body, path, hidden=(token, account.secret))
    raise failed


def _failure(error: requests.RequestException, path: str) -> WechatUnreachable:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout):
        return WechatUnreachable("no connection in time", path, lost=False)
    if isinstance(error, requests.Timeout):
        return WechatUnreachable("no answer in time", path, lost=True)
    if isinstance(reason, NewConnectionError):
        return WechatUnreachable("no connection: refused, or its name does not resolve", path, lost=False)
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
        return WechatUnreachable("the certificate does not hold", path, lost=False)
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return WechatUnreachable("the connection broke off", path, lost=True)
    return WechatUnreachable(f"the call cannot be made ({type(error).__name__})", path, lost=False)


def _taken(status: int, body: bytes, path: str, *, hidden: tuple[str, ...]) -> dict[str, Any]:
    """The object in *body*. A gateway that answers in the platform's place may have passed the call on: lost."""
    if status != requests.codes.ok:
        raise WechatUnreachable(f"HTTP {status}", path, lost=status >= requests.codes.internal_server_error)
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        raise WechatUnreachable("an answer that is no JSON object", path, lost=True)
    code = told.get("errcode", 0)
    if not isinstance(code, int):
        raise WechatUnreachable("an answer whose errcode is no number", path, lost=True)
    if code:
        said = str(told.get("errmsg", ""))
        for secret in filter(None, hidden):
            said = said.replace(secret, "…")
        raise WechatRefused(code, said, path)
    return told


def text_in(told: Mapping[str, Any], name: str, path: str) -> str:
    """The text *name* of an answer. Raises WechatUnreachable where there is none."""
    value = told.get(name)
    if isinstance(value, str) and value:
        return value
    raise WechatUnreachable(f"an answer without {name}", path, lost=True)


def number_in(told: Mapping[str, Any], name: str, path: str) -> int:
    """The whole number *name* of an answer. Raises WechatUnreachable where there is none."""
    value = told.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise WechatUnreachable(f"an answer without {name}", path, lost=True)
