"""Read feeds back: their documents as they are served, the list of them, the slug behind a Chinese name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from zonewire.articles.folding import fold
from zonewire.feeds import pressing, statements
from zonewire.feeds.catalogue import Catalogue
from zonewire.feeds.documents import assemble
from zonewire.feeds.feed import ALL, DECLARED, Feed, Format, title_of, urn_of
from zonewire.feeds.publishing import Making
from zonewire.feeds.tags import Span, tag_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One rendering of a feed, as every web process serves it."""

    number: int  # the same number is the same bytes; 0: made on the spot, since nothing was published yet
    etag: str  # unquoted
    changed_at: int  # microseconds
    body: bytes  # gzip

    @property
    def plain(self) -> bytes:
        """The bytes behind the gzip."""
        return pressing.opened(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """A feed in a list."""

    name: str
    kind: str
    title: str
    articles: int
    updated_at: int | None  # microseconds; acceptance of the last version that touched it


def current_document(db: Connection, name: str, form: Format) -> Document | None:
    """The published document of the feed *name*; None where there is none."""
    row = db.execute(statements.DOCUMENT, {"feed_name": name, "form": form}).one_or_none()
    return None if row is None else Document(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def served_document(
    db: Connection, name: str, form: Format, *, base_url: str, catalogue: Catalogue | None = None
) -> Document | None:
    """As `current_document`; the feed of everything, and a declared one, is empty until its first article is out."""
    found, catalogue = current_document(db, name, form), catalogue or Catalogue()
    if found is not None or (name != ALL and name not in catalogue.by_name):
        return found
    return empty_document(db, name, form, base_url=base_url, catalogue=catalogue)


def empty_document(db: Connection, name: str, form: Format, *, base_url: str, catalogue: Catalogue) -> Document:
    """A feed before there is anything in it."""
    born = db.execute(statements.INSTALLATION).one()
    declared = catalogue.by_name.get(name)
    feed = Feed(
        name=name,
        kind=DECLARED if declared else ALL,
        title=declared.title if declared else title_of(ALL, ""),
        urn=urn_of(name, born.number),
        base_url=base_url,
        changed_at=born.created_at,
        portal=catalogue.portal,
        language=declared.language if declared else catalogue.portal.language,
        declared_as=declared.description if declared else "",
        hubs=Making(base_url, catalogue).hubs,
    )
    made = assemble(feed, form, [])
    return Document(number=0, etag=tag_of(made.pressed, Span("0", 0, 0)), changed_at=born.created_at, body=made.pressed)


def document_number(db: Connection, name: str, form: Format) -> int | None:
    """What a remembered document is checked by; None where none was published."""
    found = db.execute(statements.DOCUMENT_NUMBER, {"feed_name": name, "form": form}).scalar()
    return None if found is None else int(found)


def list_feeds(db: Connection) -> list[FeedLine]:
    """Every feed, the one of everything first, the others by kind and name."""
    lines = [_line(row) for row in db.execute(statements.FEEDS)]
    if not any(line.name == ALL for line in lines):
        lines.append(FeedLine(name=ALL, kind=ALL, title=title_of(ALL, ""), articles=0, updated_at=None))
    return sorted(lines, key=lambda line: (line.name != ALL, line.name))


def feeds_of(db: Connection, article_id: int) -> list[FeedLine]:
    """The feeds that an article stands in."""
    return [_line(row) for row in db.execute(statements.FEEDS_OF_ARTICLE, {"article_id": article_id})]


def name_behind(db: Connection, name: str) -> str | None:
    """`city/taizhou` for `city/泰州`; None where no such name has a slug."""
    kind, slash, value = name.partition("/")
    if not slash:
        return None
    slug = db.execute(statements.SLUG_OF, {"kind": kind, "folded": fold(value)}).scalar()
    return None if slug is None or slug == value else f"{kind}/{slug}"


def marks_of(db: Connection, article_id: int) -> dict[int, int]:
    """The feeds in which an article stands, and up to which number each is dirty now: to wait for with `are_out`."""
    return {row.id: row.dirty_to for row in db.execute(statements.MARKS, {"article_id": article_id})}


def are_out(db: Connection, marks: Mapping[int, int]) -> bool:
    """Whether every feed of *marks* has been published at least up to its number."""
    rows = db.execute(statements.PUBLISHED_TO, {"feed_ids": list(marks)})
    reached = {row.id: row.published_to for row in rows}
    return all(reached.get(key, 0) >= number for key, number in marks.items())


def _line(row: Any) -> FeedLine:
    return FeedLine(
        name=row.name,
        kind=row.kind,
        title=title_of(row.kind, row.title),
        articles=row.articles,
        updated_at=row.changed_at or None,
    )
