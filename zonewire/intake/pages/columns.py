"""The column of a page that an article stands in: not what stands beside it, in whatever order a page has them."""

import re
from collections.abc import Iterable, Sequence

from zonewire.intake.pages.furniture import is_contact, is_foot, is_prose
from zonewire.intake.pages.page import Block, Page

_BESIDE = re.compile(
    r"(?:^|[._\s-])(?:side(?:bar|nav|box|menu)?|aside|(?:left|right)side(?:bar)?|relat\w*|relevant|xgyd|xgxw|recommend\w*"
    r"|hot(?:news|list)?|rank\w*|foot(?:er)?|copyright|bottom|comments?|friend\w*|links?|widget\w*)(?:$|[._\s\d-])",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    r"(?:^|[._\s-])(?:(?:col-?)?(?:left|right|auto)|p?(?:left|right)|fl|fr|l|r|nav|menu|zuo|you)(?:$|[_\s\d-])",
    re.IGNORECASE,
)
_PARAGRAPHS = re.compile(r"(?:p|h\d|li|blockquote|figure|pre|center)\.")


def column_of(page: Page, below: Sequence[Block], title_at: int) -> list[Block]:
    """What of *below*, the lines below the title in the line *title_at*, stands in the title's column."""
    anchor = page.blocks[title_at].path if page.is_markup and title_at >= 0 else ()
    body = [block for block in below if _is_body(block)]
    deepest = max((_shared([block.path, anchor]) for block in body), default=0)
    for depth in range(deepest, 0, -1):
        mass = _mass_by_child(page, body, anchor[: depth - 1])
        mine = mass.pop(anchor[depth - 1], 0)
        is_cell = page.elements[anchor[depth - 1]].startswith("td.")  # others in its row are columns
        if mine and (is_cell or mine >= max(mass.values(), default=0)):
            inside = [block for block in below if block.path[:depth] == anchor[:depth]]
            return _without_others(page, inside, anchor[:depth])
    return _without_others(page, list(below), ())


def _without_others(page: Page, column: list[Block], around: tuple[int, ...]) -> list[Block]:
    """*column*, the lines inside *around*, without elements in it that are no part of an article.

    Such are elements whose names say so, and lists of links, beside a heavier one; between paragraphs, no name tells.
    All else stays: a line too many is a lesser evil than half an article.
    """
    inside = column
    while mass := _mass_by_child(page, filter(_is_body, inside), around):
        depth = len(around)
        main = max(mass, key=lambda child: mass[child])
        has_columns = not any(_PARAGRAPHS.match(page.elements[child]) for child in mass)
        others = _others(page, inside, depth, main, has_columns=has_columns)
        column = [block for block in column if block.path[depth : depth + 1] not in others]
        if len(mass) - len(mass.keys() & {child for (child,) in others}) > 1:
            break
        inside = [block for block in inside if block.path[depth : depth + 1] == (main,)]
        around = inside[0].path[: _shared([block.path for block in inside])]
    return column


def _others(page: Page, inside: Iterable[Block], depth: int, main: int, *, has_columns: bool) -> set[tuple[int]]:
    """The elements at *depth* that hold something else than the article, whose text is in *main*."""
    return {
        (child,)
        for child, blocks in _by_child(inside, depth).items()
        if child != main and _is_other(page.elements[child], blocks, has_columns=has_columns)
    }


def _shared(paths: Sequence[tuple[int, ...]]) -> int:
    """How many elements *paths* have in common, from the outside in."""
    first, last = min(paths), max(paths)
    return next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))


def _is_other(element: str, blocks: Sequence[Block], *, has_columns: bool) -> bool:
    """Whether an element, with *blocks* in it, holds something else than the article does."""
    if _PARAGRAPHS.match(element):
        return False
    if _BESIDE.search(element) or (has_columns and _COLUMN.search(element)):
        return True
    linked = sum(block.linked for block in blocks if not block.files)
    return len(blocks) > 2 and linked > 0.5 * sum(len(block.text) for block in blocks)


def _by_child(blocks: Iterable[Block], depth: int) -> dict[int, list[Block]]:
    """*blocks* by the element at *depth* around them; those that are in none are left out."""
    inside: dict[int, list[Block]] = {}
    for block in blocks:
        if len(block.path) > depth:
            inside.setdefault(block.path[depth], []).append(block)
    return inside


def _mass_by_child(page: Page, body: Iterable[Block], around: tuple[int, ...]) -> dict[int, int]:
    """Characters of text in each element right inside *around*, but for those whose names say that they are beside."""
    depth, mass = len(around), dict[int, int]()
    for block in body:
        if block.path[:depth] == around and len(block.path) > depth:
            child = block.path[depth]
            if not _BESIDE.search(page.elements[child]):
                mass[child] = mass.get(child, 0) + max(len(block.text), 1)
    return mass


def _is_body(block: Block) -> bool:
    return (is_prose(block) or bool(block.pictures)) and not is_foot(block) and not is_contact(block)
