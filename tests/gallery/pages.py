"""Every public page in its states. A new page, or a new state of one, is one line of PAGES."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.gallery.newsroom import MANY, SAMPLES, Newsroom
from tests.gallery.wechat import by_night, with_code
from tests.web.faces import BASE
from zonewire.delivery.mailing import OWNER_TOKEN
from zonewire.keys import make_token

CHANGE = {"action": "change", "cadence": "daily", "at": "8.30", "weekday": "mon", "timezone": "Asia/Shanghai"}
TOO_LONG = {"action": "change", "with_filter": "yes", "keyword": "长" * 300}
CHOICE = {"city": ["台州", "苏州"], "not_keyword": "招聘", "not_zone": "甲"}
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
CALLBACK = "https://partner.example/in/7c1e0f"
TOPIC = f"{BASE}/feeds/all.atom"


@dataclass(frozen=True, slots=True)
class Page:
    """One page in one state: *open* brings it in a language."""

    name: str
    state: str
    open: Callable[[Newsroom, str], requests.Response]
    status: int = 200

    def __str__(self) -> str:
        return f"{self.name}, {self.state}"


def _article(name: str) -> Callable[[Newsroom, str], requests.Response]:
    return lambda room, locale: room.get(f"/articles/a{room.articles[name].article_id}", locale)


def _edition(*names: str, changed: tuple[str, ...] = ()) -> Callable[[Newsroom, str], requests.Response]:
    def opened(room: Newsroom, locale: str) -> requests.Response:
        edition = room.edition(*names, changed=changed, locale=locale)
        return room.get(room.links.edition_link(edition, 0), locale)

    return opened


def _wechat(
    *names: str, changed: tuple[str, ...] = (), article: int = 0, night: bool = False
) -> Callable[[Newsroom, str], requests.Response]:
    """An edition for WeChat; *article* of several, where that is not 0; *night*: as its dark reading mode shows it."""

    def opened(room: Newsroom, locale: str) -> requests.Response:
        edition = room.edition(*names, changed=changed, locale=locale)
        link = room.mailing(base=room.articles_url if article else room.url).edition_link(edition, 0)
        answer = with_code(room.get(f"{link}/wechat", locale, article=str(article)))
        return by_night(answer) if night else answer

    return opened


def _manage(form: dict[str, Any] | None = None, **over: Any) -> Callable[[Newsroom, str], requests.Response]:
    """A reader's page; with *form* what it answers to that."""

    def opened(room: Newsroom, locale: str) -> requests.Response:
        link = room.links.manage_link(room.reader(**over))
        return room.get(link, locale) if form is None else room.post(link, locale, **form)

    return opened


def _subscribe(action: str, **form: Any) -> Callable[[Newsroom, str], requests.Response]:
    """What the form of /subscribe is answered."""
    return lambda room, locale: room.post("/subscribe", locale, action=action, **form)


def _preview(room: Newsroom, locale: str) -> requests.Response:
    room.publish_today("02", "03")
    return room.post("/subscribe", locale, action="preview", **CHOICE)


def _owner(**form: str) -> Callable[[Newsroom, str], requests.Response]:
    """The page behind a link that was just asked for, with consents; with *form* what it answers to that."""

    def opened(room: Newsroom, locale: str) -> requests.Response:
        ident = room.reader(sent=True, agreed=True)
        link = room.links.owner_link(ident)
        return room.post(link, locale, **form) if form else room.get(link, locale)

    return opened


def _expired(room: Newsroom, locale: str) -> requests.Response:
    yesterday = int(time.time()) - 86_400
    return room.get(f"/manage/{make_token(room.links.keys, OWNER_TOKEN, room.reader(), now_s=yesterday)}", locale)


def _with_feed(room: Newsroom, locale: str) -> requests.Response:
    return room.post(room.links.manage_link(room.reader()), locale, action="make_feed")


def _resumed(room: Newsroom, locale: str) -> requests.Response:
    link = room.links.manage_link(room.reader())
    room.post(link, locale, action="pause")
    return room.post(link, locale, action="resume")


def _confirm(room: Newsroom, locale: str) -> requests.Response:
    return room.get(room.links.confirm_link(room.reader(state="unconfirmed")), locale)


def _confirmed(room: Newsroom, locale: str) -> requests.Response:
    return room.post(room.links.confirm_link(room.reader(state="unconfirmed")), locale)


def _unsubscribe(room: Newsroom, locale: str) -> requests.Response:
    return room.get(room.links.unsubscribe_link(room.reader()), locale)


def _unsubscribed(room: Newsroom, locale: str) -> requests.Response:
    return room.post(room.links.unsubscribe_link(room.reader()), locale)


def _known_to_the_hub(room: Newsroom, locale: str) -> requests.Response:
    room.post("/hub", locale, **{"hub.mode": "subscribe", "hub.callback": CALLBACK, "hub.topic": TOPIC})
    return room.get("/hub", locale, **{"hub.callback": CALLBACK, "hub.topic": TOPIC})


def _unknown_to_the_hub(room: Newsroom, locale: str) -> requests.Response:
    return room.get("/hub", locale, **{"hub.callback": "https://nobody.example/", "hub.topic": TOPIC})


PAGES = (
    Page("feeds", "with news", lambda room, locale: room.get("/feeds/", locale)),
    Page("feeds", "before the first article", lambda room, locale: room.get(f"{room.empty_url}/feeds/", locale)),
    Page("article", "with table, picture and list", _article("own 10")),
    Page("article", "in English", _article("own 12")),
    Page("article", "all too long", _article("extreme")),
    Page("article", "a title and nothing else", _article("bare")),
    Page("article", "withdrawn", _article("withdrawn"), status=410),
    Page("article", "that never was", lambda room, locale: room.get("/articles/a999999", locale), status=404),
    Page("edition", "of the week, with corrections", _edition(*SAMPLES[1:], changed=("corrected", "withdrawn"))),
    Page("edition", "with one story", _edition("bare")),
    Page("edition", "with seventy", _edition(*MANY, "extreme")),
    Page("edition", "for WeChat", _wechat(*SAMPLES[1:], changed=("corrected", "withdrawn"))),
    Page("edition", "for WeChat, in its dark mode", _wechat(*SAMPLES[1:], changed=("corrected",), night=True)),
    Page("edition", "for WeChat, with seventy", _wechat(*MANY, "extreme")),
    Page("edition", "for WeChat, the first of eight", _wechat(*SAMPLES[1:], article=1)),
    Page("edition", "for WeChat, with a table", _wechat("own 10", changed=("corrected", "withdrawn"), article=1)),
    Page("edition", "for WeChat, with a table, in its dark mode", _wechat("own 10", article=1, night=True)),
    Page("edition", "for WeChat, in full, all too long", _wechat("extreme", "bare", article=1)),
    Page("edition", "for WeChat, the rest of eight", _wechat(*SAMPLES[1:], changed=("corrected",), article=8)),
    Page("edition", "all withdrawn", _edition("withdrawn")),
    Page("manage", "a daily digest", _manage()),
    Page("manage", "news as it happens", _manage(cadence="instant")),
    Page("manage", "paused", _manage(state="paused")),
    Page("manage", "changed", _manage(CHANGE | {"at": "08:30"})),
    Page("manage", "a wrong hour", _manage(CHANGE), status=400),
    Page("manage", "resumed", _resumed),
    Page("manage", "a private feed made", _with_feed),
    Page("manage", "paused until a day", _manage({"action": "pause", "until": IN_A_MONTH})),
    Page(
        "manage",
        "a filter that is not taken",
        _manage({"action": "change", "with_filter": "yes", "keyword": "长" * 300}),
        400,
    ),
    Page("manage", "as its owner, with what was sent", _owner()),
    Page("manage", "behind an owner's link of yesterday", _expired, 410),
    Page("manage", "forgotten", _owner(action="forget", sure="yes")),
    Page("subscribe", "nothing chosen", lambda room, locale: room.get("/subscribe", locale)),
    Page("subscribe", "with a preview", _preview),
    Page("subscribe", "nothing would come", _subscribe("preview", keyword="没有这样的词")),
    Page("subscribe", "a wrong address", _subscribe("subscribe", address="li@mail"), 400),
    Page("subscribe", "asked", _subscribe("subscribe", address="zhang@mail.example", city="泰州")),
    Page("subscribe", "links asked for", _subscribe("links", address="zhang@mail.example")),
    Page("confirm", "asked", _confirm),
    Page("confirm", "done", _confirmed),
    Page("unsubscribe", "asked", _unsubscribe),
    Page("unsubscribe", "done", _unsubscribed),
    Page("unsubscribe", "a link of nobody", lambda room, locale: room.get("/unsubscribe/x", locale), status=404),
    Page("hub", "what it is", lambda room, locale: room.get("/hub", locale)),
    Page("hub", "what became of a callback", _known_to_the_hub),
    Page("hub", "a callback it does not know", _unknown_to_the_hub, status=404),
)
