"""The words of each language: `templates/locale/LOCALE.toml`, one key a sentence, so that a translator needs no tool.

Those of the console and of alarms, which no reader sees, stand in `templates/locale/console/` and `alarms/`.

A sentence holds its values in braces. Where it depends on a number it is a table of `one` and `other` (Unicode's
plural categories, which `zh-CN` and `en` need no more of). Dates are written by patterns of CLDR that stand in the
same file. A key that a language lacks is an error at once, and a test compares the files.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime

from zonewire import ROOT

LOCALES = ("zh-CN", "en")
CATALOGUES = ROOT / "templates" / "locale"
FOLDERS = ("", "console", "alarms")
NEWS_ZONE = "Asia/Shanghai"
"""Dates of news are written as they are in China, wherever their reader is."""


@dataclass(frozen=True, slots=True)
class Words:
    """What one language says."""

    locale: str  # also the value of `lang`
    sentences: Mapping[str, str | Mapping[str, str]]
    babel: Locale

    def __call__(self, key: str, /, *, n: int | None = None, **values: Any) -> str:
        """The sentence *key* with its values; *n* chooses between its forms and stands for `{n}` in it."""
        sentence = self.sentences[key]
        if isinstance(sentence, str):
            return sentence.format(n=n, **values)
        if n is None:
            raise KeyError(f"{key} depends on a number")
        return sentence["one" if n == 1 and "one" in sentence else "other"].format(n=n, **values)

    def date(self, moment: int, *, timezone: str = NEWS_ZONE, style: str = "day") -> str:
        """A moment (microseconds) by the pattern `dates.STYLE`: 6月6日 (周一); Monday 6 June."""
        return _written(self.locale, self(f"dates.{style}"), moment, timezone)


@lru_cache(maxsize=4_096)
def _written(locale: str, pattern: str, moment: int, timezone: str) -> str:
    """Kept: the articles of a day stand in thousands of digests, and each names its date in every form of them."""
    local = datetime.fromtimestamp(moment / 1_000_000, UTC).astimezone(ZoneInfo(timezone))
    return format_datetime(local, pattern, locale=words(locale).babel)


@cache
def words(locale: str) -> Words:
    """The words of *locale*; those of the first language that shares its beginning, else of English."""
    known = next((name for name in LOCALES if name == locale), None)
    known = known or next((name for name in LOCALES if name[:2] == locale[:2].lower()), "en")
    files = [CATALOGUES / folder / f"{known}.toml" for folder in FOLDERS]
    sentences: dict[str, str | Mapping[str, str]] = {}
    for file in files:
        sentences |= _flat(tomllib.loads(file.read_text(encoding="utf-8")))
    return Words(known, sentences, Locale.parse(known, sep="-"))


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, str | Mapping[str, str]]:
    """`{"digest": {"why": …}}` as `{"digest.why": …}`; a table of plural forms stays one."""
    flat: dict[str, str | Mapping[str, str]] = {}
    for key, value in tables.items():
        if isinstance(value, str) or "other" in value:
            flat[prefix + key] = value
        else:
            flat |= _flat(value, f"{prefix}{key}.")
    return flat
