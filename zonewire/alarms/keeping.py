"""Alarms as they are kept: one row from when a symptom is first seen until it is gone.

A row counts, and is told, once its symptom has lasted (`is_told`). One whose symptom went before that is dropped, and
nothing is said; one that counts is over once its symptom has been away for a moment. To whom its beginning and its end
are still to be told stands in the row itself, from the transaction on in which it begins: killed between any two
lines, the next look goes on where this one stopped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, select, update

from zonewire.alarms.receivers import receivers
from zonewire.alarms.symptoms import Alarm, Detail, Key, Symptom, is_explained, symptom_of
from zonewire.store import SECOND, insert
from zonewire.store.tables import alarms

_NAMES = frozenset(alarm.value for alarm in Alarm)

UNWATCHED = 180 * SECOND
"""Where nobody has looked for so long, what has not counted yet begins anew."""

# By the unique index on those that are on.
_ON = select(alarms).where(alarms.c.ended_at.is_(None)).order_by(alarms.c.id)
_BEGIN = insert(alarms).on_conflict_do_nothing().returning(alarms.c.id)
_WRITE = (
    update(alarms)
    .where(alarms.c.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in ("began_at", "seen_at", "ended_at", "detail", "is_told")})
)
_DROP = delete(alarms).where(alarms.c.id == bindparam("of_id"), alarms.c.is_told.is_(False))
_FORGET = delete(alarms).where(
    alarms.c.id.in_(select(alarms.c.id).where(alarms.c.ended_at < bindparam("before")).limit(bindparam("most")))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far one receiver has been told of one alarm."""

    began: bool = False
    ended: bool = False
    given_up: bool = False  # it refuses for good
    tries: int = 0  # that failed since the last that did not
    next_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An alarm as it stands."""

    id: int
    name: str
    about: str  # the lane, the channel, the account; "" where there is one alone
    began_at: int
    seen_at: int
    ended_at: int | None = None
    is_told: bool = False  # it has lasted, and counts
    detail: Detail = field(default_factory=dict)  # what was seen at the last look
    away_at: int | None = None  # since when its symptom is not seen any more
    told: Mapping[int, Told] = field(default_factory=dict)  # by endpoint: whoever was a receiver when it began

    @property
    def symptom(self) -> Symptom:
        """What it is an alarm of."""
        return symptom_of(self.name, self.about)


@dataclass(frozen=True, slots=True)
class Kept:
    """What one look changed."""

    begun: list[Known] = field(default_factory=list)
    ended: list[Known] = field(default_factory=list)


def keep(db: Connection, found: Mapping[Key, tuple[Symptom, Detail]], *, now: int) -> Kept:
    """Bring the rows up to what was *found*; who begins is to be told to every receiver, who ends to those who know."""
    kept = Kept()
    on = {(one.name, one.about): one for one in known_on(db)}
    counting = {key: one for key, one in on.items() if one.is_told}
    for (name, about), (symptom, detail) in found.items():
        key = (name.value, about)
        one = _seen(on.get(key) or _begun(db, key, now), detail, now)
        is_new = not one.is_told and now - one.began_at >= symptom.lasts_s * SECOND
        if is_new and not is_explained(symptom, about, counting):
            told = {receiver.endpoint_id: Told() for receiver in receivers(db) if receiver.is_on}
            one = counting[key] = replace(one, is_told=True, told=told)
            kept.begun.append(one)
        write(db, one)
    for key, one in on.items():
        if key not in found:
            _away(db, one, kept, now)
    return kept


def take_over(
    db: Connection, key: tuple[Alarm, str], began_at: int, detail: Detail, told: Iterable[int], *, now: int
) -> None:
    """An alarm was told to the endpoints *told* while nothing could be kept: from now on it is kept as on."""
    name, about = key
    on = next((one for one in known_on(db) if (one.name, one.about) == key), None)
    one = on or _begun(db, (name.value, about), now)
    heard = {endpoint: Told(began=True) for endpoint in told}
    one = replace(one, began_at=min(began_at, one.began_at), detail=detail)
    write(db, replace(one, is_told=True, told={**one.told, **heard} if one.is_told else heard))


def known_on(db: Connection) -> list[Known]:
    """All that is seen, whether it counts yet or not; the oldest first."""
    return read(db.execute(_ON).mappings())


def forget(db: Connection, most: int, before: int) -> int:
    """Drop up to *most* that ended before *before*; how many."""
    return db.execute(_FORGET, {"before": before, "most": most}).rowcount


def read(rows: Iterable[Mapping[Any, Any]]) -> list[Known]:
    """Rows of the table. Of names that another release watches for it alone knows how they end."""
    return [_known_of(row) for row in rows if row["name"] in _NAMES]


def write(db: Connection, one: Known) -> None:
    """Let the row be as *one* is."""
    told = {str(endpoint): _packed(how) for endpoint, how in one.told.items()}
    detail = orjson.dumps({"seen": one.detail, "away_at": one.away_at, "told": told}).decode()
    values = {"began_at": one.began_at, "seen_at": one.seen_at, "ended_at": one.ended_at, "is_told": one.is_told}
    new = {f"new_{name}": value for name, value in (values | {"detail": detail}).items()}
    db.execute(_WRITE, {"of_id": one.id, **new})


def _begun(db: Connection, key: tuple[str, str], now: int) -> Known:
    name, about = key
    row = {"name": name, "about": about, "began_at": now, "seen_at": now, "detail": "{}", "is_told": False}
    return Known(id=db.execute(_BEGIN, row).scalar_one(), name=name, about=about, began_at=now, seen_at=now)


def _seen(one: Known, detail: Detail, now: int) -> Known:
    is_old = one.is_told or now - one.seen_at <= UNWATCHED
    began_at = min(one.began_at, now) if is_old else now  # the clock may have been put back
    return replace(one, began_at=began_at, seen_at=now, away_at=None, detail=detail)


def _away(db: Connection, one: Known, kept: Kept, now: int) -> None:
    """Its symptom is not seen any more."""
    if not one.is_told:
        db.execute(_DROP, {"of_id": one.id})
    elif one.away_at is None or one.away_at > now:  # the clock may have been put back
        write(db, replace(one, began_at=min(one.began_at, now), away_at=now))
    elif now - one.away_at >= one.symptom.gone_s * SECOND:
        over = replace(one, ended_at=now)
        kept.ended.append(over)
        write(db, over)


def _known_of(row: Mapping[Any, Any]) -> Known:
    detail = orjson.loads(row["detail"])
    told = {int(endpoint): _told_of(how) for endpoint, how in detail.get("told", {}).items()}
    kept = {"detail": detail.get("seen", {}), "away_at": detail.get("away_at"), "told": told}
    return Known(**{**row, **kept})


def _told_of(how: Mapping[str, Any]) -> Told:
    """Without what another release keeps beside it."""
    return Told(**{one.name: how[one.name] for one in fields(Told) if one.name in how})


def _packed(how: Told) -> dict[str, int | bool]:
    """Only what is not as it is at first."""
    first = Told()
    return {name: value for name in how.__slots__ if (value := getattr(how, name)) != getattr(first, name)}
