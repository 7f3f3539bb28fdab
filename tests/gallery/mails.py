"""Every mail in its states, as it leaves. A new mail, or a new state of one, is one line of MAILS."""

import email.policy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from tests.builders import a_subscription
from tests.gallery.newsroom import MANY, SAMPLES, SATURDAY, Newsroom
from zonewire.alarms import Alarm, Known, Places, Receiver
from zonewire.alarms.messages import message_of
from zonewire.alarms.telling import Telling
from zonewire.delivery.mailing import OwedLetter, OwedNews
from zonewire.delivery.messages import LetterMessage
from zonewire.digests import digest_messages, news_messages
from zonewire.filters import Filter, intern
from zonewire.store import SECOND
from zonewire.subscriptions.confirmation import confirmation_messages
from zonewire.subscriptions.links import links_messages
from zonewire.subscriptions.trial import trial_messages

DELIVERY = "0190163d-8694-739b-aea5-966c26f8ad91"
READER = "li@mail.example"
LONG_FILTER = Filter(
    cities=tuple(f"城市{n}" for n in range(1, 31)),
    keywords=("新能源汽车零部件", "quantum sensing", "<b>集成电路</b>"),
    not_keywords=("招聘",),
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in one state: *compose* makes it in a language."""

    name: str
    state: str
    compose: Callable[[Newsroom, str], Mapping[int, LetterMessage]]

    def __str__(self) -> str:
        return f"{self.name}, {self.state}"

    def sent(self, room: Newsroom, locale: str) -> bytes:
        """The message as it is handed to a relay."""
        message = self.compose(room, locale)[1]
        return message.letter.personal({**message.slots, "to": READER})


def html_of(sent: bytes) -> str:
    """The HTML part of a message."""
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(sent)
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


Compose = Callable[[Newsroom, str], Mapping[int, LetterMessage]]


def _digest(
    *names: str,
    changed: tuple[str, ...] = (),
    wanted: Filter | None = None,
    late: int = 0,
    skipped: int | None = None,
) -> Compose:
    """Of the articles called so; *late* by so many hours, *skipped*: so many were left out."""

    def compose(room: Newsroom, locale: str) -> Mapping[int, LetterMessage]:
        edition = room.edition(*names, changed=changed, locale=locale, wanted=wanted, skipped=skipped)
        now = SATURDAY + late * 3_600 * SECOND
        owed = OwedLetter(id=1, delivery_id=DELIVERY, subscription_id=7, edition_id=edition)
        with room.store.reading() as db:
            return digest_messages(db, [owed], mailing=room.mailing(), now=now)

    return compose


def _news(name: str, event_type: str = "article.published") -> Compose:
    def compose(room: Newsroom, locale: str) -> Mapping[int, LetterMessage]:
        endpoint = room.endpoint_of(room.reader(cadence="instant", locale=locale))
        number = room.articles[name].number
        owed = OwedNews(id=1, delivery_id=DELIVERY, endpoint_id=endpoint, number=number, event_type=event_type)
        with room.store.reading() as db:
            return news_messages(db, [owed], mailing=room.mailing(), now=SATURDAY)

    return compose


def _confirmation(wanted: Filter | None = None) -> Compose:
    def compose(room: Newsroom, locale: str) -> Mapping[int, LetterMessage]:
        ident = room.reader(state="unconfirmed", locale=locale, wanted=wanted)
        owed = OwedLetter(id=1, delivery_id=DELIVERY, subscription_id=ident)
        with room.store.reading() as db:
            return confirmation_messages(db, [owed], mailing=room.mailing(), now=SATURDAY)

    return compose


def _trial(room: Newsroom, locale: str) -> Mapping[int, LetterMessage]:
    endpoint = room.endpoint_of(room.reader(locale=locale))
    owed = OwedLetter(id=1, delivery_id=DELIVERY, subscription_id=0, endpoint_id=endpoint)
    with room.store.reading() as db:
        return trial_messages(db, [owed], mailing=room.mailing(), now=SATURDAY)


def _links(room: Newsroom, locale: str) -> Mapping[int, LetterMessage]:
    ident = room.reader(locale=locale)
    endpoint = room.endpoint_of(ident)
    with room.store.writing() as db:
        filter_id = intern(db, LONG_FILTER)
        rests: dict[str, Any] = {"filter_id": filter_id, "cadence": "weekly", "state": "paused", "locale": locale}
        a_subscription(db, endpoint_id=endpoint, channel="email", **rests)
    owed = OwedLetter(id=1, delivery_id=DELIVERY, subscription_id=ident, endpoint_id=endpoint)
    with room.store.reading() as db:
        return links_messages(db, [owed], mailing=room.mailing(), now=SATURDAY)


def _alarm(*, is_over: bool) -> Compose:
    def compose(room: Newsroom, locale: str) -> Mapping[int, LetterMessage]:
        place: dict[str, Any] = {"endpoint_id": 12, "channel": "email", "address": None}
        receiver = Receiver(**place, locale=locale, added_at=SATURDAY, state="healthy", gone=False)
        some = tuple(_nobody_works(lane, is_over=is_over) for lane in ("push.email", "push.http"))
        telling = Telling(receiver=receiver, is_over=is_over, alarms=some)
        mailing = room.mailing()
        places = Places(mailing.base_url, "https://wiki.example/runbook")
        letter = message_of(telling, ident=DELIVERY, mailing=mailing, places=places, now=SATURDAY)
        assert isinstance(letter, LetterMessage)
        return {1: letter}

    return compose


def _nobody_works(lane: str, *, is_over: bool) -> Known:
    return Known(
        id=1,
        name=Alarm.NO_WORKERS,
        about=lane,
        began_at=SATURDAY - 600 * SECOND,
        seen_at=SATURDAY,
        ended_at=SATURDAY if is_over else None,
        detail={"waiting": 240},
    )


MAILS = (
    Mail("digest", "of the week, with corrections", _digest(*SAMPLES[1:], changed=("corrected", "withdrawn"))),
    Mail("digest", "with one story", _digest("bare")),
    Mail("digest", "late, after a pause", _digest("02", "03", late=5, skipped=12)),
    Mail("digest", "fuller than a mail may be", _digest(*MANY, "04", wanted=LONG_FILTER)),
    Mail("digest", "all too long", _digest("extreme", "01")),
    Mail("news", "as it happens", _news("04")),
    Mail("news", "corrected", _news("corrected", "article.updated")),
    Mail("news", "withdrawn", _news("withdrawn", "article.withdrawn")),
    Mail("news", "all too long", _news("extreme")),
    Mail("news", "a title and nothing else", _news("bare")),
    Mail("confirmation", "usual", _confirmation()),
    Mail("confirmation", "of a long filter", _confirmation(LONG_FILTER)),
    Mail("links", "of two subscriptions, one paused", _links),
    Mail("trial", "usual", _trial),
    Mail("alarm", "of two lanes", _alarm(is_over=False)),
    Mail("alarm", "that is over", _alarm(is_over=True)),
)
