"""Entries as they stand ready, for documents that are made when somebody asks."""

from collections.abc import Mapping, Sequence

from lxml import etree
from sqlalchemy import Connection

from zonewire.articles.model import Version
from zonewire.articles.reading import by_numbers
from zonewire.feeds import pressing, statements
from zonewire.feeds.entries import render_entry
from zonewire.feeds.feed import Format
from zonewire.feeds.publishing import Making, kept_under


def entries_of(
    db: Connection,
    numbers: Sequence[int],
    form: Format,
    *,
    text: str,
    making: Making,
    versions: Mapping[int, Version] | None = None,
) -> list[pressing.Part]:
    """The entries of these versions, in that order; one that no feed has shown for long is made once more.

    *versions* are those, where the caller has read them already. One that cannot be an entry is left out, as it is of
    every feed, and told where that is published.
    """
    entries = ready_entries(db, numbers, form, text=text, making=making)
    missing = [number for number in numbers if number not in entries]
    read = versions or (by_numbers(db, missing) if missing else {})
    for number in missing:
        try:
            entry = render_entry(
                read[number], form, base_url=making.base_url, publisher=making.catalogue.portal.name, text=text
            )
        except (ValueError, TypeError, etree.LxmlError):
            continue
        entries[number] = pressing.press(entry)
    return [entries[number] for number in numbers if number in entries]


def ready_entries(
    db: Connection, numbers: Sequence[int], form: Format, *, text: str, making: Making
) -> dict[int, pressing.Part]:
    """Those of these versions that stand ready."""
    kept_as, parameters = kept_under(form, text), {"numbers": numbers, "made_for": making.made_for}
    rows = db.execute(statements.READY_ENTRIES, parameters)
    return {row.number: pressing.unpress(row.body) for row in rows if row.format == kept_as}
