"""The pictures of one draft, uploaded: inside its articles (media/uploadimg), and as covers (material/add_material).

What cannot be fetched, read or uploaded is left out, and a log line says why; no picture is worth a digest. What was
uploaded for an earlier draft is found on the shelf. (https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/
Adding_Permanent_Assets.html)
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from urllib.parse import urlsplit

import structlog

from zonewire.wechat.client import WechatClient
from zonewire.wechat.errors import PASSING, TOKEN_REFUSED, WechatError, WechatRefused, WechatUnreachable
from zonewire.wechat.exchange import text_in
from zonewire.wechat.fetching import Fetcher
from zonewire.wechat.shaping import Shaped, Unfit, Use, for_cover, for_inside
from zonewire.wechat.shelf import Shelf
from zonewire.wechat.tokens import PATH as TOKEN_PATH

log = structlog.get_logger()

INSIDE, COVER = "/cgi-bin/media/uploadimg", "/cgi-bin/material/add_material"
SHOWN_CHARS = 200


class Pictures:
    """For one draft, and one thread."""

    def __init__(self, client: WechatClient, *, shelf: Shelf, fetcher: Fetcher) -> None:
        self._client, self._shelf, self._fetcher = client, shelf, fetcher
        self._given: dict[tuple[str, Use], str | None] = {}  # by address: None where it was left out

    def inside(self, address: str) -> str | None:
        """WeChat's own address of the picture at *address*; None where it is left out."""
        return self._once(address, Use.INSIDE)

    def cover(self, addresses: Iterable[str], *, is_first: bool) -> str | None:
        """The media_id of the first of *addresses* that makes a cover; None where none does."""
        use = _cover(is_first=is_first)
        return next((given for one in addresses if (given := self._once(one, use)) is not None), None)

    def own_inside(self, png: bytes) -> str | None:
        """WeChat's address of a PNG of ours; None where it is left out."""
        return self._tried(lambda: png, "", Use.INSIDE)

    def own_cover(self, png: bytes, *, is_first: bool) -> str:
        """The media_id of a cover of ours. Raises WechatError: without a cover there is no draft."""
        return self._uploaded(png, _cover(is_first=is_first), lambda: Shaped(png, "PNG"))

    def forget(self, value: str) -> None:
        """*value* is lost to the account: what it was given for is uploaded anew."""
        self._shelf.forget(self._client.account.appid, value)

    def _once(self, address: str, use: Use) -> str | None:
        if (address, use) not in self._given:
            self._given[address, use] = self._tried(lambda: self._fetcher.fetch(address), address, use)
        return self._given[address, use]

    def _tried(self, fetch: Callable[[], bytes], address: str, use: Use) -> str | None:
        try:
            body = fetch()
            return self._uploaded(body, use, lambda: for_inside(body) if use is Use.INSIDE else for_cover(body, use))
        except Unfit as unfit:
            said = str(unfit)
        except WechatError as error:
            if is_of_account(error):
                raise
            said = error.what
        appid = self._client.account.appid
        log.info("wechat_picture.left_out", appid=appid, address=_shown(address), use=use, error=said)
        return None

    def _uploaded(self, body: bytes, use: Use, shaped: Callable[[], Shaped]) -> str:
        """What WeChat gave for *body*, now or for an earlier draft."""
        appid, digest = self._client.account.appid, sha256(body).digest()
        value = self._shelf.get(appid, digest, use)
        if value is None:
            value = self._sent(shaped(), use)
            self._shelf.put(appid, digest, use, value)
        return value

    def _sent(self, picture: Shaped, use: Use) -> str:
        """Upload *picture*; once more where that may help: a second copy in the library does no harm."""
        try:
            return self._sent_once(picture, use)
        except WechatUnreachable:
            pass
        except WechatRefused as refused:
            if refused.errcode not in PASSING:
                raise
        return self._sent_once(picture, use)

    def _sent_once(self, picture: Shaped, use: Use) -> str:
        files = {"media": picture.file}
        if use is Use.INSIDE:
            return text_in(self._client.call(INSIDE, files=files), "url", INSIDE)
        return text_in(self._client.call(COVER, files=files, query={"type": "image"}), "media_id", COVER)


def is_of_account(error: WechatError) -> bool:
    """Whether *error* says that no call of the account can be made, rather than this one."""
    return error.where == TOKEN_PATH or (isinstance(error, WechatRefused) and error.errcode in TOKEN_REFUSED)


def _cover(*, is_first: bool) -> Use:
    return Use.COVER_WIDE if is_first else Use.COVER_SQUARE


def _shown(address: str) -> str:
    """*address* for a log line: without a query, which may be a key."""
    try:
        return urlsplit(address)._replace(query="", fragment="").geturl()[:SHOWN_CHARS]
    except ValueError:
        return ""
