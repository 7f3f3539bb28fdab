"""Feeds: which articles stand where, entries made once a version, documents and archives put together, bursts.

May import articles, rendering, store, telemetry and errors. The reaction marks, a feeds worker publishes, the web face
and the command line read.
"""

from zonewire.feeds.archives import Lack, archive_document, why_lacking
from zonewire.feeds.catalogue import Catalogue, CatalogueWrong, read_catalogue
from zonewire.feeds.declaring import declare, fill
from zonewire.feeds.deltas import delta_from
from zonewire.feeds.feed import ALL, MEDIA_TYPES, Format, content_type
from zonewire.feeds.filtered import (
    Cover,
    Filtered,
    brought_up,
    canonical_query,
    cover_of,
    filtered_document,
    private_address,
    private_cover,
    read_query,
)
from zonewire.feeds.looking import FeedState, documents_of, feed_state, feed_states, newest_in
from zonewire.feeds.marking import has_declared, mark_touched
from zonewire.feeds.opml import MEDIA_TYPE as OPML
from zonewire.feeds.opml import render_opml
from zonewire.feeds.publishing import Making, Published, publish_due
from zonewire.feeds.readers import Polls, forget_readers, list_readers, list_software, write_down
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
from zonewire.feeds.sitemap import listed as listed_in_sitemap
from zonewire.feeds.sitemap import render_sitemap

__all__ = [
    "ALL",
    "MEDIA_TYPES",
    "OPML",
    "Catalogue",
    "CatalogueWrong",
    "Cover",
    "Document",
    "FeedLine",
    "FeedState",
    "Filtered",
    "Format",
    "Lack",
    "Making",
    "Polls",
    "Published",
    "archive_document",
    "are_out",
    "brought_up",
    "canonical_query",
    "content_type",
    "cover_of",
    "current_document",
    "declare",
    "delta_from",
    "document_number",
    "documents_of",
    "feed_state",
    "feed_states",
    "feeds_of",
    "fill",
    "filtered_document",
    "forget_readers",
    "has_declared",
    "list_feeds",
    "list_readers",
    "list_software",
    "listed_in_sitemap",
    "mark_touched",
    "marks_of",
    "name_behind",
    "newest_in",
    "private_address",
    "private_cover",
    "publish_due",
    "read_catalogue",
    "read_query",
    "render_opml",
    "render_sitemap",
    "served_document",
    "why_lacking",
    "write_down",
]
