"""An edition as an article of a WeChat Official Account (公众号): its title, its digest line and its content.

The content is what the editor of mp.weixin.qq.com keeps, pasted or sent by API: few tags, inline styles, hex colours,
no links. It stays under 20,000 characters of HTML: where there is more, later stories lose their summaries first, then
stories are left to 阅读原文, and corrections at the very last.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from zonewire.articles.shortening import shorten
from zonewire.digests.contents import Correction, Sheet, Story
from zonewire.rendering.environment import render
from zonewire.rendering.portal import Portal
from zonewire.rendering.translation import Words

CONTENT_CHARS = 20_000
"""The content has fewer, tags and styles counted; more is refused with 45002."""
TITLE_CHARS, DIGEST_CHARS = 32, 120
"""WeChat's limits are 32 and 128; older ones of its pages say 120."""
LEAST_STORIES = 8
MOST_STORIES = MOST_CORRECTIONS = 120
"""With more, not even their bare titles would fit: each takes some 170 characters."""
LINE, NAME = 60, 20
"""Full-width characters of a title or a line of meta, and of a place's name."""
PICTURE_CHARS = 800
"""A longer address would take the room of two stories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatArticle:
    """What the fields of the editor hold."""

    title: str
    digest: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A story as the article tells it."""

    title: str
    meta: str
    summary: str
    language: str
    picture: str
    picture_alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the template shows."""

    lead: Item
    groups: tuple[tuple[str, tuple[Item, ...]], ...]  # each place with its stories
    corrections: tuple[Correction, ...]
    left_out: int  # stories
    corrections_left_out: int

    @property
    def pictured(self) -> Item | None:
        """The first story with a picture: the lead, where it has one."""
        shown = (self.lead, *(one for _, items in self.groups for one in items))
        return next((one for one in shown if one.picture), None)


def write_article(
    sheet: Sheet, t: Words, *, about: Portal, made_at: int, summary: str, meta: Callable[[Story], str]
) -> WechatArticle:
    """*sheet* as an article in the language of *t*; *summary* says what is in it, *meta* where a story is from."""
    layout = _layout(sheet, t, meta)

    def written(step: int) -> str:
        return render(
            "wechat/digest.html",
            t.locale,
            about=about,
            portal=about.called(t.locale),
            today=t.date(made_at, style="full"),
            summary=summary,
            layout=_cut(layout, step),
        )

    content = written(0)
    if len(content) >= CONTENT_CHARS:
        steps = range(1, _steps(layout) + 1)
        content = written(1 + bisect_left(steps, True, key=lambda step: len(written(step)) < CONTENT_CHARS))
    return WechatArticle(title=_title(sheet, t), digest=_digest(sheet, t, summary), content=content)


def _layout(sheet: Sheet, t: Words, meta: Callable[[Story], str]) -> Layout:
    """All that could be told of *sheet*, each line no longer than an article can bear."""

    def item(story: Story) -> Item:
        has_picture = len(story.picture) <= PICTURE_CHARS
        return Item(
            title=shorten(story.title, LINE),
            meta=shorten(meta(story), LINE),
            summary=story.excerpt,
            language=story.language,
            picture=story.picture if has_picture else "",
            picture_alt=shorten(story.picture_alt, LINE),
        )

    told = _shares([len(group.stories) for group in sheet.groups], MOST_STORIES)
    named = len(sheet.groups) > 1 or any(group.name for group in sheet.groups)
    groups = []
    for group, most in zip(sheet.groups, told, strict=True):
        name = shorten(group.name or t("common.elsewhere"), NAME) if named else ""
        groups.append((name, tuple(item(one) for one in group.stories[:most])))
    corrections = tuple(replace(one, title=shorten(one.title, LINE)) for one in sheet.corrections[:MOST_CORRECTIONS])
    return Layout(
        lead=item(sheet.lead),
        groups=tuple(groups),
        corrections=corrections,
        left_out=sheet.count - 1 - sum(told),
        corrections_left_out=len(sheet.corrections) - len(corrections),
    )


def _steps(layout: Layout) -> int:
    """After so many there is nothing left to cut."""
    told = _told(layout)
    return told + max(told - LEAST_STORIES, 0) + len(layout.corrections)


def _cut(layout: Layout, step: int) -> Layout:
    """*layout* without the last *step* things: summaries, then stories, then corrections. The lead is cut last."""
    told = _told(layout)
    summaries = max(told - step, 0)
    stories = max(told - max(step - told, 0), min(told, LEAST_STORIES))
    corrections = len(layout.corrections) - max(step - told - (told - stories), 0)
    sizes = [len(items) for _, items in layout.groups]
    shown, summed = _shares(sizes, stories - 1), _shares(sizes, summaries - 1)
    groups = [
        (name, tuple(one if place < most else _bare(one) for place, one in enumerate(items[:least])))
        for (name, items), least, most in zip(layout.groups, shown, summed, strict=True)
        if least
    ]
    return Layout(
        lead=layout.lead if summaries else _bare(layout.lead),
        groups=tuple(groups),
        corrections=layout.corrections[:corrections],
        left_out=layout.left_out + told - stories,
        corrections_left_out=layout.corrections_left_out + len(layout.corrections) - corrections,
    )


def _told(layout: Layout) -> int:
    return 1 + sum(len(items) for _, items in layout.groups)


def _bare(item: Item) -> Item:
    return replace(item, summary="")


def _shares(sizes: Sequence[int], most: int) -> list[int]:
    """How many each of *sizes* gives where up to *most* are taken, one from each in turn."""
    turns = sorted((turn, place) for place, size in enumerate(sizes) for turn in range(size))
    taken = Counter(place for _, place in turns[: max(most, 0)])
    return [taken[place] for place in range(len(sizes))]


def _title(sheet: Sheet, t: Words) -> str:
    """The lead's title, with the number of the others where both have room."""
    lead = " ".join(sheet.lead.title.split())
    whole = t("digest.subject_other", title=lead, n=sheet.count - 1) if sheet.count > 1 else lead
    return whole if len(whole) <= TITLE_CHARS else _first(lead, TITLE_CHARS)


def _digest(sheet: Sheet, t: Words, summary: str) -> str:
    """What the card of a message shows under its title: what is in it, and the next titles."""
    if titles := sheet.next_titles:
        also = t("common.also").join(titles[:5])
        return _first(t("wechat.digest", summary=summary, titles=also), DIGEST_CHARS)
    return _first(sheet.lead.excerpt or summary, DIGEST_CHARS)


def _first(text: str, most: int) -> str:
    """As much of *text* as has *most* code points, by which WeChat counts, cut where an editor would."""
    return next(cut for room in range(most, 0, -1) if len(cut := shorten(text, room)) <= most)
