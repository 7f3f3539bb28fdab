"""Deltas (RFC 3229, instance manipulation "feed"): a whole, valid document that holds only what a reader lacks.

A tag says which entries its document had (tags.py), so nothing has to be remembered for a reader. What is left out was
in the reader's last document; what the reader has and the feed carries no longer is told by tombstones, in Atom alone.
"""

from sqlalchemy import Connection

from zonewire.feeds import statements
from zonewire.feeds.catalogue import Catalogue
from zonewire.feeds.documents import assemble
from zonewire.feeds.feed import Format
from zonewire.feeds.publishing import Carried, Making, feed_of
from zonewire.feeds.reading import Document
from zonewire.feeds.ready import ready_entries
from zonewire.feeds.tags import span_of


def delta_from(
    db: Connection, name: str, form: Format, document: Document, tag: str, *, base_url: str, catalogue: Catalogue
) -> bytes | None:
    """What whoever holds the document with *tag* lacks of *document*, the present one of that feed, uncompressed.

    None where that cannot be said, or is all of it: the tag is not ours, of another era, or too old.
    """
    had, has = span_of(tag), span_of(document.etag)
    if had is None or has is None or had.era != has.era or had.newest > has.newest or had == has:
        return None
    row = db.execute(statements.FEED, {"feed_name": name}).one_or_none()
    if row is None or row.dirty_to != document.number:
        return None  # it is being made anew: what is in the tables is not what is in the document
    making = Making(base_url, catalogue)
    most = catalogue.entries_of(name)
    rows = db.execute(statements.SHOWN, {"feed_ids": [row.id], "beyond": most - 1}).all()
    carried = Carried.of(list(rows), most)
    lacking = Carried(
        [one for one in carried.live if had.lacks(number=one.number, came_in=one.came_in)],
        [one for one in carried.gone if had.lacks(number=one.number, came_in=one.came_in)],
    )
    if len(lacking.live) == len(carried.live):
        return None
    numbers = [one.number for one in lacking.live]
    ready = ready_entries(db, numbers, form, text=catalogue.text_of(name), making=making)
    entries = [ready[number] for number in numbers if number in ready]
    if len(entries) < len(lacking.live):
        return None  # made by another catalogue or address than ours, or one cannot be made
    installation = db.execute(statements.INSTALLATION).one().number
    return assemble(feed_of(row, making, installation), form, entries, lacking.tombstones).plain
