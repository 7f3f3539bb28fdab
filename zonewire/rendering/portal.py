"""The portal as its readers know it: what stands at the head and foot of feeds, pages and mails."""

from dataclasses import dataclass

NAMELESS = "Zonewire"
"""What a portal is called that has not said its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
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

    def called(self, locale: str) -> str:
        """Its name in *locale*."""
        return self.english if self.english and not locale.startswith("zh") else self.name
