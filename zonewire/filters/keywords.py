"""Every keyword that some filter names, looked for in one pass over an article (Aho-Corasick)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from ahocorasick_rs import AhoCorasick
from sqlalchemy import Connection, Engine

from zonewire.filters import statements
from zonewire.filters.characters import fold_keyword, has_cjk
from zonewire.filters.filter import filter_of, parse_written

BORDER = "\n"  # between fields; folding leaves none inside one, so no keyword spans two


@dataclass(frozen=True)
class KeywordIndex:
    """The folded keywords of all filters up to the one with the id `revision`."""

    keywords: frozenset[str]
    revision: int = 0

    def found_in(self, fields: Iterable[str]) -> set[str]:
        """Keywords that occur in *fields*: inside words if they hold a CJK character, else as whole words."""
        if not self.keywords:
            return set()
        text = BORDER.join(fold_keyword(field) for field in fields)
        matches = self._automaton.find_matches_as_indexes(text, overlapping=True)
        return {
            self._patterns[index]
            for index, start, end in matches
            if self._anywhere[index] or _stands_alone(text, start, end)
        }

    @cached_property
    def _patterns(self) -> list[str]:
        return sorted(self.keywords)

    @cached_property
    def _anywhere(self) -> list[bool]:
        return [has_cjk(keyword) for keyword in self._patterns]

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self._patterns)


_cached: WeakKeyDictionary[Engine, KeywordIndex] = WeakKeyDictionary()


def keyword_index(db: Connection) -> KeywordIndex:
    """The keywords of every filter that *db* sees, built anew only when a filter came with a keyword of its own.

    For transactions that intern nothing: what is rolled back would stay in the index.
    """
    before = _cached.get(db.engine)
    newest = db.execute(statements.NEWEST_FILTER).scalar_one()
    if before is not None and before.revision == newest:
        return before
    if before is None or before.revision > newest:  # first call here, or the database was put back to a backup
        index = KeywordIndex(frozenset(db.execute(statements.ALL_KEYWORDS).scalars()), newest)
    else:
        index = _extended(before, db, newest)
    _cached[db.engine] = index
    return index


def _extended(before: KeywordIndex, db: Connection, newest: int) -> KeywordIndex:
    some = db.execute(statements.FILTERS_AFTER, {"seen": before.revision}).scalars()
    terms = [filter_of(parse_written(written)).terms for written in some]
    fresh = {word for named in terms for name in ("keyword", "not_keyword") for word in named.get(name, ())}
    index = KeywordIndex(before.keywords | fresh, newest)
    if index.keywords == before.keywords:  # the automaton is what costs: 0.4 s for 100,000 keywords
        index.__dict__.update({name: before.__dict__[name] for name in _BUILT if name in before.__dict__})
    return index


_BUILT = ("_patterns", "_anywhere", "_automaton")


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is a word by itself: 汉字 beside it end it too (BYD in 比亚迪BYD汽车)."""
    return not (start > 0 and _joins(text[start - 1])) and not (end < len(text) and _joins(text[end]))


def _joins(char: str) -> bool:
    return char.isalnum() and not has_cjk(char)
