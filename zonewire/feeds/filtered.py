"""A feed for any filter, made when somebody asks: the newest articles that pass, of as many as may be looked at.

Each filter has one address: its folded values in one order. Nothing of it is kept in the database, so that a stranger
who invents filters leaves nothing behind.
"""

from collections.abc import Iterable
from urllib.parse import urlencode

from sqlalchemy import Connection, bindparam, select

from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.errors import InvalidInput
from zonewire.feeds import statements
from zonewire.feeds.documents import assemble
from zonewire.feeds.entries import shown_published
from zonewire.feeds.feed import DECLARED, Feed, Format, urn_of
from zonewire.feeds.publishing import Making
from zonewire.feeds.reading import Document
from zonewire.feeds.ready import entries_of
from zonewire.feeds.tags import Span, tag_of
from zonewire.filters import DIMENSIONS, Filter, Passing, as_options, filter_of
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_words
from zonewire.store.tables import articles, versions

MOST_VALUES, MOST_CHARS = 20, 200
LOOKED_AT, AT_ONCE = 3_000, 500
"""Articles that are looked at for one document, and read at once: up to a second where they are long."""

# The newest versions of articles that stand, from a number downwards. Primary keys.
_STANDING = (
    select(versions.c.number)
    .select_from(versions.join(articles, articles.c.id == versions.c.article_id))
    .where(versions.c.number < bindparam("below"), articles.c.newest == versions.c.number, ~articles.c.withdrawn)
    .order_by(versions.c.number.desc())
    .limit(bindparam("most"))
)
_HIGHEST = 1 << 62


def read_query(pairs: Iterable[tuple[str, str]]) -> Filter:
    """The filter of an address's query. Raises InvalidInput for what is none, or asks for too much."""
    options: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in DIMENSIONS:
            raise InvalidInput.of(name[:40], f"is no dimension of a filter; those are {', '.join(DIMENSIONS)}")
        if not value.strip() or len(value) > MOST_CHARS or not value.isprintable():
            raise InvalidInput.of(name, f"must have 1 to {MOST_CHARS} characters, none of them a control")
        options.setdefault(name, []).append(value)
    if sum(map(len, options.values())) > MOST_VALUES:
        raise InvalidInput.of("", f"a filter in an address may have {MOST_VALUES} values at most")
    return filter_of(options)


def canonical_query(wanted: Filter) -> str:
    """The one way to write *wanted* in an address."""
    return urlencode([(dimension, v) for dimension in DIMENSIONS for v in wanted.terms.get(dimension, ())])


def filtered_document(db: Connection, wanted: Filter, form: Format, *, making: Making) -> Document:
    """The document of *wanted* as things stand. Its tag says nothing that a delta could be made from."""
    found = _newest(db, wanted, most=making.catalogue.entries)
    born = db.execute(statements.INSTALLATION).one()
    query, portal = canonical_query(wanted), making.catalogue.portal
    said = filter_in_words(as_options(wanted), words(portal.language))
    feed = Feed(
        name=f"filter?{query}",
        kind=DECLARED,
        title=said,
        urn=urn_of(f"filter?{query}", born.number),
        base_url=making.base_url,
        changed_at=max((one.accepted_at for one in found), default=born.created_at),
        portal=portal,
        language=portal.language,
        declared_as=said,
        address=f"{making.base_url}/feeds/filter.{form}?{query}",
    )
    versions = {one.number: one for one in found}
    entries = entries_of(db, list(versions), form, text=making.catalogue.text, making=making, versions=versions)
    made = assemble(feed, form, entries)
    return Document(
        number=max((one.number for one in found), default=0),
        etag=tag_of(made.plain, Span("", 0, 0)),
        changed_at=feed.changed_at,
        body=made.pressed,
    )


def _newest(db: Connection, wanted: Filter, *, most: int) -> list[Version]:
    """The *most* newest articles that pass, of the LOOKED_AT newest that stand; newest publications first."""
    passes, found, below = Passing(wanted), list[Version](), _HIGHEST
    for _ in range(0, LOOKED_AT, AT_ONCE):
        numbers = list(db.execute(_STANDING, {"below": below, "most": AT_ONCE}).scalars())
        some = by_numbers(db, numbers)
        found += [one for number in numbers if passes((one := some[number]).article)]
        if len(found) >= most or len(numbers) < AT_ONCE:
            break
        below = numbers[-1]
    return sorted(found[:most], key=_place, reverse=True)


def _place(one: Version) -> tuple[int, int]:
    return shown_published(one.article.published_at, one.accepted_at), one.number
