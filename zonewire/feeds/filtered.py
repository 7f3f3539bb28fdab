"""A feed for any filter, made when somebody asks: the newest articles that pass, of as many as may be looked at.

Each filter has one address: its folded values in one order. Nothing of it is kept in the database, so that a stranger
who invents filters leaves nothing behind. A subscription's private feed is made in the same way, at an address of its
own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import Connection, bindparam, select

from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.errors import InvalidInput
from zonewire.feeds import statements
from zonewire.feeds.catalogue import Portal
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What a document that is made for a filter says about itself."""

    name: str  # its id is made of this: what it is called, whatever its address
    address: str  # below /feeds/, percent-encoded
    form: Format
    title: str
    language: str


def cover_of(wanted: Filter, form: Format, *, portal: Portal) -> Cover:
    """The cover at the address of *wanted* itself, in the portal's language."""
    query = canonical_query(wanted)
    return Cover(
        name=f"filter?{query}",
        address=f"filter.{form}?{query}",
        form=form,
        title=filter_in_words(as_options(wanted), words(portal.language)),
        language=portal.language,
    )


def private_address(token: str, form: Format) -> str:
    """Where the private feed of *token* lies, below /feeds/."""
    return f"private/{token}.{form}"


def private_cover(subscription: str, token: str, form: Format, *, said: str, language: str) -> Cover:
    """The cover of a *subscription*'s private feed, which stays the same feed under another token.

    *said* is its filter in words of *language*.
    """
    return Cover(
        name=f"private {subscription}",
        address=private_address(token, form),
        form=form,
        title=words(language)("feeds.private", filter=said),
        language=language,
    )


def filtered_document(db: Connection, wanted: Filter, cover: Cover, *, making: Making) -> Document:
    """The document of *wanted* as things stand. Its tag says nothing that a delta could be made from."""
    found = _newest(db, wanted, most=making.catalogue.entries)
    born = db.execute(statements.INSTALLATION).one()
    feed = Feed(
        name=cover.name,
        kind=DECLARED,
        title=cover.title,
        urn=urn_of(cover.name, born.number),
        base_url=making.base_url,
        changed_at=max((one.accepted_at for one in found), default=born.created_at),
        portal=making.catalogue.portal,
        language=cover.language,
        declared_as=cover.title,
        address=f"{making.base_url}/feeds/{cover.address}",
    )
    versions = {one.number: one for one in found}
    entries = entries_of(db, list(versions), cover.form, text=making.catalogue.text, making=making, versions=versions)
    made = assemble(feed, cover.form, entries)
    return Document(
        number=max((one.number for one in found), default=0),
        etag=tag_of(made.pressed, Span("", 0, 0)),
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
