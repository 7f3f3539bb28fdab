"""The portal as its readers know it: what stands at the head and foot of feeds, pages and mails."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

NAMELESS = "Zonewire"
"""What a portal is called that has not said its name."""


@dataclass(frozen=True, kw_only=True)
class Portal:
    """Whose news this is."""

    name: str = NAMELESS
    english: str = ""  # its name in English, where it has one
    home: str = ""  # its front page
    logo: str = ""  # address of a picture, at most 144 pixels wide (RSS 2.0, image)
    accent: str = ""  # #rrggbb
    seal: str = ""  # #rrggbb, for corrections and trouble
    language: str = "zh-CN"
    contact: str = ""  # an email address
    copyright: str = ""
    icp: str = ""  # the number of its ICP filing
    english_places: tuple[tuple[str, str], ...] = ()  # zones and cities whose English names it gives, each with it

    def called(self, locale: str) -> str:
        """Its name in *locale*."""
        return self.english if self.english and not locale.startswith("zh") else self.name

    def place_called(self, name: str, locale: str) -> str:
        """A zone or city in *locale*: its own name where no other is given."""
        return name if locale.startswith("zh") else self._english_by_name.get(_spelled(name), name)

    @cached_property
    def _english_by_name(self) -> dict[str, str]:
        return {_spelled(name): english for name, english in self.english_places}


def _spelled(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
