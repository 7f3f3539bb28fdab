"""An edition as one article, or as several: the fields of each."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from zonewire.articles.shortening import one_line
from zonewire.digests.contents import Correction, Sheet
from zonewire.digests.split import Split, Told
from zonewire.digests.wechat import article as limits
from zonewire.digests.wechat.article import CONTENT_CHARS, WechatArticle, author_of, text_within, title_within
from zonewire.digests.wechat.body import body_of
from zonewire.digests.wechat.digest import cut, item_of, layout_of, short_corrections, steps_of
from zonewire.digests.wechat.figures import QR, chars_when_sent, figure_of, qr_code
from zonewire.digests.wechat.story import lines_of, pictures_of
from zonewire.digests.wording import MOST_PLACES, summary_of
from zonewire.rendering.environment import render
from zonewire.rendering.portal import ARTICLES, Portal
from zonewire.rendering.translation import Words

ACCENT, SEAL = "#0B6B5B", "#B3261E"
MOST_CORRECTIONS = 20
"""Below a story; a digest has as many as have room."""


def write_articles(
    sheet: Sheet, split: Split | None, t: Words, *, about: Portal, made_at: int, page: str
) -> tuple[WechatArticle, ...]:
    """An edition in the form that its portal has chosen: one article, or up to eight of *split*.

    *page* is where the whole edition can be read on the web.
    """
    writer = _Writer(t, about, made_at, page)
    if split is None or about.wechat_form != ARTICLES:
        return (writer.digest(sheet),)
    below = () if split.rest else split.corrections
    told = [writer.story(one, () if n else below) for n, one in enumerate(split.told)]
    return (*told, writer.rest(split.rest)) if split.rest else tuple(told)


def write_article(sheet: Sheet, t: Words, *, about: Portal, made_at: int, page: str) -> WechatArticle:
    """*sheet* as one digest in the language of *t*."""
    return _Writer(t, about, made_at, page).digest(sheet)


def withdrawn_article(t: Words, *, about: Portal, page: str) -> WechatArticle:
    """What stands in a draft where nothing is left to tell: a draft's articles can become no fewer."""
    return WechatArticle(
        title=t("wechat.withdrawn_title"),
        author=author_of(about.called(t.locale), about.name),
        digest=t("wechat.withdrawn_text"),
        content=render("wechat/withdrawn.html", t.locale, accent=about.accent or ACCENT, code=""),
        source_url=page,
        cover="",
        pictures=(),
        spares=(),
        qr_code=b"",
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the articles of one edition."""

    t: Words
    about: Portal
    made_at: int
    page: str

    def digest(self, sheet: Sheet) -> WechatArticle:
        """All of *sheet*."""
        summary = summary_of(sheet, self.t)
        line = self._line(summary, sheet.next_titles) if sheet.next_titles else sheet.lead.excerpt or summary
        return self._digest(sheet, summary, title=_title(sheet, self.t), line=line)

    def rest(self, sheet: Sheet) -> WechatArticle:
        """What was not told in full."""
        summary = summary_of(sheet, self.t, count=self.t("wechat.rest", n=sheet.count))
        count = self.t("wechat.rest", n=sheet.count)
        named = (summary_of(sheet, self.t, count=count, most=most) for most in range(MOST_PLACES, 0, -1))
        title = next((one for one in named if len(one) <= limits.TITLE_CHARS), count)
        line = self._line(summary, [sheet.lead.title, *sheet.next_titles])
        return self._digest(sheet, summary, title=title, line=line)

    def _digest(self, sheet: Sheet, summary: str, *, title: str, line: str) -> WechatArticle:
        layout = layout_of(sheet, self.t, made_at=self.made_at)
        code = qr_code(self.page)

        def written(step: int) -> str:
            return self._rendered("digest", code, layout=cut(layout, step), summary=summary)

        step = _first_that_fits(written, steps_of(layout))
        pictured = cut(layout, step).pictured
        return WechatArticle(
            title=title,
            author=author_of(self.about.called(self.t.locale), self.about.name),
            digest=text_within(line, limits.DIGEST_CHARS),
            content=written(step),
            source_url=self.page,
            cover=pictured[0].picture if pictured else "",
            pictures=tuple(one.picture for one in pictured),
            spares=tuple((one.picture, one.spares) for one in pictured if one.spares),
            qr_code=code,
        )

    def _line(self, summary: str, titles: list[str]) -> str:
        """What the card of a message shows under its title: what is in it, and the next titles."""
        also = (self.t("common.also").join(titles[:most]) for most in range(5, 0, -1))
        lines = [self.t("wechat.digest", summary=summary, titles=one) for one in also]
        return next((line for line in lines if len(line) <= limits.DIGEST_CHARS), lines[-1])

    def story(self, told: Told, corrections: tuple[Correction, ...]) -> WechatArticle:
        """An article in full, as far as there is room; *corrections* of others below it."""
        story, title = told.story, title_within(told.story.title)
        item = item_of(story, self.t, self.made_at)
        address = story.url if len(story.url.encode()) <= limits.SOURCE_BYTES else self.page
        text = lines_of(told, accent=self.about.accent or ACCENT)
        code = qr_code(address)
        shown = short_corrections(corrections, MOST_CORRECTIONS)

        def written(step: int) -> str:
            lines = text.lines[: len(text.lines) - step]
            return self._rendered(
                "story",
                code,
                item=item,
                heading=item.title if title != item.title else "",
                body=Markup(body_of(lines, self.about.accent or ACCENT)) if lines else "",  # noqa: S704 - body.py escapes
                cut=step > 0,
                notes=text.notes[: lines[-1].notes] if lines else (),
                corrections=shown,
                corrections_left_out=len(corrections) - len(shown),
            )

        step = _first_that_fits(written, len(text.lines))
        pictures = pictures_of(text.lines[: len(text.lines) - step])
        return WechatArticle(
            title=title,
            author=author_of(story.source, self.about.called(self.t.locale), self.about.name),
            digest=text_within(story.excerpt or story.title, limits.DIGEST_CHARS),
            content=written(step),
            source_url=address,
            cover=pictures[0] if pictures else item.picture,
            pictures=pictures,
            spares=((item.picture, item.spares),) if item.picture in pictures and item.spares else (),
            qr_code=code,
        )

    def _rendered(self, name: str, code: bytes, **values: Any) -> str:
        return render(
            f"wechat/{name}.html",
            self.t.locale,
            about=self.about,
            accent=self.about.accent or ACCENT,
            seal=self.about.seal or SEAL,
            portal=self.about.called(self.t.locale),
            today=self.t.date(self.made_at, style="full"),
            code=QR if code else "",
            figure=_figure,
            **values,
        )


def _figure(address: str, caption: str, margin: str) -> Markup:
    """For templates."""
    return Markup(figure_of(address, caption, margin=margin))  # noqa: S704 - it escapes both


def _first_that_fits(written: Callable[[int], str], most: int) -> int:
    """The least of the steps up to *most* after which what is *written* has room."""

    def fits(step: int) -> bool:
        return chars_when_sent(written(step)) < CONTENT_CHARS

    return 0 if fits(0) else min(1 + bisect_left(range(1, most + 1), True, key=fits), most)


def _title(sheet: Sheet, t: Words) -> str:
    """The lead's title, with the number of the others where both have room."""
    lead = one_line(sheet.lead.title)
    whole = t("digest.subject_other", title=lead, n=sheet.count - 1) if sheet.count > 1 else lead
    return whole if len(whole) <= limits.TITLE_CHARS else title_within(lead)
