"""Feeds: which articles stand where, entries made once a version, documents put together, and the coalescing of bursts.

May import articles, rendering, store, telemetry and errors. The reaction marks, a feeds worker publishes, the web face
and the command line read.
"""

from zonewire.feeds.feed import ALL, MEDIA_TYPES, Format
from zonewire.feeds.marking import mark_touched
from zonewire.feeds.publishing import Published, publish_due
from zonewire.feeds.reading import (
    Document,
    FeedLine,
    are_out,
    current_document,
    document_number,
    feeds_of,
    list_feeds,
    marks_of,
    name_behind,
    served_document,
)

__all__ = [
    "ALL",
    "MEDIA_TYPES",
    "Document",
    "FeedLine",
    "Format",
    "Published",
    "are_out",
    "current_document",
    "document_number",
    "feeds_of",
    "list_feeds",
    "mark_touched",
    "marks_of",
    "name_behind",
    "publish_due",
    "served_document",
]
