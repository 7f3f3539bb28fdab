"""A plain caller of WeChat's API, for the simulator's own tests: it makes any mistake that it is told to make."""

import io
from typing import Any

import orjson
import requests
from PIL import Image

from tests.simulators.wechat_oa import APPID, SECRET, WechatOa

STABLE, CLASSIC = "/cgi-bin/stable_token", "/cgi-bin/token"
INSIDE, MATERIAL, TEMPORARY = "/cgi-bin/media/uploadimg", "/cgi-bin/material/add_material", "/cgi-bin/media/upload"
ADD, UPDATE, GET, DELETE = (f"/cgi-bin/draft/{name}" for name in ("add", "update", "get", "delete"))
COUNT, BATCH = "/cgi-bin/draft/count", "/cgi-bin/draft/batchget"
SUBMIT, STATUS = "/cgi-bin/freepublish/submit", "/cgi-bin/freepublish/get"


class Caller:
    """Calls one account."""

    def __init__(self, platform: WechatOa) -> None:
        self.platform = platform
        self.token = ""

    def fetch_token(self, *, force: bool = False, **over: Any) -> dict[str, Any]:
        asked = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": force} | over
        told = self.post(STABLE, asked)
        self.token = told.get("access_token", self.token)
        return told

    def post(self, path: str, shape: Any) -> dict[str, Any]:
        return self.send(path, orjson.dumps(shape))

    def send(self, path: str, body: bytes) -> dict[str, Any]:
        return self._told(requests.post(self._address(path), params=self._query(), data=body, timeout=10))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self._told(requests.get(self._address(path), params=self._query() | query, timeout=10))

    def upload(
        self, path: str, body: bytes, *, name: str = "a.png", mime: str = "image/png", part: str = "media", **query: str
    ) -> dict[str, Any]:
        files = {part: (name, body, mime)}
        return self._told(requests.post(self._address(path), params=self._query() | query, files=files, timeout=10))

    def cover(self, body: bytes | None = None) -> str:
        return str(self.upload(MATERIAL, body or a_picture(), type="image")["media_id"])

    def draft(self, **over: Any) -> dict[str, Any]:
        return self.post(ADD, {"articles": [self.an_article(**over)]})

    def an_article(self, **over: Any) -> dict[str, Any]:
        return {
            "title": "泰州医药高新区新签 12 个项目",
            "content": '<section style="padding:0 8px"><p>正文。</p></section>',
            "thumb_media_id": over.pop("thumb_media_id", None) or self.cover(),
        } | over

    def _address(self, path: str) -> str:
        return self.platform.base + path

    def _query(self) -> dict[str, str]:
        return {"access_token": self.token} if self.token else {}

    def _told(self, reply: requests.Response) -> dict[str, Any]:
        assert reply.status_code == 200, "refusals too come as HTTP 200"
        told = reply.json()
        assert isinstance(told, dict)
        return told


def a_picture(kind: str = "PNG", size: tuple[int, int] = (200, 200)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "#0B6B5B").save(file, kind)
    return file.getvalue()


def code(told: dict[str, Any]) -> int:
    return int(told.get("errcode", 0))
