"""Alarms as operators see them: what is on, since when, what was seen, and who was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from zonewire.alarms.keeping import Known, Told, read
from zonewire.alarms.receivers import Receiver, receivers
from zonewire.alarms.symptoms import LAST, SYMPTOMS, Alarm
from zonewire.alarms.turns import blind_since
from zonewire.alarms.words import Places, place_of, said
from zonewire.articles.model import rfc3339
from zonewire.delivery.endpoints import shown_id
from zonewire.rendering.translation import Words, words
from zonewire.store import SECOND
from zonewire.store import now as clock
from zonewire.store.tables import alarms

FULL = (Alarm.DISK_NEARLY_FULL, LAST)
"""Why else nothing can be written."""

_COUNTING = select(alarms).where(alarms.c.is_told)
# By the unique index on those that are on: a handful of rows.
_ON = _COUNTING.where(alarms.c.ended_at.is_(None)).order_by(alarms.c.began_at, alarms.c.id)
_LATELY = _COUNTING.order_by(alarms.c.id.desc()).limit(bindparam("most"))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmOn:
    """An alarm that is on, in words."""

    name: str  # its part of docs/operators/runbook.md
    about: str  # the lane, the channel, the account; "" where there is one alone
    since: int  # microseconds
    detail: Mapping[str, int | float | str]  # what was seen at the last look
    wakes: bool  # else it waits for the morning
    title: str
    sentence: str  # what was seen
    by_itself: str  # what happens next by itself
    to_do: str
    path: str  # the page of the console that shows it


def on_now(db: Connection, t: Words) -> list[AlarmOn]:
    """What is on and has lasted, the worst first, in the language of *t*. Two small selects."""
    return [_in_words(one, t) for one in sorted(alarms_seen(db), key=_badness)]


def alarms_seen(db: Connection) -> list[Known]:
    """As `alarms_on`, for a web face, which also sees what cannot be kept: that the database takes no writes."""
    on, now = alarms_on(db), clock(db)
    since = blind_since(db, now=now)
    is_known = any(one.name == Alarm.DATABASE_SLOW or (one.name, one.about) == FULL for one in on)
    if since is None or is_known:
        return on
    return [*on, Known(id=0, name=Alarm.DATABASE_SLOW, about="", began_at=since, seen_at=now, is_told=True)]


def alarms_on(db: Connection) -> list[Known]:
    """Those that are on and have lasted, the oldest first."""
    return read(db.execute(_ON).mappings())


def alarms_lately(db: Connection, *, most: int) -> list[Known]:
    """The last *most* that counted, the newest first; those that are over too."""
    return read(db.execute(_LATELY, {"most": most}).mappings())


def as_json(db: Connection, some: Sequence[Known], places: Places) -> list[dict[str, Any]]:
    """As `alarms list --json` prints them."""
    known = {one.endpoint_id: one for one in receivers(db)}
    return [_shape(one, known, places) for one in some]


def _in_words(one: Known, t: Words) -> AlarmOn:
    text = said([one], t)
    return AlarmOn(
        name=one.name,
        about=one.about,
        since=one.began_at,
        detail=one.detail,
        wakes=text.wakes,
        title=text.title,
        sentence=text.sentences[0],
        by_itself=text.by_itself,
        to_do=text.to_do,
        path=place_of(one),
    )


def _badness(one: Known) -> tuple[int, int]:
    return SYMPTOMS.index(one.symptom), one.began_at


def _shape(one: Known, known: Mapping[int, Receiver], places: Places) -> dict[str, Any]:
    text = said([one], words("en"))
    return {
        "alarm": one.name,
        "about": one.about,
        "since": _shown(one.began_at),
        "until": None if one.ended_at is None else _shown(one.ended_at),
        "wakes": text.wakes,
        "title": text.title,
        "seen": text.sentences[0],
        "by_itself": text.by_itself,
        "to_do": text.to_do,
        "console": places.console_of(one),
        "runbook": places.runbook_of(one.name),
        "told": [_heard(known[key], how) for key, how in one.told.items() if key in known],
    }


def _heard(receiver: Receiver, how: Told) -> dict[str, Any]:
    place = {"endpoint": shown_id(receiver.endpoint_id), "channel": receiver.channel, "to": receiver.address}
    return place | {"began": how.began, "ended": how.ended, "refused": how.given_up}


def _shown(moment: int) -> str:
    return rfc3339(moment - moment % SECOND)
