"""Time zones as people choose them: by the city that each is named for."""

from functools import cache

from zonewire.rendering.wording import place_of
from zonewire.subscriptions import timezones

REGIONS = ("Asia", "Europe", "America", "Africa", "Australia", "Pacific", "Atlantic", "Indian", "Antarctica")


def zone_choices(locale: str, present: str) -> tuple[tuple[str, str], ...]:
    """The places to choose from, as (name, what it is called); the *present* one too, whatever it is called."""
    places = _places(locale)
    return places if present in dict(places) else ((present, present), *places)


@cache
def _places(locale: str) -> tuple[tuple[str, str], ...]:
    """China's first, then by region and name."""
    names = [name for name in timezones() if name.partition("/")[0] in REGIONS and name != "Asia/Shanghai"]
    called = sorted((REGIONS.index(name.partition("/")[0]), place_of(name, locale), name) for name in names)
    first = [("Asia/Shanghai", place_of("Asia/Shanghai", locale)), ("UTC", "UTC")]
    return (*first, *((name, f"{place} · {name}") for _, place, name in called))
