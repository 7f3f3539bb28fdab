"""Facts in a reader's words: what a filter asks for, when something comes."""

from collections.abc import Container, Mapping, Sequence

from babel.dates import get_timezone_location

from zonewire.rendering.translation import Words

VALUES_SHOWN, VALUE_CHARS = 12, 40
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
    """A filter for a line at the head of a letter: 泰州、苏州 · 汽车 · 不含南通."""
    phrases = [
        (t("dimensions.without") if dimension.startswith("not_") else "") + _some_of(values, t)
        for dimension, values in options.items()
        if values
    ]
    return " · ".join(phrases) or t("digest.everything")


def filter_in_words(options: Mapping[str, Sequence[str]], t: Words) -> str:
    """*options* (values by dimension, as they were written) as a phrase: 城市：泰州、苏州；关键词：汽车.

    Of many values the first ones, and how many more there are: a filter may have thousands.
    """
    phrases = [
        t(f"dimensions.{dimension}") + t("common.colon") + _some_of(values, t)
        for dimension, values in options.items()
        if values
    ]
    return t("common.also").join(phrases) or t("digest.everything")


def filter_of_a_stranger(options: Mapping[str, Sequence[str]], known: Container[str], t: Words) -> str:
    """The same of what somebody typed whom we do not know, for a mail to somebody else.

    Of places and sections those that are *known* here, and of words their number: nobody writes to others by our mails.
    """
    phrases = []
    for dimension, values in options.items():
        named = [] if dimension.endswith("keyword") else [value for value in values if value in known]
        said = [_some_of(named, t)] if named else []
        if len(values) > len(named):
            said.append(t("dimensions.more", n=len(values) - len(named)))
        phrases.append(t(f"dimensions.{dimension}") + t("common.colon") + t("common.and").join(said))
    return t("common.also").join(phrases) or t("digest.everything")


def _some_of(values: Sequence[str], t: Words) -> str:
    shown = [value if len(value) <= VALUE_CHARS else value[: VALUE_CHARS - 1] + "…" for value in values[:VALUES_SHOWN]]
    named = t("common.and").join(shown)
    if len(values) > VALUES_SHOWN:
        named += t("dimensions.and_more", n=len(values) - VALUES_SHOWN)
    return named
