"""Editions of digests/wechat made into drafts: the platform has nothing to remove and nothing to refuse."""

from dataclasses import replace
from datetime import date
from html import escape

import pytest
from sqlalchemy import Connection

from tests.builders import a_version, an_article
from tests.simulators.wechat_html import faults, picture_addresses
from tests.simulators.wechat_oa import WechatOa
from tests.zonewire.digests.wechat_editions import HOSTILE, LONG, PORTAL, SEVERAL, an_edition_of, rendered
from tests.zonewire.wechat.articles import MemoryShelf
from tests.zonewire.wechat.pictures import PictureHost, a_picture
from tests.zonewire.wechat.workers import ANYWHERE, Worker
from zonewire.articles.model import Image
from zonewire.digests import WechatArticle
from zonewire.outbound.session import guarded_session
from zonewire.rendering.portal import Portal
from zonewire.wechat.covers import make_cover
from zonewire.wechat.drafts import DraftArticle, add, prepare
from zonewire.wechat.fetching import Fetcher
from zonewire.wechat.pictures import Pictures

pytestmark = pytest.mark.slow

PICTURE = 'https://p.example/1.jpg?a=1&b="2"'
"""Digests show what lies behind https alone, and no server here has a certificate."""


def at_home(article: WechatArticle, address: str) -> WechatArticle:
    """*article* with *address* in the place of PICTURE."""
    assert PICTURE in article.pictures or "另有" in article.title
    return replace(
        article,
        content=article.content.replace(escape(PICTURE), escape(address)),
        pictures=tuple(address if one == PICTURE else one for one in article.pictures),
        cover=address if article.cover == PICTURE else article.cover,
    )


def prepared(worker: Worker, article: WechatArticle, place: int) -> DraftArticle:
    fetcher = Fetcher(guarded_session(ANYWHERE, timeout_s=2))
    pictures = Pictures(worker.client, shelf=MemoryShelf(), fetcher=fetcher)
    first = place == 0
    return prepare(pictures, article, is_first=first, made_cover=lambda: make_cover(date(2022, 6, 6), is_first=first))


@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("portal", [PORTAL, SEVERAL], ids=["digest", "articles"])
@pytest.mark.parametrize("over", [{}, HOSTILE, LONG], ids=["plain", "hostile", "long"])
def test_the_platform_takes_every_edition_as_it_is(
    db: Connection, platform: WechatOa, worker: Worker, host: PictureHost, over: dict[str, object], portal: Portal,
    *, served: bool,
) -> None:  # fmt: skip
    address = host.serve("/p.jpg", a_picture() if served else b"<html>") + '?a=1&b="2"'
    shown = {"images": (Image(url=PICTURE, alt="签约 <现场>", type="image/jpeg"),)}
    stories = [a_version(db, an_article(**(over | shown))) for _ in range(12)]
    written = [at_home(one, address) for one in rendered(db, an_edition_of(db, *stories), portal).articles()]
    media_id = add(worker.client, [prepared(worker, one, n) for n, one in enumerate(written)])

    assert [faults(one["content"]) for one in platform.drafts[media_id]] == [[]] * len(written)
    assert (platform.refusals, platform.removed_images, platform.unknown_images) == ([], [], [])
    pictured = [len(picture_addresses(one["content"])) for one in platform.drafts[media_id]]
    several = portal.wechat_form == "digest"  # where three stories show theirs
    assert pictured[0] == ((4 if several else 2) if served else 1), "pictures and the code, or the code alone"
