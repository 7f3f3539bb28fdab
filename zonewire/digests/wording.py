"""The lines that every form of an edition shares: what is in it, and where a story is from."""

from zonewire.digests.contents import Sheet, Story
from zonewire.rendering.translation import Words

MOST_PLACES = 6


def summary_of(sheet: Sheet, t: Words, *, count: str = "", most: int = MOST_PLACES) -> str:
    """12 条新闻：泰州 8 条、苏州 4 条, of *most* places; *count* where its first part is to say something else."""
    count = count or t("digest.count", n=sheet.count)
    if len(sheet.places) < 2:
        return count
    places = [t("digest.place", place=name, n=n) for name, n in sheet.places[:most]]
    return count + t("common.colon") + t("common.and").join(places)


def meta_line(story: Story, t: Words, *, made_at: int) -> str:
    """泰州医药高新区 · 6月6日 (周一) 14:05 · 来源：泰州日报; of another year with that instead of the weekday.

    Who gives a date alone means midnight in China: then no time is shown.
    """
    this_year = t.date(story.published_at, style="year") == t.date(made_at, style="year")
    timed = t.date(story.published_at, style="clock") != "00:00"
    style = ("moment" if timed else "day") if this_year else "day_of_year"
    source = story.source if story.source != story.zone else ""
    parts = [
        story.zone,
        t.date(story.published_at, style=style),
        t("digest.source", source=source) if source else "",
        t("digest.updated") if story.updated else "",
    ]
    return " · ".join(part for part in parts if part)
