"""What the one long digest shows, and what of it goes first where it would be too long.

In this order: the summaries of all stories but eight, addresses at the end, the summaries of those eight, stories,
which are left to 阅读原文, and corrections. Of each kind the later ones go first, of one place after the other.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from zonewire.articles.shortening import shorten
from zonewire.digests.contents import Correction, Sheet, Story
from zonewire.digests.wechat.article import LINE, NAME, title_in_line
from zonewire.digests.wechat.figures import is_picture
from zonewire.digests.wechat.notes import Note, is_told
from zonewire.digests.wording import meta_line
from zonewire.rendering.translation import Words

LEAST_STORIES = 8
MOST_STORIES = MOST_CORRECTIONS = 120
"""With more, not even their bare titles would fit: each takes some 170 characters."""
MOST_PICTURES, MOST_SPARES = 3, 4
"""In a digest, and of one story that are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A story as the article tells it."""

    title: str
    meta: str
    summary: str
    language: str
    source: str
    picture: str
    picture_alt: str
    spares: tuple[str, ...]  # other pictures of the same story, should that one be of no use
    url: str  # "" where its address is not told
    note: int = 0  # the number that leads to its address, from 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the template shows."""

    lead: Item
    groups: tuple[tuple[str, tuple[Item, ...]], ...]  # each place with its stories
    corrections: tuple[Correction, ...]
    left_out: int = 0  # stories
    corrections_left_out: int = 0

    @property
    def items(self) -> Iterator[Item]:
        """Every story, in the order in which they stand."""
        yield self.lead
        for _, items in self.groups:
            yield from items

    @property
    def pictured(self) -> tuple[Item, ...]:
        """The first stories with a picture, the lead among them where it has one: should one fail, others are left."""
        return tuple(islice((one for one in self.items if one.picture), MOST_PICTURES))

    @property
    def notes(self) -> tuple[Note, ...]:
        """The addresses, by their numbers."""
        return tuple(Note.of(one.note, one.title, one.url) for one in self.items if one.note)

    @property
    def sources(self) -> tuple[str, ...]:
        """Who is quoted, each once."""
        return tuple(dict.fromkeys(one.source for one in self.items if one.source))


def layout_of(sheet: Sheet, t: Words, *, made_at: int) -> Layout:
    """All that could be told of *sheet*, each line no longer than an article can bear."""
    told = _shares([len(group.stories) for group in sheet.groups], MOST_STORIES)
    named = len(sheet.groups) > 1 or any(group.name for group in sheet.groups)
    groups = []
    for group, most in zip(sheet.groups, told, strict=True):
        name = shorten(group.name or t("common.elsewhere"), NAME) if named else ""
        groups.append((name, tuple(item_of(one, t, made_at) for one in group.stories[:most])))
    corrections = short_corrections(sheet.corrections)
    return Layout(
        lead=item_of(sheet.lead, t, made_at),
        groups=tuple(groups),
        corrections=corrections,
        left_out=sheet.count - 1 - sum(told),
        corrections_left_out=len(sheet.corrections) - len(corrections),
    )


def short_corrections(corrections: Sequence[Correction], most: int = MOST_CORRECTIONS) -> tuple[Correction, ...]:
    """The first of *corrections*, a line each."""
    return tuple(replace(one, title=title_in_line(one.title)) for one in corrections[:most])


def steps_of(layout: Layout) -> int:
    """After so many there is nothing left to cut."""
    return sum(_spans(layout))


def cut(layout: Layout, step: int) -> Layout:
    """*layout* without the last *step* things, in the order that the head of this module tells. The lead goes last."""
    told = _told(layout)
    gone = list(_spent(_spans(layout), step))
    summaries, stories = told - gone[0] - gone[2], told - gone[3]
    sizes = [len(items) for _, items in layout.groups]
    shown, summed, noted = (_shares(sizes, n - 1) for n in (stories, summaries, told - gone[1]))
    groups = []
    for (name, items), least, most, notes in zip(layout.groups, shown, summed, noted, strict=True):
        kept = [_kept(one, summed=at < most, noted=at < notes) for at, one in enumerate(items[:least])]
        groups.append((name, kept))
    lead = _kept(layout.lead, summed=summaries > 0, noted=told > gone[1])
    corrections = len(layout.corrections) - gone[4]
    return Layout(
        lead=replace(lead, note=1 if lead.url else 0),
        groups=tuple(_numbered([(name, kept) for name, kept in groups if kept], 1 if lead.url else 0)),
        corrections=layout.corrections[:corrections],
        left_out=layout.left_out + told - stories,
        corrections_left_out=layout.corrections_left_out + len(layout.corrections) - corrections,
    )


def item_of(story: Story, t: Words, made_at: int) -> Item:
    """*story* as it is told in a digest."""
    return Item(
        title=title_in_line(story.title),
        meta=shorten(meta_line(story, t, made_at=made_at), LINE),
        summary=story.excerpt,
        language=story.language,
        source=shorten(story.source, NAME),
        picture=story.any_picture if is_picture(story.any_picture) else "",
        picture_alt=shorten(story.picture_alt, LINE),
        spares=tuple(one for one in story.pictures[1:] if is_picture(one))[:MOST_SPARES],
        url=story.url if is_told(story.url) else "",
    )


def _spans(layout: Layout) -> tuple[int, int, int, int, int]:
    """How many there are of what can go, in the order in which it goes."""
    told = _told(layout)
    first = min(told, LEAST_STORIES)
    return told - first, told, first, told - first, len(layout.corrections)


def _spent(spans: Sequence[int], step: int) -> Iterator[int]:
    """How much of each of *spans* lies within *step*."""
    for span in spans:
        yield min(span, step)
        step = max(step - span, 0)


def _told(layout: Layout) -> int:
    return sum(1 for _ in layout.items)


def _kept(item: Item, *, summed: bool, noted: bool) -> Item:
    return replace(item, summary=item.summary if summed else "", url=item.url if noted else "")


def _numbered(groups: Sequence[tuple[str, Sequence[Item]]], number: int) -> Iterator[tuple[str, tuple[Item, ...]]]:
    """*groups* with the numbers of their addresses, from *number* + 1."""
    for name, items in groups:
        numbered = []
        for one in items:
            number += bool(one.url)
            numbered.append(replace(one, note=number if one.url else 0))
        yield name, tuple(numbered)


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many each of *sizes* gives where up to *most* are taken, one from each in turn."""
    turns = sorted((turn, place) for place, size in enumerate(sizes) for turn in range(size))
    taken = Counter(place for _, place in turns[: max(most, 0)])
    return [taken[place] for place in range(len(sizes))]
