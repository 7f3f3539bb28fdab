"""Topics: the documents of named feeds, each under the one address that it calls itself by."""

from dataclasses import dataclass
from urllib.parse import quote, unquote

from sqlalchemy import Connection, bindparam, select

from zonewire.errors import NotFound
from zonewire.feeds import ALL, Format, name_behind
from zonewire.store import insert
from zonewire.store.tables import documents, feeds

FEEDS = "/feeds/"

_FIND = (
    select(feeds.c.id, documents.c.etag)
    .join(documents, (documents.c.feed_id == feeds.c.id) & (documents.c.format == bindparam("form")), isouter=True)
    .where(feeds.c.name == bindparam("feed_name"))
)
_ADD_ALL = insert(feeds).values(name=ALL, kind=ALL, title="").on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Topic:
    """A feed in one format."""

    feed_id: int
    name: str
    form: Format
    tag: str  # of its present document; "" where none was published yet


def topic_url(base_url: str, name: str, form: str) -> str:
    """The address of a feed's document, as it stands in its own `rel="self"`."""
    return f"{base_url}{FEEDS}{quote(name)}.{form}"


def find_topic(db: Connection, url: str, *, base_url: str) -> Topic:
    """The topic at *url*. Raises NotFound where that is no document of a named feed of ours, and says what would be.

    The feed of everything answers from the first start, so its row is made where there is none: call it for that in a
    writing transaction.
    """
    name, form = name_and_form(url, base_url)
    row = db.execute(_FIND, {"feed_name": name, "form": form}).first()
    if row is None and name == ALL:
        db.execute(_ADD_ALL)
        row = db.execute(_FIND, {"feed_name": name, "form": form}).first()
    if row is not None:
        return Topic(row.id, name, form, row.etag or "")
    refuse_unknown(db, url, base_url=base_url)
    raise AssertionError(url)


def refuse_unknown(db: Connection, url: str, *, base_url: str) -> None:
    """Raise NotFound where *url* is no topic of this hub. Only reads."""
    name, form = name_and_form(url, base_url)
    if name == ALL or db.execute(_FIND, {"feed_name": name, "form": form}).first() is not None:
        return
    if (slug := name_behind(db, name)) is not None:
        raise _not_ours(url, f"That feed's own address is {topic_url(base_url, slug, form)}.")
    raise _not_ours(url, f"{base_url}{FEEDS} lists the feeds; a filtered or private one cannot be subscribed to here.")


def name_and_form(url: str, base_url: str) -> tuple[str, Format]:
    """The feed and the format that *url* names, whether or not there is such a feed. Raises NotFound."""
    address, is_ours = url.removeprefix(f"{base_url}{FEEDS}"), url.startswith(f"{base_url}{FEEDS}")
    path, _, form = address.rpartition(".")
    if not is_ours:
        raise _not_ours(url, f"This hub serves the feeds below {base_url}{FEEDS} alone.")
    name = unquote(path)
    if not name.isprintable() or not name or form not in set(Format) or "?" in address or "#" in address:
        raise _not_ours(url, f"A topic is such as {topic_url(base_url, ALL, Format.ATOM)}.")
    return name, Format(form)


def _not_ours(url: str, mend: str) -> NotFound:
    return NotFound(f"{url[:200]!r} is no topic of this hub", where="hub.topic", mend=mend)
