"""Addresses of the console's pages, where more than a name and an id makes them."""

from urllib.parse import quote

from fastapi import Request

ARTICLES = "/console/articles"


def article_path(guid: str) -> str:
    """The page of an article below the root, whatever characters its guid has.

    A browser would take a path of dots for the way up.
    """
    return f"{ARTICLES}/?guid={guid}" if guid in {".", ".."} else f"{ARTICLES}/{quote(guid, safe='')}"


def root_of(request: Request) -> str:
    """Where all that we serve begins, as whoever stands before us says (`--root-path`); "" for a host of its own."""
    return str(request.scope.get("root_path", ""))


def path_of(request: Request) -> str:
    """What was asked for, below the root."""
    return request.url.path.removeprefix(root_of(request))
