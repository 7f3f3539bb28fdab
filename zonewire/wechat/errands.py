"""Errands: what a delivery wants done about a draft, as one reply, whatever calls it takes.

The reply's body is WeChat's last answer, or what was made, with the request's own `told` in it: `errcode` is 0 where
all went well. It never raises for what the platform says.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import orjson

from zonewire.outbound.courier import DraftRequest, Reply
from zonewire.wechat import drafts
from zonewire.wechat.client import WechatClient
from zonewire.wechat.covers import ACCENT, make_cover
from zonewire.wechat.drafts import DraftArticle
from zonewire.wechat.errors import CHINA, NO_SUCH_MEDIA, WechatRefused, WechatUnreachable
from zonewire.wechat.pictures import Pictures

COUNT = "/cgi-bin/draft/count"

T = TypeVar("T")
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
            return Reply(error=away.what)  # never lost: whoever tries again looks first at what there is
        told = {"act": request.act, "told": orjson.loads(request.told or "null")}
        return Reply(status=200, body=orjson.dumps({"errcode": 0, "errmsg": "ok"} | done | told))

    def _add(self, request: DraftRequest) -> dict[str, Any]:
        addresses = [one.source_url for one in request.articles]
        if request.is_uncertain and (known := drafts.find(self._client, addresses, but=request.taken)):
            self._rewrite(request._replace(media_id=known, indexes=tuple(range(len(addresses)))))
            return {"media_id": known}
        self._client.check_quota(drafts.ADD)  # before pictures are uploaded in vain
        return {"media_id": self._with_covers(request, lambda prepared: drafts.add(self._client, prepared))}

    def _update(self, request: DraftRequest) -> dict[str, Any]:
        try:
            self._rewrite(request)
        except WechatRefused as refused:
            if refused.errcode != NO_SUCH_MEDIA:
                raise
            return {"gone": True}
        return {}

    def _submit(self, request: DraftRequest) -> dict[str, Any]:
        try:
            self._rewrite(request)  # what has changed since it was drafted
            return {"publish_id": drafts.submit(self._client, request.media_id)}
        except WechatRefused as refused:
            if refused.errcode != NO_SUCH_MEDIA or not request.is_uncertain:
                raise
            return {"publish_id": ""}  # an earlier try submitted it, and its answer was lost

    def _rewrite(self, request: DraftRequest) -> None:
        """Write the articles of a draft anew: all that can be, before a refusal of one is raised."""
        if request.articles:
            self._with_covers(request, lambda prepared: self._write_each(request, prepared))

    def _write_each(self, request: DraftRequest, prepared: Sequence[DraftArticle]) -> None:
        refusal: WechatRefused | None = None
        for index, article in zip(request.indexes, prepared, strict=True):
            try:
                drafts.update(self._client, request.media_id, index, article)
            except WechatRefused as refused:
                refusal = refused
                if refused.errcode == NO_SUCH_MEDIA:
                    break  # the draft, or a cover
        if refusal is not None:
            raise refusal

    def _with_covers(self, request: DraftRequest, act: Callable[[Sequence[DraftArticle]], T]) -> T:
        """*act* on the prepared articles; once more with covers that are uploaded anew, where one was deleted there."""
        prepared = self._prepared(request)
        try:
            return act(prepared)
        except WechatRefused as refused:
            if refused.errcode != NO_SUCH_MEDIA:
                raise
        pictures = self._new_pictures()
        for article in prepared:
            pictures.forget(article.thumb_media_id)
        return act(self._prepared(request))

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
