"""Names in addresses: ASCII, pinyin for Chinese; given once and never changed (rules.md, Feeds).

The first to come keeps the slug, the next of its kind gets `-2`: 泰州 and 台州 are both `taizhou`. Two spellings
that fold to the same value are one name.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from zonewire.articles import statements
from zonewire.articles.folding import fold

KINDS = ("zone", "city", "section")
MAX_LENGTH = 80
"""Characters of a slug before its number."""

Named = tuple[str, str]
"""A kind, and a name as it is written or as it is folded."""

_GAPS = re.compile(r"[^a-z0-9]+")
_TRIES = 20  # each lost to another transaction that took the same slug meanwhile


def slug_for(db: Connection, kind: str, name: str) -> str:
    """The slug of *name*, given now if it has none. Part of the caller's transaction."""
    return slugs_for(db, [(kind, name)])[kind, name]


def slugs_for(db: Connection, names: Collection[Named]) -> dict[Named, str]:
    """The slug of each (kind, name), given now where there is none. One statement where all are known."""
    if not names:
        return {}
    # Sorted, so that two transactions that give the same slugs wait for each other and never in a ring.
    wanted = {(kind, fold(name)): name for kind, name in sorted(names, reverse=True)}
    found = _known(db, wanted)
    for attempt in range(_TRIES):
        missing = {key: name for key, name in sorted(wanted.items()) if key not in found}
        if not missing:
            break
        _give(db, missing, taken=_taken(db, missing) if attempt else set())
        found |= _known(db, missing)
    return {(kind, name): found[kind, fold(name)] for kind, name in names}


def plain_slug(name: str, *, fallback: str) -> str:
    """长城 Park 2 becomes changcheng-park-2; *fallback* where nothing of *name* can be said in ASCII."""
    from pypinyin import lazy_pinyin  # 0.2 s to import: not before the first new name

    syllables = "".join(
        "".join(lazy_pinyin(word)) if _is_chinese(word) else word
        for word in re.split(r"([\u3400-\u9fff]+)", unicodedata.normalize("NFKC", name))
    )
    ascii_only = unicodedata.normalize("NFKD", syllables).encode("ascii", "ignore").decode()
    return _GAPS.sub("-", ascii_only.casefold()).strip("-")[:MAX_LENGTH].strip("-") or fallback


def _is_chinese(word: str) -> bool:
    return word[:1] >= "\u3400" and word[:1] <= "\u9fff"


def _known(db: Connection, keys: Collection[Named]) -> dict[Named, str]:
    values = {"kinds": sorted({kind for kind, _ in keys}), "values": sorted({value for _, value in keys})}
    rows = db.execute(statements.SLUGS_BY_VALUE, values)
    return {(row.kind, row.value): row.slug for row in rows if (row.kind, row.value) in keys}


def _taken(db: Connection, keys: Collection[Named]) -> set[Named]:
    rows = db.execute(statements.SLUGS_OF_KINDS, {"kinds": sorted({kind for kind, _ in keys})})
    return {(row.kind, row.slug) for row in rows}


def _give(db: Connection, missing: Mapping[Named, str], *, taken: set[Named]) -> None:
    rows = []
    for (kind, value), name in missing.items():
        slug = _first_free(kind, plain_slug(name, fallback=kind), taken)
        taken.add((kind, slug))
        rows.append({"kind": kind, "slug": slug, "value": value, "name": " ".join(name.split())})
    db.execute(statements.GIVE_SLUGS, rows)


def _first_free(kind: str, slug: str, taken: set[Named]) -> str:
    if (kind, slug) not in taken:
        return slug
    number = 2
    while (kind, f"{slug}-{number}") in taken:
        number += 1
    return f"{slug}-{number}"
