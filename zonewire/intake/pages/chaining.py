"""Pages that are one article: each leads by 下一页 to the next."""

import re
from collections.abc import Mapping
from urllib.parse import unquote, urljoin, urlsplit

from zonewire.intake.pages.page import Page

# An address that names the number of its page.
_NUMBERED = re.compile(
    r"[_-]\d{1,3}\.\w{3,5}$|[?&](?:page|p|pageno|pageindex|currentpage|curpage)=\d{1,3}\b", re.IGNORECASE
)


def goes_on_at(page: Page) -> str:
    """The address of the page that the article on *page* goes on in; "" where it ends here.

    Where 下一页 leads to another article, as some portals have it, the address bears no number.
    """
    return page.following if _NUMBERED.search(page.following) else ""


def chained(pages: Mapping[str, Page]) -> list[list[str]]:
    """The names of *pages* (files, in their order) in chains: each article's pages, the first page first.

    A page leads to another by that one's address, or by the name of its file.
    """
    by_name = {_last(name): name for name in pages}
    by_address = {page.address: name for name, page in pages.items() if page.address}
    following: dict[str, str] = {}
    for name, page in pages.items():
        address = goes_on_at(page)
        found = by_address.get(urljoin(page.address, address)) or by_name.get(_last(address)) if address else None
        if found and found != name and found not in following.values():
            following[name] = found
    chains = [_chain(name, following) for name in pages if name not in following.values()]
    reached = {name for chain in chains for name in chain}
    for name in pages:  # in a ring none is the first
        if name not in reached:
            chains.append(_chain(name, following))
            reached.update(chains[-1])
    return chains


def _chain(name: str, following: Mapping[str, str]) -> list[str]:
    chain = [name]
    while (name := following.get(name, "")) and name not in chain:
        chain.append(name)
    return chain


def _last(address: str) -> str:
    """The last part of a path or an address, its query with it, as a file would be named."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    last = unquote(parts.path).rpartition("/")[2]
    return f"{last}?{parts.query}" if parts.query else last
