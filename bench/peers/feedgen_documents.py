"""What feedgen's own documentation shows: a FeedGenerator for each feed, filled and rendered whole, RSS and Atom.

Runs in the process of whoever measures. It is handed the articles, reads no database, compresses and keeps nothing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator

from zonewire.articles.model import Version
from zonewire.store import SECOND


def rendered(name: str, versions: Iterable[Version]) -> tuple[bytes, bytes]:
    """The RSS and the Atom document of the feed *name*."""
    feed = FeedGenerator()
    feed.id(f"https://peer.example/feeds/{name}")
    feed.title(name)
    feed.link(href=f"https://peer.example/feeds/{name}", rel="alternate")
    feed.description(name)
    feed.language("zh-CN")
    for version in versions:
        _add(feed, version)
    return feed.rss_str(), feed.atom_str()


def _add(feed: FeedGenerator, version: Version) -> None:
    article, entry = version.article, feed.add_entry(order="append")
    entry.id(version.entry_id)
    entry.title(article.title)
    entry.link(href=article.url)
    entry.author(name=article.source)
    entry.summary(article.summary)
    entry.content(article.html, type="html")
    entry.published(datetime.fromtimestamp(article.published_at / SECOND, UTC))
    entry.updated(datetime.fromtimestamp(version.accepted_at / SECOND, UTC))
    for word in (article.zone, article.city, *article.section, *article.keywords):
        entry.category(term=word)
