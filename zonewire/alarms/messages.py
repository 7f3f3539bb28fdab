"""The messages of alarms: a mail, a card for a chat, or what a webhook carries. Pure."""

import re
from typing import Any

from markupsafe import Markup, escape

from zonewire.alarms.telling import Telling
from zonewire.alarms.words import Places, Said, said
from zonewire.articles.model import rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.mailing import Mailing, OwedLetter
from zonewire.delivery.messages import AlarmMessage, CardItem, CardMessage, CardSort, LetterMessage, Message
from zonewire.rendering.mail import write_mail
from zonewire.rendering.mime import Slots, compose
from zonewire.rendering.translation import Words, words
from zonewire.store import SECOND

CODE = re.compile(r"`([^`]+)`")
"""How a command stands in a sentence."""


def message_of(telling: Telling, *, ident: str, mailing: Mailing, places: Places, now: int) -> Message:
    """*telling* as its receiver's channel takes it; *ident* is the same for every try."""
    text, t = said(telling.alarms, words(telling.receiver.locale)), words(telling.receiver.locale)
    match telling.receiver.channel:
        case "email":
            return _letter(telling, text, t, ident=ident, mailing=mailing, places=places, now=now)
        case "webhook":
            return _body(telling, text, ident=ident, places=places, now=now)
        case _:
            return _card(telling, text, t, mailing=mailing, places=places, now=now)


def subject_of(telling: Telling, text: Said, t: Words) -> str:
    """The line that is read first."""
    key = "over_subject" if telling.is_over else "subject" if text.wakes else "morning_subject"
    return t(f"alarms.{key}", title=text.title)


def _letter(
    telling: Telling, text: Said, t: Words, *, ident: str, mailing: Mailing, places: Places, now: int
) -> LetterMessage:
    slots, first = Slots(), telling.alarms[0]
    written = write_mail(
        "alarm",
        t.locale,
        about=mailing.portal,
        sender=mailing.sender,
        heading=subject_of(telling, text, t),
        said=text,
        is_over=telling.is_over,
        console=places.console_of(first),
        runbook=places.runbook_of(first.name),
        endpoint=shown_id(telling.receiver.endpoint_id),
        with_code=_with_code,
    )
    headers = mailing.headers(slots, subject=written.subject)
    letter = compose(headers=headers, text=written.text, html=written.html, slots=slots)
    row = OwedLetter(id=0, delivery_id=ident, subscription_id=0)
    return LetterMessage(delivery_id=ident, letter=letter, slots=mailing.slots(row, now=now))


def _card(telling: Telling, text: Said, t: Words, *, mailing: Mailing, places: Places, now: int) -> CardMessage:
    first, colon = telling.alarms[0], t("common.colon")
    lines = [*text.sentences]
    if telling.is_over:
        lines = [f"{t('alarms.seen_last')}{colon}{sentence}" for sentence in lines]
    else:
        lines += [f"{t('alarms.by_itself')}{colon}{text.by_itself}", f"{t('alarms.to_do')}{colon}{text.to_do}"]
    items = [CardItem(line.replace("`", ""), "") for line in lines]
    items.append(_runbook(places.runbook_of(first.name), t))
    console = places.console_of(first)
    return CardMessage(
        sort=CardSort.ALARM_OVER if telling.is_over else CardSort.ALARM,
        locale=t.locale,
        portal=mailing.portal.called(t.locale),
        home=console,
        heading=subject_of(telling, text, t),
        lead=text.when,
        items=tuple(items),
        at=now // SECOND,
        more=t("alarms.in_console"),
        more_url=console,
    )


def _runbook(place: str, t: Words) -> CardItem:
    if "://" in place:
        return CardItem(t("alarms.runbook"), place)
    return CardItem(f"{t('alarms.runbook')}{t('common.colon')}{place}", "")


def _body(telling: Telling, text: Said, *, ident: str, places: Places, now: int) -> AlarmMessage:
    first = telling.alarms[0]
    ends = [one.ended_at for one in telling.alarms if one.ended_at is not None]
    began_at = min(one.began_at for one in telling.alarms)
    data: dict[str, Any] = {
        "alarm": first.name,
        "about": [one.about for one in telling.alarms if one.about],
        "wakes": text.wakes,
        "since": rfc3339(began_at),
        "until": rfc3339(max(ends)) if ends else None,
        "title": text.title,
        "seen": list(text.sentences),
        "by_itself": text.by_itself,
        "to_do": text.to_do,
        "console": places.console_of(first),
        "runbook": places.runbook_of(first.name),
    }
    kind = "alarm.ended" if telling.is_over else "alarm.began"
    return AlarmMessage(ident, kind, rfc3339(max(ends) if ends else began_at), data, now // SECOND)


def _with_code(text: str) -> Markup:
    """*text* with its commands set as such."""
    safe = str(escape(text))
    return Markup(CODE.sub(r'<span style="font-family:Consolas,Menlo,monospace;font-size:0.9em">\1</span>', safe))  # noqa: S704  # escaped above
