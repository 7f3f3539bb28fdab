"""Articles: what was said, its versions and tombstones, the ids that feeds know it by, and the names in addresses.

Imports the store, telemetry and errors; knows nothing of where an article came from or goes.
"""

from zonewire.articles.model import Article, Enclosure, Image, Version, as_json, rfc3339
from zonewire.articles.reading import address_of, by_numbers, newest, newest_by_id, newest_number
from zonewire.articles.slugs import slug_for, slugs_for

__all__ = [
    "Article",
    "Enclosure",
    "Image",
    "Version",
    "address_of",
    "as_json",
    "by_numbers",
    "newest",
    "newest_by_id",
    "newest_number",
    "rfc3339",
    "slug_for",
    "slugs_for",
]
