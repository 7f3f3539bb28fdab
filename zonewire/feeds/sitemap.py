"""`/news-sitemap.xml`: the articles of the last two days, as search engines for news take them.

https://www.sitemaps.org/protocol.html, with the extension for news: at most 1,000 addresses, each with the name and
language of its publication, the moment of first publication, and its title.
"""

from dataclasses import dataclass

from lxml import etree
from sqlalchemy import Connection, bindparam, select

from zonewire.articles.model import Version
from zonewire.articles.reading import address_of, by_numbers
from zonewire.feeds.entries import local, shown_published
from zonewire.feeds.languages import shown_language
from zonewire.feeds.plain import as_uri, one_line
from zonewire.store import SECOND
from zonewire.store.tables import articles, versions

TWO_DAYS = 48 * 3600 * SECOND
MOST = 1_000
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"

# Articles that stand and whose first versions were accepted since then, the newest first. By the index on accepted_at.
_SINCE = (
    select(articles.c.newest, versions.c.published_at, versions.c.accepted_at)
    .select_from(versions.join(articles, articles.c.id == versions.c.article_id))
    .where(
        versions.c.accepted_at >= bindparam("since"),
        versions.c.published_at >= bindparam("since"),
        versions.c.version == 1,
        ~articles.c.withdrawn,
    )
    .order_by(versions.c.accepted_at.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An article, and when it first appeared (microseconds)."""

    version: Version
    published_at: int


def listed(db: Connection, *, now: int) -> list[Listed]:
    """What a sitemap of this moment names: published in the last two days, the newest first."""
    since = now - TWO_DAYS
    rows = db.execute(_SINCE, {"since": since, "most": MOST}).all()
    found = by_numbers(db, [row.newest for row in rows])
    return [Listed(found[row.newest], shown_published(row.published_at, row.accepted_at)) for row in rows]


def render_sitemap(some: list[Listed], *, base_url: str, portal: str) -> bytes:
    """The document. An empty one is allowed: nothing was published."""
    namespaces = {None: SITEMAP, "news": NEWS}
    urlset = etree.Element(f"{{{SITEMAP}}}urlset", nsmap=namespaces)  # type: ignore[arg-type]  # None: the default
    for one in some:
        article = one.version.article
        url = etree.SubElement(urlset, f"{{{SITEMAP}}}url")
        etree.SubElement(url, f"{{{SITEMAP}}}loc").text = as_uri(address_of(one.version, base_url))
        news = etree.SubElement(url, f"{{{NEWS}}}news")
        publication = etree.SubElement(news, f"{{{NEWS}}}publication")
        etree.SubElement(publication, f"{{{NEWS}}}name").text = one_line(portal)
        etree.SubElement(publication, f"{{{NEWS}}}language").text = _language(article.language)
        etree.SubElement(news, f"{{{NEWS}}}publication_date").text = local(one.published_at).isoformat("T", "seconds")
        etree.SubElement(news, f"{{{NEWS}}}title").text = one_line(article.title)
    return bytes(etree.tostring(urlset, encoding="UTF-8", xml_declaration=True))


def _language(tag: str) -> str:
    """ISO 639, with the two exceptions that the protocol makes for Chinese."""
    lower = shown_language(tag).lower()
    if lower.startswith("zh"):
        return "zh-tw" if any(part in lower for part in ("tw", "hk", "hant")) else "zh-cn"
    return lower.partition("-")[0]
