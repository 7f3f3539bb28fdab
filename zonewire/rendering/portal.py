"""The portal as its readers know it: what stands at the head and foot of feeds, pages and mails."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property

READABLE = 4.5
NAMELESS = "Zonewire"
"""What a portal is called that has not said its name."""
DIGEST, ARTICLES = WECHAT_FORMS = ("digest", "articles")


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
    wechat_form: str = DIGEST  # an edition for WeChat: one digest, or up to eight articles
    english_places: tuple[tuple[str, str], ...] = ()  # zones and cities whose English names it gives, each with it

    def called(self, locale: str) -> str:
        """Its name in *locale*."""
        return self.english if self.english and not locale.startswith("zh") else self.name

    def place_called(self, name: str, locale: str) -> str:
        """A zone or city in *locale*: its own name where no other is given."""
        return name if locale.startswith("zh") else self._english_by_name.get(_spelled(name), name)

    def faint_colours(self) -> list[str]:
        """Those of its colours that cannot be read on white, where links and corrections stand (WCAG 1.4.3)."""
        given = {"accent": self.accent, "seal": self.seal}
        return [name for name, colour in given.items() if colour and _contrast_to_white(colour) < READABLE]

    @cached_property
    def _english_by_name(self) -> dict[str, str]:
        return {_spelled(name): english for name, english in self.english_places}


def _contrast_to_white(colour: str) -> float:
    """Of #rrggbb: 1 (white itself) to 21 (black), as WCAG 2.2 computes it."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _spelled(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
