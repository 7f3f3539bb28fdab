"""A feed: its name, its words, its address, and the formats that it is published in."""

import uuid
from dataclasses import dataclass, field
from enum import StrEnum

from zonewire.rendering.portal import Portal

ALL = "all"
"""The feed of everything. It answers from the first start."""

DECLARED = "declared"
"""The kind of the feeds that stand in the catalogue."""

GENERATOR = "Zonewire"

LANGUAGE = "zh-CN"
"""The language of the feeds' own words, and of each entry that does not say another."""


class Format(StrEnum):
    """The forms of a feed document; the value ends its address."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "json"


MEDIA_TYPES = {
    Format.RSS: "application/rss+xml",
    Format.ATOM: "application/atom+xml",
    Format.JSON: "application/feed+json",
}


def content_type(form: Format) -> str:
    """What a document of that form is sent as, by whomever: the same to the byte."""
    return f"{MEDIA_TYPES[form]}; charset=utf-8"


_TITLES = {"all": "全部文章"}

_DESCRIPTIONS = {
    "all": "所有开发区、城市和栏目的最新文章",
    "zone": "{title}发布的最新文章",
    "city": "{title}各开发区的最新文章",
    "section": "“{title}”栏目的最新文章",
    DECLARED: "{title}的最新文章",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What every document of one feed says about itself."""

    name: str  # "all", "city/taizhou"
    kind: str  # all, zone, city, section, declared
    title: str
    urn: str  # Atom's id: stays when the installation moves to another address
    base_url: str
    changed_at: int  # microseconds; acceptance of the newest version that touched it
    portal: Portal = field(default_factory=Portal)
    language: str = LANGUAGE  # of its own words
    declared_as: str = ""  # a declared feed's description
    era: str = "0"  # of its entries (tags.py)
    hubs: tuple[str, ...] = ()  # who tells of its changes
    address: str = ""  # of its document, where that is not made of its name
    nth: int = 0  # which of its archives this is; 0: the document that readers subscribe to
    older: int = 0  # the archive that holds what came before; 0: there is none

    @property
    def publisher(self) -> str:
        """Whose feed it is, in its language."""
        return self.portal.called(self.language)

    @property
    def heading(self) -> str:
        """The documents' title: among a reader's other feeds, "泰州" alone says too little."""
        return f"{self.title} · {self.publisher}"

    @property
    def page_url(self) -> str:
        """The page for people: the portal's own, where it has one."""
        return self.portal.home or f"{self.base_url}/feeds/"

    @property
    def description(self) -> str:
        """One line on what stands in it."""
        return self.declared_as or _DESCRIPTIONS[self.kind].format(title=self.title)

    def url(self, form: Format) -> str:
        """The address that readers subscribe to."""
        return self.address or f"{self.base_url}/feeds/{self.name}.{form}"

    def archive_url(self, nth: int, form: Format) -> str:
        """The address of one of its archives."""
        return f"{self.base_url}/feeds/archive/{self.name}/{nth}.{form}"

    def own_url(self, form: Format) -> str:
        """The document's own address, of an archive too."""
        return self.archive_url(self.nth, form) if self.nth else self.url(form)

    def history(self, form: Format) -> list[tuple[str, str]]:
        """Where a reader finds older and newer documents, each with its relation (RFC 5005 §4).

        An archive's bytes stay, so it names the one after it before that is there.
        """
        links = [("current", self.url(form))] if self.nth else []
        links += [("prev-archive", self.archive_url(self.older, form))] if self.older else []
        return links + ([("next-archive", self.archive_url(self.nth + 1, form))] if self.nth else [])


FILLED = -1
"""What the column `filled_to` holds once every article of before was looked at for a declared feed."""


def era_of(filter_id: int | None, filled_to: int) -> str:
    """The era of a feed's entries: its filter's, none while it is being filled."""
    if filter_id is None:
        return "0"
    return str(filter_id) if filled_to == FILLED else ""


def title_of(kind: str, title: str) -> str:
    """What people call the feed: its zone, city or section, and `all` by a word of ours."""
    return _TITLES.get(kind, title)


def urn_of(name: str, installation: int) -> str:
    """An id that no other feed of any installation has, and that no move or rename of the host changes."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"zonewire {installation} {name}").urn
