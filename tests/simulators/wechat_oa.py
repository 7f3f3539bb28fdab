"""A WeChat Official Account (公众号): tokens, pictures, drafts and publishing, as `api.weixin.qq.com` answers.

Give a client `base` as its API. Facts: protocols, 1.1 to 1.7; rules, 公众号. What a client must never call (mass
sending, and all that is not here) is kept in `forbidden` and answered 48001.
"""

import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.simulators.serving import Answer, Asked, Simulator
from tests.simulators.wechat_box import DONE, RUNNING, Box
from tests.simulators.wechat_pictures import MB, Picture, read_picture
from tests.simulators.wechat_quotas import Quotas
from tests.simulators.wechat_refusals import OK, Refused, bad_data
from tests.simulators.wechat_tokens import Tokens

APPID, SECRET = "wx5a1b2c3d4e5f6071", "0123456789abcdef0123456789abcdef"
CALLER = "203.0.113.7"
INSIDE_BYTES = MB - 1  # protocols, 1.2: "jpg/png only, < 1 MB"
COVER_BYTES = 10 * MB  # protocols, 1.2: "cover; ≤ 10 MB, bmp/png/jpeg/jpg/gif"
INSIDE_KINDS, COVER_KINDS = {"JPEG", "PNG"}, {"BMP", "PNG", "JPEG", "GIF"}
FORCED_PER_DAY, FORCED_APART_S = 20, 30.0  # protocols, 1.1: "20 per day, at least 30 s apart"
TOKEN_FAULTS = {
    41001: "access_token missing",
    40014: "invalid access_token",
    40001: "invalid credential, access_token is invalid or not latest",
    42001: "access_token expired",
}
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


@dataclass(slots=True)
class Uploads:
    """How often each picture came, by the SHA-256 of its bytes."""

    inside: Counter[str] = field(default_factory=Counter)
    cover: Counter[str] = field(default_factory=Counter)
    temporary: Counter[str] = field(default_factory=Counter)


class WechatOa(Simulator):
    """One account. `drafts`, `published`, `uploads`, `removed_images`, `forbidden` and `calls` tell what was done."""

    def __init__(self, *, appid: str = APPID, secret: str = SECRET, port: int = 0) -> None:
        super().__init__(port=port)
        self.appid, self.secret = appid, secret
        self.wrong_secret_code = 40125  # or 40001; protocols, 1.1: "40001/40125 at the token call: wrong secret"
        self.caller = CALLER  # the address that the platform sees
        self.whitelist: set[str] | None = None  # of callers; None: whoever comes
        self.classic_overlap_s = 0.0  # or 300; protocols, 1.1: "(5 min overlap)"
        self.certified = True  # protocols, 1.3: "lapsed certification gives 48001"
        self.may_publish = True  # protocols, 1.4: "the freepublish calls are withdrawn … (48001)"
        self.publish_states: Sequence[int] = (RUNNING, DONE)  # what freepublish/get tells, poll by poll
        self.tokens_issued: list[str] = []  # each once, in the order in which they were given out
        self.forced_at: list[float] = []  # when a token was fetched by force
        self.forbidden: list[str] = []  # paths that a client must not call, as they were called
        self.uploads = Uploads()
        self.quotas = Quotas(self.now)
        self.box = Box(self.now)
        self.drafts = self.box.drafts  # as they stand: media_id → articles
        self.published = self.box.published  # by API or by hand: media_id of the former draft → articles
        self.publications = self.box.publications  # publish_id → how it fares
        self.removed_images = self.box.removed_images  # foreign addresses that were taken out of articles
        self.unknown_images = self.box.unknown_images  # addresses on mmbiz that were never given out
        self._tokens = Tokens(self.now)
        self._scripted: list[tuple[str, int, str]] = []

    @property
    def calls(self) -> Counter[str]:
        """How often each path was called, whatever came of it."""
        return Counter(one.path for one in list(self.asked))

    @property
    def forced_refreshes(self) -> int:
        """How often a token was fetched by force."""
        return len(self.forced_at)

    @property
    def daily_quota(self) -> dict[str, int]:
        """Calls a day of each path; may be set."""
        return self.quotas.daily

    @property
    def minute_quota(self) -> dict[str, int]:
        """Calls within 60 seconds of each path; may be set."""
        return self.quotas.per_minute

    def rotate(self) -> None:
        """Another system has refreshed the token: the present ones give 40001 at once."""
        with self.lock:
            self._tokens.rotate()

    def expire(self) -> None:
        """The present tokens give 42001 from now on."""
        with self.lock:
            self._tokens.expire()

    def refuse_next(self, code: int, message: str = "refused", *, times: int = 1, path: str = "") -> None:
        """Answer the next *times* calls (of *path*; otherwise of any) with *code*."""
        with self.lock:
            self._scripted += [(path, code, message)] * times

    def be_busy(self, times: int = 1, *, path: str = "") -> None:
        """Answer the next *times* calls with -1 (protocols, 1.6: "busy / system error")."""
        self.refuse_next(-1, "system error", times=times, path=path)

    def publish_by_hand(self, media_id: str) -> None:
        """The owner publishes a draft in the console; protocols, 1.3: "its media_id then gives 40007"."""
        with self.lock:
            self.published[media_id] = self.drafts.pop(media_id)

    def delete_by_hand(self, media_id: str) -> None:
        """The owner deletes a draft in the console."""
        with self.lock:
            del self.drafts[media_id]

    def answer(self, asked: Asked) -> Answer:
        """What the platform answers: HTTP 200, with an `errcode` where it refuses."""
        try:
            return Answer.json(self._done(asked))
        except Refused as refused:
            return self.refuse(f"{asked.path}: {refused}", refused.answer())

    def _done(self, asked: Asked) -> dict[str, Any]:
        """What the call gives, once nothing stands in its way. Raises Refused."""
        self._check_script(asked.path)
        if (call := _CALLS.get(asked.path)) is None:
            self.forbidden.append(asked.path)
            raise Refused(48001, "api unauthorized", "a client must not call this")
        if asked.method != call.method:
            raise Refused(43001 if call.method == "GET" else 43002, f"require {call.method} method")
        if call.needs_token and (fault := self._tokens.fault(asked.query.get("access_token", ""))):
            raise Refused(fault, TOKEN_FAULTS[fault])  # protocols, 1: "Every call takes ?access_token="
        if not self._is_granted(asked.path):
            raise Refused(48001, "api unauthorized", "not granted to this account")
        self.quotas.spend(asked.path)
        return call.make(self, asked)

    def _check_script(self, path: str) -> None:
        for at, (wanted, code, message) in enumerate(self._scripted):
            if wanted in {"", path}:
                del self._scripted[at]
                raise Refused(code, message, "as the test wanted")

    def _is_granted(self, path: str) -> bool:
        if "/freepublish/" in path:
            return self.may_publish and self.certified
        return self.certified or "/draft/" not in path

    def _stable_token(self, asked: Asked) -> dict[str, Any]:
        body = _object(asked, "grant_type", "appid", "secret", "force_refresh")
        force = body.get("force_refresh", False)
        if not isinstance(force, bool):
            raise bad_data("force_refresh is true or false")
        self._check_caller(body)
        if force:
            self._check_force()
        return self._issued(*(self._tokens.force() if force else self._tokens.stable()))

    def _classic_token(self, asked: Asked) -> dict[str, Any]:
        self._check_caller(asked.query)
        return self._issued(*self._tokens.classic(overlap_s=self.classic_overlap_s))

    def _check_caller(self, given: Mapping[str, Any]) -> None:
        if given.get("grant_type") != "client_credential":  # protocols, 1.1; the code is remembered
            raise Refused(40002, "invalid grant_type")
        if given.get("appid") != self.appid:  # protocols, 1.1: "40013 bad appid"
            raise Refused(40013, "invalid appid")
        if given.get("secret") != self.secret:
            raise Refused(self.wrong_secret_code, "invalid appsecret")
        if self.whitelist is not None and self.caller not in self.whitelist:
            # protocols, 1.1: "40164 … checked at the token call; errmsg names the IP"
            raise Refused(40164, f"invalid ip {self.caller} ipv6 ::ffff:{self.caller}, not in whitelist")

    def _check_force(self) -> None:
        today = self.quotas.day()
        if sum(self.quotas.day(at) == today for at in self.forced_at) >= FORCED_PER_DAY:
            raise Refused(45009, "reach max api daily quota limit", "by force at most 20 times a day")
        if self.forced_at and self.now() - self.forced_at[-1] < FORCED_APART_S:
            raise Refused(45011, "api minute-quota reach limit", "by force at least 30 s apart")
        self.forced_at.append(self.now())

    def _issued(self, token: str, expires_in: int) -> dict[str, Any]:
        if token not in self.tokens_issued:
            self.tokens_issued.append(token)
        return {"access_token": token, "expires_in": expires_in}

    def _upload_inside(self, asked: Asked) -> dict[str, Any]:
        picture = _picture(asked, INSIDE_KINDS, INSIDE_BYTES)
        self.uploads.inside[picture.sha256] += 1
        return self.box.keep_inside(picture)

    def _add_material(self, asked: Asked) -> dict[str, Any]:
        _check_type(asked)
        picture = _picture(asked, COVER_KINDS, COVER_BYTES)
        self.uploads.cover[picture.sha256] += 1
        return self.box.keep_material(picture)

    def _upload_temporary(self, asked: Asked) -> dict[str, Any]:
        """protocols, 1.2: "temporary media_id, 3 days; not usable as a cover": so nothing keeps it."""
        _check_type(asked)
        picture = _picture(asked, COVER_KINDS, COVER_BYTES)
        self.uploads.temporary[picture.sha256] += 1
        return {"type": "image", "media_id": secrets.token_urlsafe(48), "created_at": int(self.now())}

    def _add_draft(self, asked: Asked) -> dict[str, Any]:
        return self.box.add(_object(asked, "articles"))

    def _update_draft(self, asked: Asked) -> dict[str, Any]:
        return self.box.update(_object(asked, "media_id", "index", "articles"))

    def _get_draft(self, asked: Asked) -> dict[str, Any]:
        return self.box.get(_object(asked, "media_id"))

    def _delete_draft(self, asked: Asked) -> dict[str, Any]:
        return self.box.delete(_object(asked, "media_id"))

    def _list_drafts(self, asked: Asked) -> dict[str, Any]:
        return self.box.batch(_object(asked, "offset", "count", "no_content"))

    def _count_drafts(self, _asked: Asked) -> dict[str, Any]:
        return self.box.count()

    def _submit(self, asked: Asked) -> dict[str, Any]:
        return self.box.submit(_object(asked, "media_id"), self.publish_states)

    def _publish_status(self, asked: Asked) -> dict[str, Any]:
        return self.box.status(_object(asked, "publish_id"))

    def _tell_quota(self, asked: Asked) -> dict[str, Any]:
        """protocols, 1.6: "POST /cgi-bin/openapi/quota/get {cgi_path} tells"."""
        path = _object(asked, "cgi_path").get("cgi_path")
        if path not in _CALLS:
            raise Refused(76021, "cgi_path not found, please check", str(path))
        return OK | {"quota": self.quotas.told(str(path))}

    def _clear_quota(self, asked: Asked) -> dict[str, Any]:
        if _object(asked, "appid").get("appid") != self.appid:
            raise Refused(40013, "invalid appid")
        self.quotas.clear()
        return OK


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that a client may make."""

    method: str
    make: Callable[[WechatOa, Asked], dict[str, Any]]
    needs_token: bool = True


_CALLS = {
    "/cgi-bin/stable_token": _Call("POST", WechatOa._stable_token, needs_token=False),
    "/cgi-bin/token": _Call("GET", WechatOa._classic_token, needs_token=False),
    "/cgi-bin/media/uploadimg": _Call("POST", WechatOa._upload_inside),
    "/cgi-bin/material/add_material": _Call("POST", WechatOa._add_material),
    "/cgi-bin/media/upload": _Call("POST", WechatOa._upload_temporary),
    "/cgi-bin/draft/add": _Call("POST", WechatOa._add_draft),
    "/cgi-bin/draft/update": _Call("POST", WechatOa._update_draft),
    "/cgi-bin/draft/get": _Call("POST", WechatOa._get_draft),
    "/cgi-bin/draft/delete": _Call("POST", WechatOa._delete_draft),
    "/cgi-bin/draft/batchget": _Call("POST", WechatOa._list_drafts),
    "/cgi-bin/draft/count": _Call("GET", WechatOa._count_drafts),
    "/cgi-bin/freepublish/submit": _Call("POST", WechatOa._submit),
    "/cgi-bin/freepublish/get": _Call("POST", WechatOa._publish_status),
    "/cgi-bin/openapi/quota/get": _Call("POST", WechatOa._tell_quota),
    "/cgi-bin/clear_quota": _Call("POST", WechatOa._clear_quota),
}


def _object(asked: Asked, *fields: str) -> dict[str, Any]:
    """The JSON object that was sent, with no other *fields*. Raises Refused."""
    if _ESCAPE.search(asked.body):  # protocols, 1.3: "40033 \\u escapes"
        raise Refused(40033, "invalid charset. please check your request, if include \\uxxxx will create fail!")
    try:
        body = asked.json()
    except ValueError as error:  # protocols, 1.3: "47001 body is not valid JSON"
        raise bad_data(str(error)) from error
    if not isinstance(body, dict):
        raise bad_data("the body is an object")
    if unknown := body.keys() - set(fields):
        raise bad_data(f"unknown fields: {sorted(unknown)}")
    return body


def _check_type(asked: Asked) -> None:
    if asked.query.get("type") != "image":  # protocols, 1.2: "?type=image"
        raise Refused(40004, "invalid media type", f"type={asked.query.get('type')}")


def _picture(asked: Asked, kinds: set[str], bytes_most: int) -> Picture:
    return read_picture(asked.headers.get("content-type", ""), asked.body, kinds=kinds, bytes_most=bytes_most)
