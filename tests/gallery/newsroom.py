"""A newsroom to look at: a store with the sample articles and some odd ones, behind a web face on a free port."""

import contextlib
import itertools
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import requests
from sqlalchemy import insert, select

from tests.builders import a_delivery, a_subscription, a_version, an_edition, an_endpoint
from tests.web.faces import BASE, a_face
from tests.web.serving import serve
from web.app import create_app
from workers.sample_desk import DeskServer
from zonewire import ROOT
from zonewire.articles.model import Article, Enclosure, Image, Version
from zonewire.delivery.mailing import Mailing
from zonewire.digests.windows import Role
from zonewire.feeds import Catalogue, mark_touched, publish_due
from zonewire.filters import Filter, intern
from zonewire.intake import read_article
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.rendering.portal import Portal
from zonewire.store import SECOND, Store, now, open_store, upgrade
from zonewire.store.tables import edition_versions, subscriptions
from zonewire.subscriptions import Consent, record

SATURDAY = int(datetime(2026, 6, 6, 0, 0, tzinfo=UTC).timestamp()) * SECOND
"""2026-06-06 08:00 in China, the day of the newest sample: when editions are made here, in microseconds."""

PORTAL = Portal(
    name="江海投资促进网",
    english="Jianghai Investment",
    home="https://portal.example/",
    contact="editor@portal.example",
    copyright="© 2026 江海投资促进网",
    icp="苏ICP备00000000号",
    english_places=(("泰州", "Taizhou"), ("台州", "Taizhou (Zhejiang)"), ("苏州", "Suzhou"), ("合肥", "Hefei")),
)
PICTURE = Image(url="https://pictures.example/platform.jpg", alt="工程师在新启用的平台上调试设备")

CONSENT = {
    "asked": "点“订阅”，就是同意 江海投资促进网 把符合条件的新闻发到这个邮箱。城市：泰州、苏州；每天 08:00（上海时间）",
    "confirmed": "确认以后，符合条件的新闻会发到 li@mail.example。每天，城市：泰州、苏州",
}

_WIDE_TABLE = "<table><tr>" + "<th>指标</th>" * 12 + "</tr><tr>" + "<td>1,234.5</td>" * 12 + "</tr></table>"
LONG_WORD = "Hochgeschwindigkeitsdatenübertragungsinfrastruktur" * 3
EXTREME = Article(
    guid="https://news.example.com/extreme",
    title="<b>“一号”</b> & ‘二号’项目" + "在江海沿线多个开发区同时签约开工并计划于明年投产" * 4 + LONG_WORD,
    summary="摘要里也有 <script>、& 和 {{ portal }}，" + "还有很多很长的说明" * 20 + LONG_WORD,
    text=f"{LONG_WORD}\n\n第二段很短。",
    html=f"<p>{LONG_WORD}</p>{_WIDE_TABLE}<pre>{'0123456789' * 20}</pre><h2>小标题</h2><ul><li>{LONG_WORD}</li></ul>",
    zone="名字特别特别长的国家级经济技术开发区暨自由贸易试验区联动创新区",
    city="呼伦贝尔",
    source=LONG_WORD,
    section=("栏目一", "栏目二", "栏目三"),
    published_at=SATURDAY - 3_600 * SECOND,
    images=(Image(url="https://pictures.example/a.png", alt="一张“图”的说明，" * 12),),
    enclosures=(Enclosure(url=f"https://files.example/{'a' * 120}.pdf", length=3_000_000),),
)
BARE = Article(guid="https://news.example.com/bare", title="简讯", published_at=SATURDAY)


@dataclass(slots=True)
class Newsroom:
    """A store, and the face over it; articles by a short name."""

    store: Store
    url: str  # of the face over `store`
    empty_url: str  # of a face that nothing was ever published to
    keys: KeyRing
    desk: DeskServer  # of `up --sample`, without mails
    articles: dict[str, Version] = field(default_factory=dict)
    articles_url: str = ""  # of the face of a portal whose editions are several articles for WeChat
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def get(self, path: str, locale: str, **query: str) -> requests.Response:
        """What the face answers to a reader of *locale* who opens *path* (or a whole address)."""
        return requests.get(self._at(path), params={"lang": locale, **query}, timeout=10, headers=BROWSER)

    def post(self, path: str, locale: str, **form: Any) -> requests.Response:
        """What it answers to a form."""
        return requests.post(self._at(path), params={"lang": locale}, data=form, timeout=10, headers=BROWSER)

    def _at(self, path: str) -> str:
        return path if "://" in path else self.url + path

    def mailing(self, *, base: str = BASE) -> Mailing:
        """As mails are made; *base*: where their links lead."""
        return Mailing(base, "江海投资促进网 <digest@wire.example>", self.keys, portal=PORTAL)

    @property
    def links(self) -> Mailing:
        """Whose links lead to the face."""
        return self.mailing(base=self.url)

    def reader(self, *, wanted: Filter | None = None, sent: bool = False, agreed: bool = False, **over: Any) -> int:
        """A new reader's subscription to a daily digest, or to what *over* says.

        *sent*: with two digests, one of which did not arrive. *agreed*: with the consent of a stranger.
        """
        with self.store.writing() as db:
            endpoint = an_endpoint(db, channel="email", address=f"li.{next(self._numbers)}@mail.example")
            filter_id = intern(db, wanted or Filter(cities=("泰州", "苏州"), keywords=("集成电路",)))
            ident = a_subscription(db, endpoint_id=endpoint, channel="email", filter_id=filter_id, **over)
        for state in ("delivered", "dead") if sent else ():
            edition = self.edition("01", "02", locale="zh-CN")
            with self.store.writing() as db:
                a_delivery(
                    db, endpoint_id=endpoint, kind="digest", state=state, edition_id=edition, subscription_id=ident
                )
        if agreed:
            with self.store.writing() as db:
                for act, wording in CONSENT.items():
                    given = Consent(
                        act=act, given_at=SATURDAY, given_from="203.0.113.7", locale="zh-CN", wording=wording
                    )
                    record(db, ident, given)
        return ident

    def endpoint_of(self, subscription_id: int) -> int:
        """Where a subscription's mails go."""
        wanted = select(subscriptions.c.endpoint_id).where(subscriptions.c.id == subscription_id)
        with self.store.reading() as db:
            return int(db.execute(wanted).scalar_one())

    def edition(
        self,
        *names: str,
        locale: str,
        changed: tuple[str, ...] = (),
        wanted: Filter | None = None,
        skipped: int | None = None,
    ) -> int:
        """An edition that carries the articles called so; *changed* are named as corrected or withdrawn since."""
        carried = [(self.articles[name].number, Role.STORY) for name in names]
        for name in changed:
            version = self.articles[name]
            carried.append((version.number, Role.WITHDRAWAL if version.withdrawn else Role.CORRECTION))
        with self.store.writing() as db:
            filter_id = intern(db, wanted or Filter(cities=("泰州", "苏州"), keywords=("集成电路",)))
            window = {"after": next(self._numbers), "up_to": max(number for number, _ in carried) + 100_000}
            edition = an_edition(db, filter_id=filter_id, created_at=SATURDAY, locale=locale, skipped=skipped, **window)
            rows = [{"edition_id": edition, "number": number, "role": role} for number, role in carried]
            db.execute(insert(edition_versions), rows)
        return edition

    def publish_today(self, *names: str) -> None:
        """The articles called so once more, as if they had come an hour ago."""
        hour = 3_600 * SECOND
        with self.store.writing() as db:
            for name in names:
                article, moment = self.articles[name].article, now(db) - hour
                a_version(db, replace(article, published_at=moment - hour), accepted_at=moment)


BROWSER = {"Accept": "text/html"}
SAMPLES = tuple(sorted(path.stem[:2] for path in (ROOT / "samples/articles").glob("*.json")))
"""The names of the sample articles here: 01, 02, …"""
MANY = tuple(f"many {n}" for n in range(70))
"""More than a mail holds."""


@contextlib.contextmanager
def a_newsroom(folder: Path) -> Iterator[Newsroom]:
    """A newsroom whose database lies in *folder*."""
    _migrate(folder / "empty")
    shutil.copytree(folder / "empty", folder / "full")
    full, empty = (open_store(f"sqlite:///{folder / name / 'zonewire.db'}") for name in ("full", "empty"))
    face = a_face(full, folder / "full", catalogue_given=Catalogue(portal=PORTAL))
    with (
        a_desk(folder) as desk,
        serve(create_app(face)) as url,
        serve(create_app(a_face(empty, folder / "empty"))) as empty_url,
    ):
        several = Catalogue(portal=replace(PORTAL, wechat_form="articles"))
        with serve(create_app(a_face(full, folder / "full", catalogue_given=several))) as articles_url:
            room = Newsroom(full, url, empty_url, face.keys, desk, articles_url=articles_url)
            _publish(room)
            yield room
    full.close()
    empty.close()


@contextlib.contextmanager
def a_desk(outbox: Path) -> Iterator[DeskServer]:
    """A desk that serves until the end, to whose robots nothing came yet."""
    server = DeskServer(socket.create_server(("127.0.0.1", 0)), outbox=outbox, secret=new_webhook_secret())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _migrate(folder: Path) -> None:
    folder.mkdir(parents=True)
    store = open_store(f"sqlite:///{folder / 'zonewire.db'}")
    upgrade(store)
    store.close()


def _publish(room: Newsroom) -> None:
    """Accept every article, and publish their feeds."""
    for name, article in _articles().items():
        _accept(room, name, article)
    _accept(room, "corrected", room.articles["01"].article)
    _accept(room, "withdrawn", replace(BARE, guid="https://news.example.com/gone", title="已经撤下的一条新闻"))
    _accept(room, "withdrawn", room.articles["withdrawn"].article, withdrawn=True)
    publish_due(room.store, base_url=BASE, window_s=0, now=SATURDAY)


def _accept(room: Newsroom, name: str, article: Article, *, withdrawn: bool = False) -> Version:
    with room.store.writing() as db:
        version = a_version(db, article, withdrawn=withdrawn, accepted_at=SATURDAY + len(room.articles))
        mark_touched(db, version, now=SATURDAY)
    room.articles[name] = version
    return version


def _articles() -> dict[str, Article]:
    """By name: the samples, one of them with a picture, and those that try what templates can bear."""
    paths = sorted((ROOT / "samples/articles").glob("*.json"))
    articles = {path.stem[:2]: read_article(orjson.loads(path.read_bytes())) for path in paths}
    articles["04"] = replace(articles["04"], images=(PICTURE,))
    for name in ("10", "12"):  # shown on our own pages, which an article with an address of its own is not
        guid = f"https://news.example.com/own/{name}"
        articles[f"own {name}"] = replace(articles[name], guid=guid, url="", images=(PICTURE,))
    articles |= {"extreme": EXTREME, "bare": BARE}
    template = articles["02"]
    for n, name in enumerate(MANY):
        guid, title = f"{template.guid}?{n}", f"{template.title}（{n}）"
        articles[name] = replace(template, guid=guid, url=guid, title=title, city=("台州", "泰州", "苏州")[n % 3])
    return articles
