"""Every form of a robot's message in its states, as a chat shows it. A new state is one line of CHATS.

A message is made by its channel from a card of the newsroom, taken by the platform's simulator, which is strict, and
read by the sample desk: a change in any of them shows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import requests

from tests.gallery.newsroom import BROWSER, MANY, SAMPLES, SATURDAY, Newsroom
from workers.sample_robots import PLATFORMS, robot_url, sample_robots
from zonewire.channels.registry import ROBOTS
from zonewire.delivery.messages import CardMessage, Endpoint
from zonewire.delivery.outcomes import Delivered
from zonewire.digests.cards import OwedCard, cards_of
from zonewire.outbound.courier import HttpRequest, Reply
from zonewire.store import SECOND

PUBLISHED, UPDATED, WITHDRAWN = "article.published", "article.updated", "article.withdrawn"
ALL = tuple(PLATFORMS)

Owe = Callable[[Newsroom, str, int], OwedCard]
"""What is owed to an endpoint, in a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What groups on some platforms are sent in one state."""

    name: str
    state: str
    owe: Owe
    platforms: tuple[str, ...] = ALL
    plain: bool = False  # the rich form was refused
    status: int = 200  # of the page, as of one of PAGES

    def __str__(self) -> str:
        return f"chat {self.name}, {self.state}"

    def open(self, room: Newsroom, locale: str) -> requests.Response:
        """The desk's page, once each platform has taken its messages. Raises AssertionError if one did not."""
        card = self._card(room, locale)
        room.desk.robots = sample_robots()
        for platform in reversed(self.platforms):
            _send(room.desk.url, platform, card)
        return requests.get(f"{room.desk.url}/chats", timeout=10, headers={**BROWSER, "Accept-Language": locale})

    def _card(self, room: Newsroom, locale: str) -> CardMessage:
        endpoint_id = room.endpoint_of(room.reader(cadence="instant", locale=locale))
        owed = self.owe(room, locale, endpoint_id)
        with room.store.reading() as db:
            (card,) = cards_of(db, [owed], mailing=room.mailing(), at=SATURDAY // SECOND)
        assert card is not None
        return card.message._replace(plain=self.plain)


def _send(desk: str, platform: str, card: CardMessage) -> None:
    """*card* in as many messages as *platform* wants."""
    channel = ROBOTS[platform]
    endpoint = Endpoint(1, platform, robot_url(desk, platform), desk.removeprefix("http://"))
    for part in channel.parts(card):
        request = channel.build(part, endpoint)
        assert isinstance(request, HttpRequest)
        headers = dict(line.split(": ", 1) for line in request.headers)
        reply = requests.post(request.url, data=request.body, headers=headers, timeout=10)
        outcome = channel.judge(Reply(reply.status_code, body=reply.content))
        assert isinstance(outcome, Delivered), outcome


def _news(*names: str, change: str = PUBLISHED) -> Owe:
    """Of the articles called so; *change*: what has become of them since."""

    def owe(room: Newsroom, locale: str, endpoint_id: int) -> OwedCard:
        return OwedCard(endpoint_id=endpoint_id, news=tuple((room.articles[name].number, change) for name in names))

    return owe


def _changes(room: Newsroom, locale: str, endpoint_id: int) -> OwedCard:
    told = {"corrected": UPDATED, "04": UPDATED, "withdrawn": WITHDRAWN}
    return OwedCard(endpoint_id=endpoint_id, news=tuple((room.articles[name].number, to) for name, to in told.items()))


def _digest(*names: str, changed: tuple[str, ...] = ()) -> Owe:
    def owe(room: Newsroom, locale: str, endpoint_id: int) -> OwedCard:
        return OwedCard(endpoint_id=endpoint_id, edition_id=room.edition(*names, changed=changed, locale=locale))

    return owe


def _greeting(room: Newsroom, locale: str, endpoint_id: int) -> OwedCard:
    return OwedCard(endpoint_id=endpoint_id)


WEEK = _digest(*SAMPLES[1:], changed=("corrected", "withdrawn"))
FULL = _digest(*MANY, "04")

CHATS = (
    Chat(name="one article", state="with a picture", owe=_news("04")),
    Chat(name="one article", state="without a picture", owe=_news("02")),
    Chat(name="one article", state="in English", owe=_news("13")),
    Chat(name="one article", state="all too long", owe=_news("extreme")),
    Chat(name="one article", state="a title and nothing else", owe=_news("bare")),
    Chat(name="one article", state="in the plain form", owe=_news("02"), plain=True),
    Chat(name="several articles", state="some with pictures", owe=_news("04", "02", "12", "own 10")),
    Chat(name="several articles", state="all with pictures", owe=_news("04", "own 10", "own 12", "extreme")),
    Chat(name="several articles", state="the first without a picture", owe=_news("02", "04", "03")),
    Chat(name="several articles", state="in the plain form", owe=_news("02", "extreme", "03"), plain=True),
    Chat(name="changes", state="one correction", owe=_news("corrected", change=UPDATED)),
    Chat(name="changes", state="one withdrawal", owe=_news("withdrawn", change=WITHDRAWN)),
    Chat(name="changes", state="several", owe=_changes),
    Chat(name="changes", state="all too long", owe=_news("extreme", change=UPDATED)),
    Chat(name="changes", state="several, in the plain form", owe=_changes, plain=True),
    Chat(name="digest", state="with one story", owe=_digest("bare")),
    Chat(name="digest", state="of one place", owe=_digest("01", "14")),
    *(Chat(name="digest", state=f"of the week, {name}", owe=WEEK, platforms=(name,)) for name in ALL),
    *(Chat(name="digest", state=f"fuller than a message, {name}", owe=FULL, platforms=(name,)) for name in ALL),
    Chat(name="digest", state="in the plain form", owe=_digest("02", "03", "04", "extreme"), plain=True),
    Chat(name="greeting", state="usual", owe=_greeting),
    Chat(name="greeting", state="in the plain form", owe=_greeting, plain=True),
)
