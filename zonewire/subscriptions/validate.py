"""What may be subscribed to: the options of `subscribe`, a line of an import and (later) the API read by one function.

Options have the names of the command's, with `_` for `-`; values come as text or lists of text. Every refusal says
which option it is about. rules.md, "Windows and editions" (cadences) and "Endpoints" (addresses).
"""

import contextlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from zonewire.delivery.addresses import normalised
from zonewire.delivery.channel_names import BUILT, ROBOTS, check_channel
from zonewire.delivery.endpoints import CHANNELS_THAT_SIGN, robot_secret
from zonewire.errors import InvalidInput, WrongUsage
from zonewire.filters import DIMENSIONS, Filter, filter_of
from zonewire.keys import secret_bytes
from zonewire.rendering.wording import WEEKDAYS
from zonewire.store import SECOND
from zonewire.subscriptions.request import SubscriptionRequest

ALL = ("instant", "hourly", "daily", "weekly")
DIGESTS = ("hourly", "daily", "weekly")
CADENCES = {
    "email": ALL,
    "webhook": ("instant",),
    "wecom": ALL,
    "dingtalk": ALL,
    "feishu": ALL,
    "slack": ALL,
    "wechat_oa": DIGESTS,
    "indexnow": ("instant",),
    "baidu": ("instant",),
}
"""What each channel can be subscribed at; websub is subscribed at the hub."""

BY_URL = frozenset({"webhook", *ROBOTS})
"""Channels whose address is a URL that we connect to."""
NOTHING: Mapping[str, str] = MappingProxyType({})

SUBSCRIBED = tuple(name for name in BUILT if name in CADENCES)
LOCALES = ("zh-CN", "en")
FILTERING = frozenset(DIMENSIONS)
OPTIONS = frozenset(
    {"channel", "to", *DIMENSIONS, "cadence", "at", "weekday", "timezone", "locale", "secret", "submit", "confirmed"}
    | {"paused", "paused_until"}  # what an export says of one that rests
)

VALUE_CHARS = 200
VALUES_MOST = 1_000  # of one dimension
TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def read_options(
    options: Mapping[str, Any],
    *,
    check_url: Callable[[str], None],
    unset: Mapping[str, str] = NOTHING,
    only: Mapping[str, str] = NOTHING,
) -> SubscriptionRequest:
    """The request that *options* make; what is None or missing has its default.

    *check_url* is the guard's word on the address of a webhook or robot; *unset* names the setting that a channel
    cannot do without and that is not set, *only* the one address that a channel has here. Raises WrongUsage for what
    cannot be meant, an address that is none among it, and AddressRefused for one that leads inside.
    """
    if not options.keys() <= OPTIONS:
        unknown = min(options.keys() - OPTIONS)
        raise WrongUsage(f"unknown key {unknown[:40]!r}", mend=f"Keys are {', '.join(sorted(OPTIONS))}.")
    channel = _channel(_text(options, "channel"))
    cadence = _cadence(channel, options)
    submit = _flag(options, "submit")
    if submit and channel != "wechat_oa":
        raise WrongUsage("submit: only wechat_oa has drafts to submit")
    address = normalised(channel, _text(options, "to") or _missing("to"))
    if channel in unset:
        raise WrongUsage(
            f"channel: {channel} needs {unset[channel]}, which is not set", mend="docs/operators/channels.md tells how."
        )
    if address.text != only.get(channel, address.text):
        raise WrongUsage(
            f"to: {address.text[:40]} is not our account", mend=f"ZONEWIRE_WECHAT_APPID is {only[channel]}."
        )
    if channel in BY_URL:
        check_url(address.text)
    return SubscriptionRequest(
        address=address,
        wanted=read_filter(options),
        cadence=cadence,
        at_minute=read_minute(_text(options, "at") or "08:00"),
        weekday=read_weekday(_text(options, "weekday") or "mon"),
        timezone=read_timezone(_text(options, "timezone") or "Asia/Shanghai"),
        locale=read_locale(_text(options, "locale") or "zh-CN"),
        secret=_secret(channel, _text(options, "secret")),
        submit=submit,
        confirmed=_flag(options, "confirmed"),
        paused=_flag(options, "paused"),
        paused_until=_moment(options, "paused_until"),
    )


def _channel(channel: str | None) -> str:
    if not channel:
        raise WrongUsage("channel: is missing", mend=f"Channels are {', '.join(SUBSCRIBED)}.")
    if channel == "websub":
        raise WrongUsage(
            "channel: websub is subscribed at the hub", mend="POST to /hub there; see docs/partners/hub.md."
        )
    if channel not in CADENCES:
        check_channel(channel, where="channel", among=SUBSCRIBED)
    return channel


def _cadence(channel: str, options: Mapping[str, Any]) -> str:
    allowed = CADENCES[channel]
    cadence = _text(options, "cadence") or ("daily" if channel in {"email", "wechat_oa"} else "instant")
    _one_of("cadence", cadence, ALL)
    if cadence not in allowed:
        raise WrongUsage(f"cadence: {channel} cannot be {cadence}", mend=f"It can be {', '.join(allowed)}.")
    check_channel(channel, where="channel")
    return cadence


def read_filter(options: Mapping[str, Any]) -> Filter:
    """The filter that *options* name; others are passed over. Raises WrongUsage."""
    return _built(tuple((option, _values(option, options[option])) for option in options if option in FILTERING))


@lru_cache(maxsize=8_192)
def _built(values: tuple[tuple[str, tuple[str, ...]], ...]) -> Filter:
    """The filter of *values*, by dimension. Kept: an import names the same ones again and again."""
    return filter_of({dimension: [_value(dimension, value) for value in given] for dimension, given in values})


def _values(dimension: str, given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, list | tuple) or not all(isinstance(value, str) for value in given):
        raise WrongUsage(f"{dimension}: must be text or a list of texts")
    if len(given) > VALUES_MOST:
        raise WrongUsage(f"{dimension}: {len(given)} values, at most {VALUES_MOST} are taken")
    return tuple(given)


def _value(dimension: str, value: str) -> str:
    plain = " ".join(value.split())
    if not plain:
        raise WrongUsage(f"{dimension}: is empty")
    if len(plain) > VALUE_CHARS:
        raise WrongUsage(f"{dimension}: {len(plain)} characters, at most {VALUE_CHARS} are taken")
    if not plain.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in plain):
        raise WrongUsage(f"{dimension}: holds a control character")
    return plain


def read_minute(given: str) -> int:
    """Minutes after midnight of an HH:MM. Raises WrongUsage, as the others do."""
    match = TIME_OF_DAY.fullmatch(given)
    if not match:
        raise WrongUsage(f"{given[:40]!r} is no time of day", where="at", mend="Write it as HH:MM, such as 08:00.")
    return int(match[1]) * 60 + int(match[2])


def read_weekday(given: str) -> int:
    """0 for mon."""
    return _one_of("weekday", given, WEEKDAYS)


def read_timezone(given: str) -> str:
    """An IANA name."""
    if given not in timezones():
        mend = "Take an IANA name, such as Asia/Shanghai."
        raise WrongUsage(f"{given[:40]!r} is no time zone", where="timezone", mend=mend)
    return given


def read_locale(given: str) -> str:
    """A language that we speak."""
    return LOCALES[_one_of("locale", given, LOCALES)]


@lru_cache(maxsize=1)
def timezones() -> frozenset[str]:
    """Every time zone that may be named: those of the database that are somewhere."""
    return frozenset(available_timezones() - {"Factory", "localtime"})


def _secret(channel: str, given: str | None) -> str | None:
    if given is None:
        return None
    if channel not in CHANNELS_THAT_SIGN:
        raise WrongUsage(f"secret: {channel} takes none")
    if channel != "webhook":
        return robot_secret(given)
    try:
        secret_bytes(given)
    except InvalidInput as cause:
        raise WrongUsage(str(cause), mend="Leave it out, and one is made.") from None
    return given


def _one_of(option: str, given: str, allowed: tuple[str, ...]) -> int:
    """Which of *allowed* it is."""
    if given not in allowed:
        raise WrongUsage(f"{given[:40]!r} is not one of {', '.join(allowed)}", where=option)
    return allowed.index(given)


def _text(options: Mapping[str, Any], option: str) -> str | None:
    given = options.get(option)
    if given is not None and not isinstance(given, str):
        raise WrongUsage(f"{option}: must be text")
    return given


def _moment(options: Mapping[str, Any], option: str) -> int | None:
    """An RFC 3339 time in microseconds."""
    given = _text(options, option)
    if given is None:
        return None
    with contextlib.suppress(ValueError):
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is not None:
            return round(moment.timestamp()) * SECOND
    raise WrongUsage(f"{option}: {given[:40]!r} is no time", mend="Write it like 2026-12-01T00:00:00Z.")


def _flag(options: Mapping[str, Any], option: str) -> bool:
    given = options.get(option, False)
    if not isinstance(given, bool):
        raise WrongUsage(f"{option}: must be true or false")
    return given


def _missing(option: str) -> str:
    raise WrongUsage(f"{option}: is missing")
