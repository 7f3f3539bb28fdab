"""A feed for any filter, made when somebody asks: the newest articles that pass, of as many as may be looked at.

Each filter has one address: its folded values in one order. Nothing of it is kept in the database, so that a stranger
who invents filters leaves nothing behind. A subscription's private feed is made in the same way, at an address of its
own.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sqlalchemy import Connection, bindparam, select

from zonewire.articles.model import Version
from zonewire.articles.reading import newest_number, readable
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
from zonewire.rendering.portal import Portal
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_words
from zonewire.store.tables import articles, versions

MOST_VALUES, MOST_CHARS = 20, 200
LOOKED_AT, AT_ONCE = 3_000, 500
"""Articles that are looked at for one document, and read at once: up to a second where they are long."""
LOOKED_THROUGH = 200
"""Versions that came since a document was made: to look through more costs half of making it anew, and seldom helps."""

# The newest versions of articles that stand, from a number downwards. Primary keys.
_STANDING = (
    select(versions.c.number)
    .select_from(versions.join(articles, articles.c.id == versions.c.article_id))
    .where(versions.c.number < bindparam("below"), articles.c.newest == versions.c.number, ~articles.c.withdrawn)
    .order_by(versions.c.number.desc())
    .limit(bindparam("most"))
)
_HIGHEST = 1 << 62

# What was accepted after a number, upwards, and how its articles stand. Primary keys.
_SINCE = (
    select(
        versions.c.number,
        versions.c.article_id,
        articles.c.withdrawn,
        (articles.c.newest == versions.c.number).label("is_newest"),
    )
    .select_from(versions.join(articles, articles.c.id == versions.c.article_id))
    .where(versions.c.number > bindparam("after"))
    .order_by(versions.c.number)
    .limit(bindparam("most"))
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtered:
    """A filter's document, and by what one can tell whether it still is what would be made."""

    document: Document
    up_to: int  # acceptance number: it is what was to be made then
    carried: frozenset[int]  # the ids of its articles
    room: int  # so many articles may come before its lowest is no longer among the LOOKED_AT newest
    has_more_below: bool  # has free places, and not all articles were looked at: one that goes lets another come in


def filtered_document(db: Connection, wanted: Filter, cover: Cover, *, making: Making) -> Filtered:
    """The document of *wanted* as things stand. Its tag says nothing that a delta could be made from."""
    up_to = newest_number(db)  # first: what is accepted while we read is looked at again
    looked = _newest(db, wanted, most=making.catalogue.entries)
    found = sorted(looked.found, key=_place, reverse=True)
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
    document = Document(
        number=max((one.number for one in found), default=0),
        etag=tag_of(made.pressed, Span("", 0, 0)),
        changed_at=feed.changed_at,
        body=made.pressed,
    )
    return Filtered(
        document=document,
        up_to=up_to,
        carried=frozenset(one.article_id for one in found),
        room=LOOKED_AT - looked.depth,
        has_more_below=looked.has_more_below,
    )


def brought_up(db: Connection, made: Filtered, wanted: Filter) -> Filtered | None:
    """*made*, known to be up to date with what was accepted last; None where it may have to be another.

    It stands while nothing of what came passes *wanted* or is of an article that it carries, and nothing moves over
    the edge of what is looked at: each version pushes the others down by one place at most, and only a withdrawal
    lets them come up.
    """
    rows = db.execute(_SINCE, {"after": made.up_to, "most": LOOKED_THROUGH + 1}).all()
    if not rows:
        return made
    is_over_the_edge = len(rows) > made.room or (made.has_more_below and any(row.withdrawn for row in rows))
    if len(rows) > LOOKED_THROUGH or is_over_the_edge or any(row.article_id in made.carried for row in rows):
        return None
    came = readable(db, [row.number for row in rows if row.is_newest and not row.withdrawn])
    passes = Passing(wanted)
    if any(passes(one.article) for one in came.values()):
        return None
    return replace(made, up_to=rows[-1].number, room=made.room - len(rows))


@dataclass(frozen=True, slots=True)
class _Looked:
    found: list[Version]
    depth: int  # the place of the last that was found, from above, among all that stand
    has_more_below: bool


def _newest(db: Connection, wanted: Filter, *, most: int) -> _Looked:
    """The *most* newest articles that pass, of the LOOKED_AT newest that stand."""
    passes, found, depth, place = Passing(wanted), list[Version](), 0, 0
    for place, one in enumerate(_standing(db), start=1):
        if passes(one.article):
            found.append(one)
            depth = place
            if len(found) >= most:
                return _Looked(found, depth, has_more_below=False)
    return _Looked(found, depth, has_more_below=place >= LOOKED_AT)


def _standing(db: Connection) -> Iterator[Version]:
    """The LOOKED_AT newest articles that stand, downwards."""
    below = _HIGHEST
    for _ in range(0, LOOKED_AT, AT_ONCE):
        numbers = list(db.execute(_STANDING, {"below": below, "most": AT_ONCE}).scalars())
        some = readable(db, numbers)
        yield from (some[number] for number in numbers if number in some)
        if len(numbers) < AT_ONCE:
            return
        below = numbers[-1]


def _place(one: Version) -> tuple[int, int]:
    return shown_published(one.article.published_at, one.accepted_at), one.number
