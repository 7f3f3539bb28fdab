"""An edition as its templates see it: stories in groups, corrections, and what there was no room for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zonewire.articles.excerpts import excerpt
from zonewire.articles.model import Article, Image, Version
from zonewire.articles.reading import address_of
from zonewire.digests.windows import Role

SHOWN_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "jpg", "jpeg", "png", "gif"})
"""Media types, or endings of the address where no type is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One article, as a digest shows it."""

    title: str
    url: str
    language: str
    excerpt: str
    zone: str
    source: str
    published_at: int
    picture: str  # the address of one that a mail can show, or ""
    picture_alt: str


@dataclass(frozen=True, slots=True)
class Group:
    """Stories of one place; `name` is "" where they name none."""

    name: str
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of an article that an earlier edition carried."""

    title: str
    url: str  # "" of a withdrawn one
    withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that an edition says."""

    lead: Story
    groups: tuple[Group, ...]  # the lead is in none of them
    corrections: tuple[Correction, ...]
    places: tuple[tuple[str, int], ...]  # where the news is from, most first; with the lead
    count: int  # of stories, shown or not
    left_out: int


def sheet_of(
    versions: Sequence[Version], roles: Mapping[int, Role], *, base_url: str, most: int, withdrawn: frozenset[int]
) -> Sheet | None:
    """What *versions* (by number their *roles*) amount to, with the newest *most* stories shown.

    Leaves out stories of articles that are *withdrawn* (their ids) now. None where no story is left.
    """
    stories = [one for one in versions if roles[one.number] is Role.STORY and one.article_id not in withdrawn]
    if not stories:
        return None
    changed = [one for one in versions if roles[one.number] is not Role.STORY]
    by_zone = len({one.article.city for one in stories if one.article.city}) <= 1
    shown = sorted(stories, key=_newest_first)[:most]
    lead = next((one for one in shown if _picture(one.article)), shown[0])
    rest = [one for one in shown if one is not lead]
    places = Counter(_place(one.article, by_zone=by_zone) for one in stories)
    return Sheet(
        lead=story_of(lead, base_url),
        groups=tuple(_groups(rest, base_url, by_zone=by_zone)),
        corrections=tuple(_correction(one, base_url, withdrawn) for one in changed),
        places=tuple((name, n) for name, n in places.most_common() if name),
        count=len(stories),
        left_out=len(stories) - len(shown),
    )


def _groups(versions: Sequence[Version], base_url: str, *, by_zone: bool) -> list[Group]:
    """By place, the place with most stories first, what names none last; newest first within each."""
    by_place: dict[str, list[Story]] = {}
    for one in versions:
        by_place.setdefault(_place(one.article, by_zone=by_zone), []).append(story_of(one, base_url))
    ranked = sorted(by_place.items(), key=lambda group: (not group[0], -len(group[1])))
    return [Group(name, tuple(stories)) for name, stories in ranked]


def _place(article: Article, *, by_zone: bool) -> str:
    """A story's city; its zone where all are from one city."""
    return (article.zone or article.city) if by_zone else (article.city or article.zone)


def story_of(version: Version, base_url: str) -> Story:
    """*version* as a mail shows it."""
    article = version.article
    picture = _picture(article)
    return Story(
        title=article.title,
        url=address_of(version, base_url),
        language=article.language,
        excerpt=excerpt(article),
        zone=article.zone or article.city,
        source=article.source,
        published_at=article.published_at,
        picture=picture.url if picture else "",
        picture_alt=picture.alt if picture else "",
    )


def _picture(article: Article) -> Image | None:
    """The first picture that a mail can show: by https, and no WebP, which Outlook for Windows leaves blank."""
    for image in article.images:
        kind = image.type or image.url.rpartition(".")[2].lower()
        if image.url.startswith("https://") and kind in SHOWN_PICTURES:
            return image
    return None


def _correction(version: Version, base_url: str, withdrawn: frozenset[int]) -> Correction:
    gone = version.withdrawn or version.article_id in withdrawn
    return Correction(version.article.title, "" if gone else address_of(version, base_url), gone)


def _newest_first(version: Version) -> tuple[int, int]:
    return (-version.article.published_at, -version.number)
