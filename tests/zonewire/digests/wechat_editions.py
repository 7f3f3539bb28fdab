"""Editions for WeChat, as tests make them and as the strict checker sees them."""

from html import unescape
from typing import Any

from sqlalchemy import Connection, insert

from tests.builders import a_version, an_article, an_edition
from tests.simulators.wechat_html import faults, picture_addresses
from zonewire.articles.model import Image, Version
from zonewire.digests import QR, Edition, WechatArticle, render_edition, with_pictures
from zonewire.rendering.portal import Portal
from zonewire.store.tables import edition_versions

BASE = "https://wire.example"
CODE = "https://pictures.example/code.png"
MMBIZ = "https://mmbiz.qpic.cn/mmbiz_png/" + "x" * 120 + "/0?wx_fmt=png&from=appmsg"
PORTAL = Portal(name="投促网", contact="editor@p.example", icp="苏ICP备0号")
SEVERAL = Portal(name="投促网", wechat_form="articles")
NASTY = "</section><script>alert(1)</script><a href=https://x.example>”\"'><img src=x onerror=alert(1)>{{ t }}"
HOSTILE: dict[str, Any] = {
    "title": NASTY,
    "summary": NASTY * 2,
    "source": NASTY,
    "zone": NASTY,
    "city": NASTY,
    "language": '"><b>',
    "html": "",
    "text": f"{NASTY}\n\n{NASTY}",
    "images": (Image(url='https://p.example/"onload="x.jpg', alt=NASTY, type="image/jpeg"),),
}
LONG: dict[str, Any] = {
    "title": "标题" * 60,
    "summary": "摘要，" * 90,
    "source": "来" * 90,
    "html": "<p>很长的一段话，说了很多。</p>" * 900,
    "text": "很长的一段话，说了很多。",
}


def an_edition_of(db: Connection, *versions: Version, corrections: tuple[Version, ...] = (), **over: Any) -> int:
    """An edition that carries *versions*, and tells what became of *corrections*."""
    edition_id = an_edition(db, up_to=max(v.number for v in (*versions, *corrections)), **over)
    told = {one.number: "withdrawal" if one.withdrawn else "correction" for one in corrections}
    roles = {one.number: "story" for one in versions} | told
    rows = [{"edition_id": edition_id, "number": number, "role": role} for number, role in roles.items()]
    db.execute(insert(edition_versions), rows)
    return edition_id


def an_edition_with(db: Connection, n: int, locale: str = "zh-CN", **over: Any) -> int:
    """An edition of *n* stories that are the same but for their titles."""
    title = over.pop("title", "产业项目签约")
    return an_edition_of(db, *(a_version(db, an_article(title=f"{i}{title}", **over)) for i in range(n)), locale=locale)


def rendered(db: Connection, edition_id: int, portal: Portal = PORTAL) -> Edition:
    """The edition as *portal* sends it."""

    def page_of(key: int, _: int) -> str:
        return f"{BASE}/editions/{key}"

    edition = render_edition(db, edition_id, base_url=BASE, portal=portal, page_of=page_of)
    assert edition is not None
    return edition


def faults_of(article: WechatArticle) -> list[str]:
    """What WeChat would drop or refuse of *article* as it is sent: its content, and the lengths of its fields."""
    content = with_pictures(article.content, dict.fromkeys((*article.pictures, QR), MMBIZ))
    lengths = {"title": 32, "author": 16, "digest": 120}
    long = [name for name, most in lengths.items() if not 0 < len(getattr(article, name)) <= most]
    shown = [unescape(one) for one in picture_addresses(article.content)]
    known = [*article.pictures, *([QR] if article.qr_code else [])]
    lost = [] if shown == known else [f"pictures {shown} are not {known}"]
    return [*faults(content), *faults(article.content.replace(QR, CODE), images="anywhere"), *long, *lost]
