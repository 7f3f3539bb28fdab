"""An edition in words: subject, HTML mail, plain text, and WeChat's form, each rendered once for all its readers.

What differs between readers stands in the text as a mark (`Slots`) until `Letter.personal` fills it in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.articles.shortening import shorten
from zonewire.delivery.mailing import MANAGE, UNSUBSCRIBE, Mailing
from zonewire.digests import statements
from zonewire.digests.contents import Sheet, named_in, sheet_of
from zonewire.digests.split import TOLD_IN_FULL, Split, split_of
from zonewire.digests.wechat import WechatArticle, withdrawn_article, write_article, write_articles
from zonewire.digests.windows import Contents, Role
from zonewire.digests.wording import meta_line, summary_of
from zonewire.errors import NotFound
from zonewire.filters import parse_written
from zonewire.rendering.mail import write_mail
from zonewire.rendering.mime import Slots
from zonewire.rendering.portal import Portal
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_short, filter_in_words

MOST_STORIES = 40
MOST_ON_PAGE = 500
MOST_HTML_BYTES = 90_000
"""Gmail cuts a mail at about 102,000 bytes, and the link to unsubscribe with it."""
SUBJECT_CHARS = 30
MOST_CORRECTIONS, TITLE_CHARS = 20, 60
"""Of the corrections in a mail; the page of the edition has all of them."""
EARLY_CHARS = 45
"""Of the line that a list of mails shows behind the subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """The rendering of an edition that all its subscriptions share."""

    locale: str
    template: str
    subject: str
    html: str
    text: str
    article: Callable[[], WechatArticle]  # as one digest for WeChat, made when asked for: no mail needs it
    articles: Callable[[], tuple[WechatArticle, ...]]  # in the form that the portal has chosen for WeChat
    stories: int
    slots: Slots  # whose marks stand in `html` and `text`

    @property
    def wechat(self) -> str:
        """The content of the digest for WeChat."""
        return self.article().content


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What an edition is made for: everything that its words need besides its articles."""

    filter_id: int
    locale: str
    template: str
    made_at: int  # microseconds: the date at its head
    base_url: str  # without a slash at its end
    portal: Portal
    sender: str  # the address that stands in its foot
    page: str = ""  # where the whole edition can be read on the web; "" where there is no such page
    late: str = ""  # how late it is, where its readers should know
    skipped: str = ""  # what a pause left out


PageOf = Callable[[int, int], str]
"""The address of an edition's page, by its key and the moment at which it was made (microseconds)."""


def render_edition(
    db: Connection,
    edition_id: int,
    *,
    base_url: str,
    portal: Portal,
    sender: str = "",
    page_of: PageOf | None = None,
    hours_late: float | None = None,
    again: bool = False,
) -> Edition | None:
    """The edition in words, without what is withdrawn by now. None where nothing is left of it. Raises NotFound.

    *hours_late* is how much later than due it reaches its readers, where they should know: a half, or whole hours.
    *again*: they were sent it before, and are told so instead.
    """
    row, contents = _kept(db, edition_id)
    t = words(row.locale)
    sent_before = t("digest.again", when=t.date(row.created_at, style="moment")) if again else ""
    occasion = Occasion(
        filter_id=row.filter_id,
        locale=row.locale,
        template=row.template,
        made_at=row.created_at,
        base_url=base_url,
        portal=portal,
        sender=sender,
        page=page_of(edition_id, row.created_at) if page_of else "",
        late=sent_before or _late_in_words(hours_late, t),
        skipped=skipped_in_words(row.skipped, t),
    )
    return render_contents(db, contents, occasion)


def _late_in_words(hours: float | None, t: Words) -> str:
    """How late it is; "" where nobody needs to know."""
    if hours is None:
        return ""
    if hours < 1:
        return t("digest.late_half")
    return t("digest.late", n=int(hours)) if hours < 48 else t("digest.late_days", n=int(hours // 24))


def skipped_in_words(skipped: int | None, t: Words) -> str:
    """What a pause left out: so many stories, or (-1) more than were counted; "" of none."""
    if skipped is None:
        return ""
    return t("digest.skipped_many") if skipped < 0 else t("digest.skipped", n=skipped)


def _kept(db: Connection, edition_id: int) -> tuple[Any, Contents]:
    """An edition's row, and what it carries. Raises NotFound."""
    row = db.execute(statements.EDITION, {"id": edition_id}).one_or_none()
    if row is None:
        raise NotFound(f"no edition {edition_id}")
    carried = db.execute(statements.CARRIED_BY, {"id": edition_id}).all()
    return row, tuple((one.number, Role(one.role)) for one in carried)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionPage:
    """An edition as its page shows it."""

    locale: str
    made_at: int  # microseconds
    sheet: Sheet | None  # None where all that it carried is withdrawn
    options: Mapping[str, list[str]]  # the filter, as it was written
    split: Callable[[], Split | None]  # the same for several articles, made when asked for


def edition_page(db: Connection, edition_id: int, *, base_url: str) -> EditionPage:
    """All of an edition that stands, up to MOST_ON_PAGE stories. Raises NotFound."""
    row, contents = _kept(db, edition_id)
    reading = _Reading.of(db, contents)
    return EditionPage(
        locale=row.locale,
        made_at=row.created_at,
        sheet=reading.sheet(base_url, most=MOST_ON_PAGE, locale=row.locale),
        options=_options(db, row.filter_id),
        split=partial(reading.split, base_url, locale=row.locale),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an edition carries, read once."""

    versions: list[Version]
    roles: Mapping[int, Role]
    withdrawn: frozenset[int]

    @classmethod
    def of(cls, db: Connection, contents: Contents) -> "_Reading":
        roles = dict(contents)
        versions = [one for _, one in sorted(by_numbers(db, list(roles)).items())]
        article_ids = [one.article_id for one in versions]
        withdrawn = frozenset(db.execute(statements.WITHDRAWN_OF, {"article_ids": article_ids}).scalars())
        return cls(versions, roles, withdrawn)

    def sheet(self, base_url: str, *, most: int, locale: str) -> Sheet | None:
        return sheet_of(
            self.versions, self.roles, base_url=base_url, most=most, withdrawn=self.withdrawn, locale=locale
        )

    def split(self, base_url: str, *, locale: str, in_full: int = TOLD_IN_FULL) -> Split | None:
        return split_of(
            self.versions,
            self.roles,
            base_url=base_url,
            most=MOST_ON_PAGE,
            withdrawn=self.withdrawn,
            locale=locale,
            in_full=in_full,
        )


def _options(db: Connection, filter_id: int) -> Mapping[str, list[str]]:
    return parse_written(db.execute(statements.FILTER_AS_WRITTEN, {"id": filter_id}).scalar_one())


def render_contents(db: Connection, contents: Contents, occasion: Occasion) -> Edition | None:
    """*contents* in words, for an edition or for the preview of one. None where no story stands any more."""
    reading, options = _Reading.of(db, contents), _options(db, occasion.filter_id)
    most = MOST_STORIES
    while True:
        sheet = reading.sheet(occasion.base_url, most=most, locale=occasion.locale)
        if sheet is None:
            return None
        edition = in_words(
            sheet,
            occasion,
            options=options,
            whole=partial(_whole, reading, occasion),
            split=partial(_split, reading, occasion),
        )
        size = len(edition.html.encode())
        if size <= MOST_HTML_BYTES or most == 1:
            return edition
        shown = sheet.count - sheet.left_out
        most = max(1, min(shown - 1, shown * MOST_HTML_BYTES // size))


def _whole(reading: _Reading, occasion: Occasion) -> Sheet | None:
    return reading.sheet(occasion.base_url, most=MOST_ON_PAGE, locale=occasion.locale)


def _split(reading: _Reading, occasion: Occasion) -> Split | None:
    return reading.split(occasion.base_url, locale=occasion.locale)


def in_words(
    sheet: Sheet,
    occasion: Occasion,
    *,
    options: Mapping[str, list[str]],
    whole: Callable[[], Sheet | None] = lambda: None,
    split: Callable[[], Split | None] = lambda: None,
) -> Edition:
    """*sheet* in words; *options* is the filter, as it was written.

    For WeChat *whole* has more of the stories, and *split* has those told in full.
    """
    t, slots = words(occasion.locale), Slots()
    sheet = named_in(sheet, occasion.portal, t.locale)
    corrections = [replace(one, title=shorten(one.title, TITLE_CHARS)) for one in sheet.corrections[:MOST_CORRECTIONS]]
    values: dict[str, Any] = {
        "sheet": sheet,
        "today": t.date(occasion.made_at),
        "summary": summary_of(sheet, t),
        "chosen_by": filter_in_short(options, t),
        "meta": lambda story: meta_line(story, t, made_at=occasion.made_at),
    }
    on_the_web = occasion.page or f"{occasion.base_url}/"
    place: Any = {"portal": occasion.portal, "made_at": occasion.made_at, "page": on_the_web}
    mail = write_mail(
        "digest",
        occasion.locale,
        about=occasion.portal,
        sender=occasion.sender,
        whole=on_the_web,
        page=occasion.page,
        corrections=corrections,
        more_corrections=len(sheet.corrections) - len(corrections),
        late=occasion.late,
        skipped=occasion.skipped,
        early=shorten(t("common.also").join(sheet.next_titles[:3]), EARLY_CHARS) or values["summary"],
        filter=filter_in_words(options, t),
        title=shorten(sheet.lead.title, SUBJECT_CHARS),
        unsubscribe=slots.mark(UNSUBSCRIBE),
        manage=slots.mark(MANAGE),
        **values,
    )
    return Edition(
        locale=t.locale,
        template=occasion.template,
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        article=lambda: article_of(whole() or sheet, t.locale, **place),
        articles=lambda: articles_of(whole() or sheet, split(), t.locale, **place),
        stories=sheet.count,
        slots=slots,
    )


def article_of(sheet: Sheet, locale: str, *, portal: Portal, made_at: int, page: str = "") -> WechatArticle:
    """*sheet* as one article of a WeChat Official Account; *page*: where it can be read on the web."""
    return write_article(named_in(sheet, portal, locale), words(locale), about=portal, made_at=made_at, page=page)


def articles_of(
    sheet: Sheet, split: Split | None, locale: str, *, portal: Portal, made_at: int, page: str
) -> tuple[WechatArticle, ...]:
    """*sheet* in the form that *portal* has chosen, *split* where that is several articles: 1 to 8."""
    sheet, split = named_in(sheet, portal, locale), split and split.named_in(portal, locale)
    return write_articles(sheet, split, words(locale), about=portal, made_at=made_at, page=page)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSheet:
    """An edition as it was cut, whatever has been withdrawn since: what is told of it in parts keeps its places."""

    locale: str
    made_at: int  # microseconds
    sheet: Sheet
    withdrawn: frozenset[int]  # numbers of versions that are told no more


def planned_sheet(db: Connection, edition_id: int, *, base_url: str, portal: Portal, most: int) -> PlannedSheet:
    """The edition with *most* of its stories. Raises NotFound."""
    row, contents = _kept(db, edition_id)
    reading = _Reading.of(db, contents)
    whole = replace(reading, withdrawn=frozenset()).sheet(base_url, most=most, locale=row.locale)
    if whole is None:
        raise NotFound(f"edition {edition_id} has no story")
    gone = (one.number for one in reading.versions if one.article_id in reading.withdrawn)
    stories = frozenset(number for number in gone if reading.roles[number] is Role.STORY)
    return PlannedSheet(
        locale=row.locale, made_at=row.created_at, sheet=named_in(whole, portal, row.locale), withdrawn=stories
    )


def draft_articles(
    db: Connection, edition_id: int, *, mailing: Mailing, places: int | None = None
) -> tuple[int, tuple[WechatArticle, ...], int]:
    """When an edition was made, its articles for WeChat as they stand now, and the newest acceptance number there was.

    *places* is how many articles its draft has, which can become neither more nor fewer: what is withdrawn leaves the
    digest, and its own article says so. Of a new draft nothing is left where all is withdrawn. Raises NotFound.
    """
    newest = int(db.execute(statements.NEWEST_NUMBER).scalar_one())
    row, _ = _kept(db, edition_id)
    carried = db.execute(statements.NEWEST_CARRIED, {"id": edition_id}).all()
    reading = _Reading.of(db, tuple((one.newest, Role(one.role)) for one in carried))
    page = mailing.edition_link(edition_id, row.created_at)
    t, portal = words(row.locale), mailing.portal
    sheet = reading.sheet(mailing.base_url, most=MOST_ON_PAGE, locale=row.locale)
    split = reading.split(mailing.base_url, locale=row.locale)
    if sheet is None:
        empty = withdrawn_article(t, about=portal, page=page)
        return row.created_at, (empty,) * (places or 0), newest
    told = articles_of(sheet, split, t.locale, portal=portal, made_at=row.created_at, page=page)
    if places is not None and len(told) > places:  # fewer in full, so that the digest of the rest keeps its place
        split = reading.split(mailing.base_url, locale=row.locale, in_full=places - 1)
        told = articles_of(
            sheet, split if places > 1 else None, t.locale, portal=portal, made_at=row.created_at, page=page
        )
    if places is not None:
        told = (*told, *[withdrawn_article(t, about=portal, page=page)] * (places - len(told)))[:places]
    return row.created_at, told, newest
