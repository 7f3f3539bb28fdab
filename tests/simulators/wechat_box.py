"""What stands in an account of WeChat: permanent pictures, the draft box, and what was published.

Facts: protocols, 1.2 to 1.4.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulators.wechat_articles import Article, check_article
from tests.simulators.wechat_html import picture_addresses, without_foreign_images
from tests.simulators.wechat_pictures import Picture
from tests.simulators.wechat_refusals import OK, Refused, bad_data

ARTICLES_MOST = 8  # protocols, 1.3: "1–8 of them"
COUNT_MOST = 20  # protocols, 1.3: "batchget {offset,count 1–20,no_content 0|1}"
DONE, RUNNING = 0, 1  # protocols, 1.4: "status 0 done · 1 running · 2 originality failed · 3 failed · …"


@dataclass(slots=True, kw_only=True)
class Publication:
    """A draft that was submitted, and how it fares."""

    publish_id: str
    media_id: str
    articles: list[Article]
    states: list[int]  # one for each poll; the last one stays
    article_id: str


class Box:
    """Pictures, drafts and publications. A method takes the fields of a call; it answers or raises Refused."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._updated_at: dict[str, int] = {}
        self.materials: dict[str, Picture] = {}  # permanent, by media_id
        self.inside: dict[str, Picture] = {}  # by address
        self.drafts: dict[str, list[Article]] = {}
        self.published: dict[str, list[Article]] = {}  # by the media_id of the former draft
        self.publications: dict[str, Publication] = {}  # by publish_id
        self.removed_images: list[str] = []
        self.unknown_images: list[str] = []
        self.has_comments = False

    def keep_inside(self, picture: Picture) -> dict[str, Any]:
        self.inside[address := _address(picture)] = picture
        return {"url": address}

    def keep_material(self, picture: Picture) -> dict[str, Any]:
        self.materials[media_id := _media_id()] = picture
        return {"media_id": media_id, "url": _address(picture), "item": []}

    def add(self, body: Mapping[str, Any]) -> dict[str, Any]:
        articles = body.get("articles")
        if not isinstance(articles, list):
            raise bad_data("articles is a list")
        if not 1 <= len(articles) <= ARTICLES_MOST:  # protocols, 1.6: "45008 too many articles"
            raise Refused(45008, "article size out of limit", f"{len(articles)} articles")
        checked = [self._checked(one) for one in articles]
        self.drafts[media_id := _media_id()] = [self._kept(one) for one in checked]
        self._updated_at[media_id] = int(self._now())
        return {"media_id": media_id}

    def update(self, body: Mapping[str, Any]) -> dict[str, Any]:
        draft, index, article = self._draft(body), body.get("index"), body.get("articles")
        if not isinstance(article, dict):  # protocols, 1.3: "articles:A (one object, index from 0)"
            raise bad_data("articles is one object")
        if type(index) is not int:
            raise bad_data("index is a number")
        if not 0 <= index < len(draft):
            raise Refused(40114, "invalid index value", f"{index} of {len(draft)}")
        draft[index] = self._kept(self._checked(article))
        self._updated_at[body["media_id"]] = int(self._now())
        return OK

    def get(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._draft(body)
        return self._content(body["media_id"], bare=False)

    def delete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self._draft(body)
        del self.drafts[body["media_id"]]
        return OK

    def batch(self, body: Mapping[str, Any]) -> dict[str, Any]:
        offset, count, bare = body.get("offset"), body.get("count"), body.get("no_content", 0)
        if type(offset) is not int or type(count) is not int or offset < 0 or not 1 <= count <= COUNT_MOST:
            raise bad_data("offset from 0, count 1 to 20")
        if type(bare) is not int or bare not in {0, 1}:
            raise bad_data("no_content is 0 or 1")
        newest = sorted(self.drafts, key=lambda one: -self._updated_at[one])[offset : offset + count]
        items = [
            {"media_id": one, "content": self._content(one, bare=bool(bare)), "update_time": self._updated_at[one]}
            for one in newest
        ]
        return {"total_count": len(self.drafts), "item_count": len(items), "item": items}

    def count(self) -> dict[str, Any]:
        return {"total_count": len(self.drafts)}

    def submit(self, body: Mapping[str, Any], states: Sequence[int]) -> dict[str, Any]:
        """Only accepted: protocols, 1.4. The draft leaves the box: protocols, 1.3."""
        articles = self._draft(body)
        del self.drafts[body["media_id"]]
        publish_id = str(2_247_483_000 + len(self.publications))
        self.publications[publish_id] = Publication(
            publish_id=publish_id,
            media_id=body["media_id"],
            articles=articles,
            states=list(states),
            article_id=_media_id(),
        )
        return OK | {"publish_id": publish_id, "msg_data_id": publish_id}

    def status(self, body: Mapping[str, Any]) -> dict[str, Any]:
        one = self.publications.get(str(body.get("publish_id", "")))
        if one is None:
            raise Refused(53600, "invalid publish_id")
        state = one.states.pop(0) if len(one.states) > 1 else one.states[0]
        told = {"publish_id": one.publish_id, "publish_status": state, "fail_idx": []}
        if state == RUNNING:
            return told
        if state != DONE:
            return told | {"fail_idx": list(range(1, len(one.articles) + 1))}
        self.published[one.media_id] = one.articles
        items = [{"idx": n, "article_url": _article_url()} for n in range(1, len(one.articles) + 1)]
        return told | {"article_id": one.article_id, "article_detail": {"count": len(items), "item": items}}

    def _draft(self, body: Mapping[str, Any]) -> list[Article]:
        """protocols, 1.3: what was published or mass-sent leaves the box, "its media_id then gives 40007"."""
        media_id = body.get("media_id", "")
        if not media_id:  # protocols, 1.3: "41006 media_id missing"
            raise Refused(41006, "missing media_id")
        if not isinstance(media_id, str) or media_id not in self.drafts:
            raise Refused(40007, "invalid media_id", "no such draft in the box")
        return self.drafts[media_id]

    def _checked(self, article: Any) -> Article:
        return check_article(article, material=self.materials.get, comments=self.has_comments)

    def _kept(self, article: Article) -> Article:
        """*article* as the platform stores it: protocols, 1.3: "foreign images removed"."""
        content, removed = without_foreign_images(article["content"])
        self.removed_images += removed
        self.unknown_images += [one for one in picture_addresses(content) if one not in self.inside]
        return article | {"content": content}

    def _content(self, media_id: str, *, bare: bool) -> dict[str, Any]:
        items = [article | {"url": _article_url(), "thumb_url": ""} for article in self.drafts[media_id]]
        if bare:
            items = [{name: value for name, value in item.items() if name != "content"} for item in items]
        at = self._updated_at[media_id]
        return {"news_item": items, "create_time": at, "update_time": at}


def _media_id() -> str:
    return secrets.token_urlsafe(48)


def _address(picture: Picture) -> str:
    kind = picture.kind.lower()
    return f"https://mmbiz.qpic.cn/mmbiz_{kind}/{secrets.token_urlsafe(48)}/0?wx_fmt={kind}&from=appmsg"


def _article_url() -> str:
    return f"http://mp.weixin.qq.com/s/{secrets.token_urlsafe(16)}"
