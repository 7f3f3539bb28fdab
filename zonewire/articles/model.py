"""The article as everything inside knows it, and its JSON form (design.md, "An article in JSON")."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of an article."""

    url: str
    type: str = ""  # media type, "" where unknown
    length: int = 0  # bytes, 0 where unknown
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that belongs to an article."""

    url: str
    type: str = ""
    length: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What was said, valid and sanitised: `html` is safe to show, text fields hold no control characters."""

    guid: str
    title: str  # plain text, one line
    url: str = ""  # "": the portal has no page of it; it is shown at /articles/ID
    summary: str = ""  # plain text
    html: str = ""  # sanitised, links absolute
    text: str = ""  # plain text, paragraphs parted by a blank line; always there if html is
    zone: str = ""
    city: str = ""
    section: tuple[str, ...] = ()  # from the outside in
    source: str = ""
    author: str = ""
    published_at: int = 0  # microseconds
    updated_at: int | None = None  # as the sender says
    language: str = "zh-CN"
    keywords: tuple[str, ...] = ()
    images: tuple[Image, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One accepted version of an article."""

    number: int  # the acceptance number
    article_id: int
    version: int  # 1, 2, 3 …
    withdrawn: bool
    entry_id: str
    article: Article
    accepted_at: int  # microseconds

    def __hash__(self) -> int:
        """By number: versions never change, and hashing the whole text would cost more than the look-up it serves."""
        return self.number


def as_json(article: Article) -> dict[str, Any]:
    """The article as receivers see it: empty fields left out, moments as RFC 3339 in UTC."""
    fields = {key: value for key, value in asdict(article).items() if value not in ("", (), None, 0)}
    for moment in ("published_at", "updated_at"):
        if moment in fields:
            fields[moment] = rfc3339(fields[moment])
    for files in ("images", "enclosures"):
        if files in fields:
            fields[files] = [{k: v for k, v in file.items() if v not in ("", 0)} for file in fields[files]]
    return fields


def pack(article: Article) -> str:
    """The article as the table `versions` keeps it."""
    return orjson.dumps(article).decode()  # orjson knows dataclasses; asdict took nine times as long


def unpack(content: str) -> Article:
    """The reverse of `pack`."""
    fields = orjson.loads(content)
    fields["images"] = tuple(Image(**image) for image in fields["images"])
    fields["enclosures"] = tuple(Enclosure(**enclosure) for enclosure in fields["enclosures"])
    fields["section"], fields["keywords"] = tuple(fields["section"]), tuple(fields["keywords"])
    return Article(**fields)


def rfc3339(moment: int) -> str:
    """2026-06-06T06:05:00Z, with a fraction only where there is one."""
    return (_EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")  # exact, unlike a float
