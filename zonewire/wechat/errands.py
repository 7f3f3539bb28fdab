"""Errands: what a delivery wants done about a draft, as one reply, whatever calls it takes.

The reply's body is WeChat's last answer, or what was made, with the request's own `told` in it: `errcode` is 0 where
all went well. It never raises for what the platform says.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from zonewire.outbound.courier import DraftRequest, Reply
from zonewire.wechat import drafts
from zonewire.wechat.client import WechatClient
from zonewire.wechat.covers import ACCENT, make_cover
from zonewire.wechat.drafts import DraftArticle
from zonewire.wechat.errors import CHINA, NO_SUCH_MEDIA, WechatRefused, WechatUnreachable
from zonewire.wechat.pictures import Pictures

COUNT = "/cgi-bin/draft/count"

NewPictures = Callable[[], Pictures]


class Errands:
    """Runs errands for one account, in one thread."""

    def __init__(self, client: WechatClient, new_pictures: NewPictures) -> None:
        self._client, self._new_pictures = client, new_pictures

    def carry(self, request: DraftRequest) -> Reply:
        """Do what *request* asks."""
        act = getattr(self, f"_{request.act}")
        try:
            done: dict[str, Any] = act(request)
        except WechatRefused as refused:
            done = {"errcode": refused.errcode, "errmsg": " ".join(filter(None, (refused.errmsg, refused.mend)))}
        except WechatUnreachable as away:
            return Reply(error=away.what, lost=away.lost and request.act in {"add", "submit"})
        told = {"act": request.act, "told": orjson.loads(request.told or "null")}
        return Reply(status=200, body=orjson.dumps({"errcode": 0, "errmsg": "ok"} | done | told))

    def _add(self, request: DraftRequest) -> dict[str, Any]:
        first, titles = request.articles[0].source_url, [one.title for one in request.articles]
        if request.is_uncertain and (known := drafts.find(self._client, first, titles=titles)):
            return {"media_id": known}
        self._client.check_quota(drafts.ADD)  # before pictures are uploaded in vain
        prepared = self._prepared(request)
        try:
            return {"media_id": drafts.add(self._client, prepared)}
        except WechatRefused as refused:
            if refused.errcode != NO_SUCH_MEDIA:
                raise
        pictures = self._new_pictures()
        for article in prepared:  # a cover was deleted in the console
            pictures.forget(article.thumb_media_id)
        return {"media_id": drafts.add(self._client, self._prepared(request))}

    def _update(self, request: DraftRequest) -> dict[str, Any]:
        prepared = self._prepared(request)
        try:
            for index, article in zip(request.indexes, prepared, strict=True):
                drafts.update(self._client, request.media_id, index, article)
        except WechatRefused as refused:
            if refused.errcode != NO_SUCH_MEDIA:
                raise
            return {"gone": True}
        return {}

    def _submit(self, request: DraftRequest) -> dict[str, Any]:
        return {"publish_id": drafts.submit(self._client, request.media_id)}

    def _poll(self, request: DraftRequest) -> dict[str, Any]:
        found = drafts.publication(self._client, request.publish_id)
        return {"publish_status": found.status, "addresses": found.addresses, "failed": found.failed}

    def _check(self, _request: DraftRequest) -> dict[str, Any]:
        self._client.call(COUNT)
        return {}

    def _prepared(self, request: DraftRequest) -> list[DraftArticle]:
        pictures = self._new_pictures()
        day = datetime.fromtimestamp(request.made_at / 1_000_000, CHINA).date()
        indexes = request.indexes or range(len(request.articles))

        def prepared(article: Any, *, is_first: bool) -> DraftArticle:
            def cover() -> bytes:
                return make_cover(day, is_first=is_first, accent=request.accent or ACCENT, name=request.name)

            return drafts.prepare(pictures, article, is_first=is_first, made_cover=cover)

        return [
            prepared(article, is_first=index == 0) for index, article in zip(indexes, request.articles, strict=True)
        ]
