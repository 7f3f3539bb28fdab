"""What an alarm says: to people in a mail, a chat, the console and on the terminal, and to programs in a webhook."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from zonewire.alarms.keeping import Known
from zonewire.alarms.symptoms import LAST, Alarm
from zonewire.delivery.lanes import Lane
from zonewire.rendering.translation import Words
from zonewire.store import SECOND

TEST = "test"
"""The name of what `zonewire alarms test` sends, which is no alarm."""
RUNBOOK = "docs/operators/runbook.md"
_SPANS_S = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_PLACES = {
    Alarm.ARTICLE_NOT_OUT: "/console/tasks",  # which article it is
    Alarm.CHANNEL_FAILING: "/console/deliveries?state=retrying&channel={about}",
    Alarm.DEAD_LETTERS_GROWING: "/console/deliveries?state=dead",
    Alarm.TOKEN_INVALID: "/console/endpoints?channel=wechat_oa",
    Alarm.DIGEST_MISSED: "/console/digests",
}


@dataclass(frozen=True, slots=True)
class Places:
    """Where links of alarms lead."""

    base_url: str = ""  # without a slash at its end
    runbook: str = RUNBOOK  # where operators read it: an address, or the file

    def runbook_of(self, name: str) -> str:
        """Where the runbook tells of it."""
        return self.runbook if name == TEST else f"{self.runbook}#{name}"

    def console_of(self, one: Known) -> str:
        """The page of the console that shows it."""
        return f"{self.base_url}{place_of(one)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An alarm in words, or several of one name."""

    title: str
    when: str  # since when it is on, or how long it lasted
    sentences: tuple[str, ...]  # what was seen, one for each
    by_itself: str  # what happens next by itself
    to_do: str  # what to press
    wakes: bool


def said(some: Sequence[Known], t: Words) -> Said:
    """Alarms of one name in words, as one thing."""
    first = some[0]
    names = {
        "lane": t("common.and").join(_called(one.about, t) for one in some),
        "about": ",".join(one.about for one in some),
        "first": first.about,
    }
    title = _word(first, "title", names, t)
    return Said(
        title=title,
        when=_when(some, t),
        sentences=tuple(_seen(one, t) or title for one in some),
        by_itself=_word(first, "by_itself", names, t),
        to_do=_word(first, "to_do", names, t),
        wakes=first.name == TEST or first.symptom.wakes,
    )


def place_of(one: Known) -> str:
    """The page of the console that shows it."""
    if one.name in _PLACES:
        return _PLACES[Alarm(one.name)].format(about=quote(one.about))
    return "/console/lanes" if one.about in set(Lane) else "/console"


def span(seconds: float, t: Words) -> str:
    """A length of time in its largest unit of which there are two or more."""
    unit = next((name for name, size in _SPANS_S.items() if seconds >= 2 * size), "seconds")
    return t(f"alarms.span.{unit}", n=int(seconds // _SPANS_S[unit]))


def _word(one: Known, key: str, values: dict[str, Any], t: Words) -> str:
    last = f"alarms.{one.name}-{LAST}.{key}"
    place = last if one.about == LAST and last in t.sentences else f"alarms.{one.name}.{key}"
    return t(place, **values)


def _seen(one: Known, t: Words) -> str:
    """What was seen; "" where the row, which another release may have written, does not say it."""
    try:
        return _word(one, "says", _values(one, t), t)
    except (KeyError, TypeError, ValueError):
        return ""


def _values(one: Known, t: Words) -> dict[str, Any]:
    values: dict[str, Any] = {**one.detail, "about": one.about, "lane": _called(one.about, t)}
    for key in ("age", "budget", "paused"):
        if f"{key}_s" in one.detail:
            values[key] = span(float(one.detail[f"{key}_s"]), t)
    if one.name == Alarm.BEAT_GONE:
        values["age"] = t("alarms.for_span", span=values["age"]) if "age" in values else t("alarms.ever")
    if one.name == Alarm.DATABASE_SLOW:
        took = one.detail.get("took_s")
        values["what"] = t("alarms.writes_nothing") if took is None else t("alarms.writes_slowly", took=took)
    return values


def _called(about: str, t: Words) -> str:
    return t(f"console.lane.{about}") if about in set(Lane) else about


def _when(some: Sequence[Known], t: Words) -> str:
    began_at = min(one.began_at for one in some)
    ends = [one.ended_at for one in some if one.ended_at is not None]
    if not ends:
        return t("alarms.since", when=t.date(began_at, style="moment"))
    lasted = span((max(ends) - began_at) / SECOND, t)
    return t("alarms.lasted", when=t.date(max(ends), style="moment"), span=lasted)
