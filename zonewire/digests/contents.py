"""An edition as its templates see it: stories in groups, corrections, and what there was no room for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from zonewire.articles.excerpts import excerpt
from zonewire.articles.model import Article, Image, Version
from zonewire.articles.reading import address_of
from zonewire.digests.windows import Role
from zonewire.rendering.portal import Portal

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
    updated: bool  # there was an earlier version of it, which this digest's readers were not sent
    picture: str  # the address of one that a mail can show, or ""
    picture_alt: str  # of it, else of `any_picture`
    number: int = 0  # its version, by acceptance number
    pictures: tuple[str, ...] = ()  # the addresses of all its pictures, of any kind; the one that a mail shows first

    @property
    def any_picture(self) -> str:
        """The address of one, which somebody may have to convert; or ""."""
        return self.pictures[0] if self.pictures else ""


@dataclass(frozen=True, slots=True)
class Group:
    """Stories of one place; `name` is "" where they name none."""

    name: str
    stories: tuple[Story, ...]
    left_out: int = 0  # for which there was no room


@dataclass(frozen=True, slots=True)
class Correction:
    """What became of an article that an earlier edition carried."""

    title: str
    url: str  # "" of a withdrawn one
    withdrawn: bool
    number: int = 0  # its version, by acceptance number


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All that an edition says."""

    lead: Story
    groups: tuple[Group, ...]  # the lead is in none of them
    corrections: tuple[Correction, ...]
    places: tuple[tuple[str, int], ...]  # where the news is from, most first; with the lead
    count: int  # of stories, shown or not
    left_out: int

    @property
    def next_titles(self) -> list[str]:
        """The titles of the stories behind the lead, in their order."""
        return [one.title for group in self.groups for one in group.stories]


def sheet_of(
    versions: Sequence[Version],
    roles: Mapping[int, Role],
    *,
    base_url: str,
    most: int,
    withdrawn: frozenset[int],
    locale: str,
) -> Sheet | None:
    """What *versions* (by number their *roles*) amount to for readers of *locale*, *most* of the stories shown.

    Leaves out stories of articles that are *withdrawn* (their ids) now. None where no story is left.
    """
    stories = [one for one in versions if roles[one.number] is Role.STORY and one.article_id not in withdrawn]
    if not stories:
        return None
    lead = min(stories, key=partial(_leading, locale=locale))
    places = _Places.of(stories)
    shown = places.fairly([one for one in stories if one is not lead], most - 1)
    changed = [one for one in versions if roles[one.number] is not Role.STORY]
    return Sheet(
        lead=story_of(lead, base_url),
        groups=tuple(places.groups(shown, lead, base_url)),
        corrections=tuple(_correction(one, base_url, withdrawn) for one in changed),
        places=tuple((name, n) for name, n in places.counts.most_common() if name),
        count=len(stories),
        left_out=len(stories) - len(shown) - 1,
    )


def named_in(sheet: Sheet, portal: Portal, locale: str) -> Sheet:
    """*sheet* with zones and cities called as *portal* calls them in *locale*."""

    def told(story: Story) -> Story:
        return replace(story, zone=portal.place_called(story.zone, locale))

    groups = [
        replace(group, name=portal.place_called(group.name, locale), stories=tuple(map(told, group.stories)))
        for group in sheet.groups
    ]
    places = [(portal.place_called(name, locale), n) for name, n in sheet.places]
    return replace(sheet, lead=told(sheet.lead), groups=tuple(groups), places=tuple(places))


def _leading(version: Version, *, locale: str) -> tuple[bool, bool, bool, int, int]:
    """By what the lead is chosen: docs/operators/digests.md, "The lead story"."""
    article = version.article
    is_foreign = article.language[:2].lower() != locale[:2].lower()
    return (is_foreign, _picture(article) is None, not excerpt(article), *_newest_first(version))


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the stories of an edition are from: by city, or by zone where all are from one city."""

    by_zone: bool
    counts: Counter[str]

    @classmethod
    def of(cls, stories: Sequence[Version]) -> "_Places":
        by_zone = len({one.article.city for one in stories if one.article.city}) <= 1
        return cls(by_zone, Counter(_place(one.article, by_zone=by_zone) for one in stories))

    def fairly(self, stories: Sequence[Version], most: int) -> list[Version]:
        """Up to *most* of *stories*: each place in turn gives its newest, so that none is crowded out."""
        turns: Counter[str] = Counter()
        ranked = []
        for one in sorted(stories, key=_newest_first):
            place = _place(one.article, by_zone=self.by_zone)
            ranked.append((turns[place], one))
            turns[place] += 1
        ranked.sort(key=lambda turn_and_story: turn_and_story[0])  # stable: newest first within a turn
        return sorted((one for _, one in ranked[:most]), key=_newest_first)

    def groups(self, shown: Sequence[Version], lead: Version, base_url: str) -> list[Group]:
        """The place with most stories first, what names none last; newest first within each."""
        by_place: dict[str, list[Story]] = {}
        for one in shown:
            by_place.setdefault(_place(one.article, by_zone=self.by_zone), []).append(story_of(one, base_url))
        there = self.counts - Counter([_place(lead.article, by_zone=self.by_zone)])
        ranked = sorted(by_place.items(), key=lambda group: (not group[0], -there[group[0]]))
        return [Group(name, tuple(some), there[name] - len(some)) for name, some in ranked]


def _place(article: Article, *, by_zone: bool) -> str:
    """A story's city; its zone where all are from one city."""
    return (article.zone or article.city) if by_zone else (article.city or article.zone)


def story_of(version: Version, base_url: str) -> Story:
    """*version* as a mail shows it."""
    article = version.article
    picture, first = _picture(article), next(iter(article.images), None)
    return Story(
        title=article.title,
        url=address_of(version, base_url),
        language=article.language,
        excerpt=excerpt(article),
        zone=article.zone or article.city,
        source=article.source,
        published_at=article.published_at,
        updated=version.version > 1,
        picture=picture.url if picture else "",
        picture_alt=picture.alt if picture else first.alt if first else "",
        number=version.number,
        pictures=tuple(dict.fromkeys(one.url for one in (picture, *article.images) if one is not None)),
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
    return Correction(version.article.title, "" if gone else address_of(version, base_url), gone, version.number)


def _newest_first(version: Version) -> tuple[int, int]:
    return (-version.article.published_at, -version.number)
