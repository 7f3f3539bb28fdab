"""Facts in a reader's words: what a filter asks for, when something comes."""

from collections.abc import Mapping, Sequence

from babel.dates import get_timezone_location

from zonewire.rendering.translation import Words

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def rhythm_in_words(cadence: str, t: Words, *, at_minute: int, weekday: int, timezone: str) -> str:
    """每周一 08:00（上海时间）. *at_minute* counts from midnight, *weekday* from Monday."""
    return t(
        f"rhythm.{cadence}",
        at=clock(at_minute),
        weekday=t(f"weekdays.{WEEKDAYS[weekday]}"),
        place=place_of(timezone, t.locale),
    )


def clock(minute: int) -> str:
    """Minutes after midnight as HH:MM."""
    return f"{minute // 60:02}:{minute % 60:02}"


def place_of(timezone: str, locale: str) -> str:
    """The city that a time zone is named for; its own name where it has none."""
    if "/" not in timezone:
        return timezone
    return get_timezone_location(timezone, locale=locale.replace("-", "_"), return_city=True).rpartition("/")[2]


def filter_in_short(options: Mapping[str, Sequence[str]], t: Words) -> str:
    """The same for a line at the head of a letter: 泰州、苏州 · 汽车 · 不含南通."""
    and_, phrases = t("common.and"), []
    for dimension, values in options.items():
        if values:
            without = t("dimensions.without") if dimension.startswith("not_") else ""
            phrases.append(without + and_.join(values))
    return " · ".join(phrases) or t("digest.everything")


def filter_in_words(options: Mapping[str, Sequence[str]], t: Words) -> str:
    """*options* (values by dimension, as they were written) as a phrase: 城市：泰州、苏州；关键词：汽车."""
    phrases = [
        t(f"dimensions.{dimension}") + t("common.colon") + t("common.and").join(values)
        for dimension, values in options.items()
        if values
    ]
    return t("common.also").join(phrases) or t("digest.everything")
