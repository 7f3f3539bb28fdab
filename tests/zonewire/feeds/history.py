"""What must hold of every feed at every moment: nothing stands in it that its readers cannot reach."""

from lxml import etree
from sqlalchemy import select, text

from zonewire.feeds import Format, current_document
from zonewire.feeds.documents import TOMBSTONES
from zonewire.feeds.entries import ATOM, rfc3339
from zonewire.store import Store
from zonewire.store.tables import archive_entries, articles, feed_entries, feeds, versions

_STANDING = (
    select(feed_entries.c.number, articles.c.entry_id, versions.c.accepted_at)
    .select_from(feed_entries.join(feeds, feeds.c.id == feed_entries.c.feed_id))
    .join(versions, versions.c.number == feed_entries.c.number)
    .join(articles, articles.c.id == feed_entries.c.article_id)
    .where(feed_entries.c.came_in <= feeds.c.published_to)
)
_HELD = select(archive_entries.c.number).join(feeds, feeds.c.id == archive_entries.c.feed_id)


def in_a_gap(store: Store, name: str) -> list[int]:
    """The versions that were published in the feed *name*, still stand there, and can be reached no more."""
    with store.reading() as db:
        if store.is_postgresql:
            db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        document = current_document(db, name, Format.ATOM)
        if document is None:
            return []
        shown, newest = told(document.plain)
        held = set(db.execute(_HELD.where(feeds.c.name == name, archive_entries.c.nth <= newest)).scalars())
        rows = db.execute(_STANDING.where(feeds.c.name == name)).all()
    return [
        row.number for row in rows if row.number not in held and shown.get(row.entry_id) != rfc3339(row.accepted_at)
    ]


def told(atom: bytes) -> tuple[dict[str, str], int]:
    """What an Atom document says: each entry's id, tombstones too, with its moment; and its older archive's number."""
    root = etree.fromstring(atom)
    shown = {
        str(entry.findtext(f"{{{ATOM}}}id")): str(entry.findtext(f"{{{ATOM}}}updated"))
        for entry in root.iter(f"{{{ATOM}}}entry")
    }
    shown |= {str(gone.get("ref")): str(gone.get("when")) for gone in root.iter(f"{{{TOMBSTONES}}}deleted-entry")}
    older = [str(link.get("href")) for link in root.iter(f"{{{ATOM}}}link") if link.get("rel") == "prev-archive"]
    return shown, int(older[0].rpartition("/")[2].partition(".")[0]) if older else 0
