"""An edition told as several articles: which stories are told in full, and what is left for a digest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from zonewire.articles.model import Article, Version
from zonewire.digests.contents import Correction, Sheet, Story, named_in, sheet_of
from zonewire.digests.windows import Role
from zonewire.rendering.portal import Portal

TOLD_IN_FULL = 7
"""The lead and six more: with a digest of the rest they are the eight articles that one draft can have."""


@dataclass(frozen=True, slots=True)
class Told:
    """A story, and the article that is told in full."""

    story: Story
    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The stories told in full, the lead first; and all others, where there are more."""

    told: tuple[Told, ...]
    rest: Sheet | None
    corrections: tuple[Correction, ...]

    def named_in(self, portal: Portal, locale: str) -> "Split":
        """It, with zones and cities called as *portal* calls them in *locale*."""
        told = [replace(one, story=replace(one.story, zone=portal.place_called(one.story.zone, locale)))
                for one in self.told]  # fmt: skip
        return replace(self, told=tuple(told), rest=self.rest and named_in(self.rest, portal, locale))


def split_of(
    versions: Sequence[Version],
    roles: Mapping[int, Role],
    *,
    base_url: str,
    most: int,
    withdrawn: frozenset[int],
    locale: str,
    in_full: int = TOLD_IN_FULL,
) -> Split | None:
    """As `sheet_of`. In full: the lead, and the newest of each place in turn that has a text, *in_full* at most.

    None without a story.
    """
    sheet_among = partial(sheet_of, roles=roles, base_url=base_url, withdrawn=withdrawn, locale=locale)
    whole = sheet_among(versions, most=most)
    if whole is None:
        return None
    with_text = [one for one in versions if one.article.text or one.number == whole.lead.number]
    picked = sheet_among(with_text, most=in_full)
    assert picked is not None  # noqa: S101 - the lead is in it
    stories = [picked.lead, *(one for group in picked.groups for one in group.stories)]
    numbers = {one.number for one in stories}
    rest = sheet_among([one for one in versions if one.number not in numbers], most=most)
    if rest is not None and rest.count == 1 and in_full == TOLD_IN_FULL:
        stories.append(rest.lead)
        rest = None
    articles = {one.number: one.article for one in versions}
    told = tuple(Told(one, articles[one.number]) for one in stories)
    return Split(told=told, rest=rest, corrections=whole.corrections)
