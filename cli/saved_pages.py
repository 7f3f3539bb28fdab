"""Saved pages that are one article: which of the files that are named belong together, and which lie beside them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zonewire.errors import ZonewireError

if TYPE_CHECKING:
    from zonewire.intake.pages import Page

_NEXT = tuple("下一页".encode(encoding) for encoding in ("utf-8", "gb18030", "utf-16-le"))
STDIN = "-"


def chains(names: Sequence[str]) -> list[list[str]]:
    """*names* in chains: alone what stands for itself, together the pages of one article, its first page first.

    A page that an article goes on in need not be named if it lies in the same folder.
    """
    going_on = [name for name in names if name != STDIN and _may_go_on(name)]
    if not going_on:
        return [[name] for name in names]
    folders = {Path(name).parent for name in going_on}
    chained = {chain[0]: chain for folder in folders for chain in _chains_in(folder, names)}
    behind = {name for chain in chained.values() for name in chain[1:]}
    return [chained.get(name, [name]) for name in names if name not in behind]


def _may_go_on(name: str) -> bool:
    """Whether 下一页 stands in the file, in whatever encoding; told without reading it as a page."""
    try:
        with Path(name).open("rb") as file:
            whole = file.read(_most())
    except OSError:
        return False  # whoever opens it next tells why
    return whole.lstrip()[:1] not in {b"{", b"["} and any(mark in whole for mark in _NEXT)


def _chains_in(folder: Path, names: Iterable[str]) -> list[list[str]]:
    from zonewire.intake.pages import chained

    pages: dict[str, Page] = {}
    wanted = [Path(name) for name in names if name != STDIN and Path(name).parent == folder]
    shown = {Path(name).name: name for name in names if name != STDIN and Path(name).parent == folder}
    while wanted:
        path = wanted.pop()
        page = None if path.name in pages else _page(path)
        if page is None:
            continue
        pages[path.name] = page
        shown.setdefault(path.name, str(path))
        if (beside := _beside(folder, page)) is not None:
            wanted.append(beside)
    in_order = {name: pages[name] for name in shown if name in pages}
    return [[shown[name] for name in chain] for chain in chained(in_order)]


def _beside(folder: Path, page: "Page") -> Path | None:
    """The file in *folder* that bears the name of the page's 下一页."""
    from urllib.parse import unquote

    from zonewire.intake.pages import goes_on_at

    last = unquote(goes_on_at(page).partition("#")[0]).rpartition("/")[2]
    path = folder / last
    return path if last and path.is_file() else None


def _page(path: Path) -> "Page | None":
    from zonewire.intake.pages import decoded, page_of

    try:
        with path.open("rb") as file:
            return page_of(decoded(file.read(_most())))
    except (OSError, ZonewireError):
        return None


def _most() -> int:
    from zonewire.intake.cloudevents import REQUEST_BYTES

    return REQUEST_BYTES + 1
