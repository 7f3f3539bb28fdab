"""Drafts in the account's box, and their publication where it is asked for.

https://developers.weixin.qq.com/doc/offiaccount/Draft_Box/Add_draft.html, …/Publish/Publish.html. A draft is the normal
end: who presses 发布 or 群发 in the console is a person.
"""

import html
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from zonewire.wechat.client import WechatClient
from zonewire.wechat.errors import WechatUnreachable
from zonewire.wechat.exchange import number_in, text_in
from zonewire.wechat.pictures import Pictures
from zonewire.wechat.placing import addresses_in, placed

ADD, UPDATE, LIST = "/cgi-bin/draft/add", "/cgi-bin/draft/update", "/cgi-bin/draft/batchget"
SUBMIT, STATUS = "/cgi-bin/freepublish/submit", "/cgi-bin/freepublish/get"
QR = "cid:qr"
"""Where a content shows its QR code."""
CONTENT_CHARS = 20_000
"""A content has fewer (45002)."""
NEWEST = 20
"""As many drafts one call lists."""


class WrittenArticle(Protocol):
    """What digests/wechat writes."""

    @property
    def title(self) -> str:
        """At most 32 characters."""

    @property
    def author(self) -> str:
        """At most 16."""

    @property
    def digest(self) -> str:
        """At most 128."""

    @property
    def content(self) -> str:
        """HTML; pictures by their own addresses, the code as `cid:qr`."""

    @property
    def source_url(self) -> str:
        """Behind 阅读原文."""

    @property
    def cover(self) -> str:
        """The address of a picture, or ""."""

    @property
    def pictures(self) -> Sequence[str]:
        """Addresses of the pictures in `content`."""

    @property
    def spares(self) -> Sequence[tuple[str, Sequence[str]]]:
        """For some of `pictures`, others that may stand in their place."""

    @property
    def qr_code(self) -> bytes:
        """PNG, or b""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftArticle:
    """An article as draft/add takes it."""

    title: str
    author: str
    digest: str
    content: str
    content_source_url: str
    thumb_media_id: str
    need_open_comment: int = 0  # an account without comments refuses 1 (88000)
    only_fans_can_comment: int = 0

    def as_json(self) -> dict[str, Any]:
        """The fields of the platform."""
        return {"article_type": "news"} | {name: getattr(self, name) for name in self.__slots__}


class Status(IntEnum):
    """Of a publication. From FAILED_ORIGINALITY on it is final, as DONE is."""

    DONE = 0
    RUNNING = 1
    FAILED_ORIGINALITY = 2
    FAILED = 3
    REJECTED = 4  # by the platform's review
    DELETED = 5  # by the owner, all of it
    BANNED = 6


@dataclass(frozen=True, slots=True)
class Publication:
    """How a submitted draft fares."""

    status: int  # a Status, or a number that WeChat has added
    addresses: tuple[str, ...] = ()  # of the articles, in their order
    failed: tuple[int, ...] = ()  # which articles failed, from 1


def prepare(
    pictures: Pictures, article: WrittenArticle, *, is_first: bool, made_cover: Callable[[], bytes]
) -> DraftArticle:
    """*article* with its pictures and a cover uploaded. Raises WechatError where there can be no draft.

    *made_cover* draws a PNG, where the article has no picture that makes a cover.
    """
    inside = [one for one in addresses_in(article.content) if one != QR]
    spares = dict(article.spares)
    others = (spare for some in spares.values() for spare in some)
    candidates = dict.fromkeys(filter(None, (article.cover, *article.pictures, *inside, *others)))
    cover = pictures.cover(candidates, is_first=is_first) or pictures.own_cover(made_cover(), is_first=is_first)
    given = {one: address for one in inside if (address := _first_of_use(pictures, one, spares)) is not None}
    if article.qr_code and (code := pictures.own_inside(article.qr_code)) is not None:
        given = {QR: code} | given  # first: the last ones go where there is no room
    return DraftArticle(
        title=article.title,
        author=article.author,
        digest=article.digest,
        content=_within_bounds(article.content, given),
        content_source_url=article.source_url,
        thumb_media_id=cover,
    )


def _first_of_use(pictures: Pictures, address: str, spares: Mapping[str, Sequence[str]]) -> str | None:
    """WeChat's address of the picture at *address*, or of the first of its spares that can be used."""
    tried = (pictures.inside(one) for one in (address, *spares.get(address, ())))
    return next((given for given in tried if given is not None), None)


def _within_bounds(content: str, addresses: dict[str, str]) -> str:
    """*content* with its pictures; without the last ones where WeChat's addresses have made it too long."""
    done = placed(content, addresses)
    while len(done) >= CONTENT_CHARS and addresses:
        addresses.popitem()
        done = placed(content, addresses)
    return done


def add(client: WechatClient, articles: Sequence[DraftArticle]) -> str:
    """Make a draft of one to eight *articles*; its media_id. After `lost` look with `find` before trying again."""
    told = client.call(ADD, json={"articles": [one.as_json() for one in articles]})
    return text_in(told, "media_id", ADD)


def update(client: WechatClient, media_id: str, index: int, article: DraftArticle) -> None:
    """Replace one article of a draft, the first being 0. Raises WechatRefused 40007 where it left the box."""
    client.call(UPDATE, json={"media_id": media_id, "index": index, "articles": article.as_json()})


def find(client: WechatClient, source_urls: Sequence[str], *, but: Collection[str] = ()) -> str | None:
    """The newest draft whose articles lead to *source_urls*, in any order, among the twenty newest; None where none do.

    Titles change with corrections, addresses hardly ever. *but*: media_ids of drafts that belong to others.
    """
    wanted = sorted(map(html.unescape, source_urls))
    told = client.call(LIST, json={"offset": 0, "count": NEWEST, "no_content": 1})
    items = told.get("item") or []  # of an empty box it may be left out
    try:
        drafts = [(str(one["media_id"]), one["update_time"], one["content"]["news_item"]) for one in items]
        drafts.sort(key=lambda draft: -int(draft[1]))
        return next((ident for ident, _, held in drafts if ident not in but and _led_to(held) == wanted), None)
    except (TypeError, KeyError, ValueError):
        failed = WechatUnreachable("a list of drafts in an unknown form", LIST, lost=False)
    raise failed


def _led_to(held: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(html.unescape(str(one.get("content_source_url", ""))) for one in held)


def submit(client: WechatClient, media_id: str) -> str:
    """Ask for publication; the publish_id. Only accepted: `publication` tells. The draft leaves the box."""
    told = client.call(SUBMIT, json={"media_id": media_id})
    publish_id = told.get("publish_id")
    return str(publish_id) if isinstance(publish_id, int) else text_in(told, "publish_id", SUBMIT)


def publication(client: WechatClient, publish_id: str) -> Publication:
    """How *publish_id* fares; poll it until its status is not RUNNING."""
    told = client.call(STATUS, json={"publish_id": publish_id})
    detail = told.get("article_detail")
    items = (detail.get("item") or []) if isinstance(detail, dict) else []
    return Publication(
        status=number_in(told, "publish_status", STATUS),
        addresses=tuple(str(one["article_url"]) for one in items if "article_url" in one),
        failed=tuple(int(one) for one in told.get("fail_idx") or ()),
    )
