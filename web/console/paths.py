"""Addresses of the console's pages, where more than a name and an id makes them."""

from urllib.parse import quote

ARTICLES = "/console/articles"


def article_path(guid: str) -> str:
    """The page of an article below the root, whatever characters its guid has.

    A browser would take a path of dots for the way up.
    """
    return f"{ARTICLES}/?guid={guid}" if guid in {".", ".."} else f"{ARTICLES}/{quote(guid, safe='')}"
