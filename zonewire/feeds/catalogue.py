"""The catalogue: what a portal says about itself and its feeds, read from one TOML file and checked as a whole.

`[portal]` is whose news this is; `[feeds]` what holds for every feed; `[wechat]` the form of editions there; each
`[[feed]]` declares one more; `[[zone]]` and `[[city]]` give places an English name, and a slug before their first
article. Every fault is named by its line.
"""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from zonewire.articles.folding import fold
from zonewire.errors import SettingWrong
from zonewire.filters import DIMENSIONS, Filter, filter_of
from zonewire.rendering.portal import NAMELESS, WECHAT_FORMS, Portal

LANGUAGES = ("zh-CN", "en")
ENTRIES, MOST_ENTRIES = 50, 500
TEXTS = ("full", "summary")
RESERVED = frozenset({"all", "zone", "city", "section", "filter", "private", "archive"})
"""What cannot name a declared feed, since addresses begin so."""

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MAILBOX = re.compile(r"[!-~]+@[!-~]+")
_HEADER = re.compile(r"\s*\[(?P<many>\[)?\s*(?P<name>[\w.-]+)\s*\]")
_KEY = re.compile(r"\s*(?P<name>[\w-]+)\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A feed that the catalogue declares."""

    name: str  # its address: /feeds/NAME.rss
    title: str
    wanted: Filter
    description: str = ""
    language: str = LANGUAGES[0]
    entries: int = ENTRIES
    text: str = TEXTS[0]  # full, or summary: what an entry holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A zone or a city that the catalogue knows more of than its name."""

    kind: str  # zone, city
    name: str
    english: str = ""
    slug: str = ""  # "": made of pinyin when its first article comes


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """All of it. The empty one is what holds where there is no file."""

    portal: Portal = field(default_factory=Portal)
    entries: int = ENTRIES  # of every feed that says nothing else
    text: str = TEXTS[0]  # the same
    hubs: tuple[str, ...] = ()  # of others, told of each change beside our own
    declared: tuple[Declared, ...] = ()
    places: tuple[Place, ...] = ()

    @cached_property
    def mark(self) -> str:
        """A short name of all that is in it: what was made by another catalogue is made anew."""
        return hashlib.blake2b(repr(self).encode(), digest_size=6).hexdigest()

    @cached_property
    def by_name(self) -> Mapping[str, Declared]:
        """The feeds that it declares."""
        return {one.name: one for one in self.declared}

    def entries_of(self, feed: str) -> int:
        """How many articles the documents of *feed* carry."""
        return self.by_name[feed].entries if feed in self.by_name else self.entries

    def text_of(self, feed: str) -> str:
        """What the entries of *feed* hold: full, or summary."""
        return self.by_name[feed].text if feed in self.by_name else self.text

    def english_of(self, kind: str, name: str) -> str:
        """The English name of a zone or city, "" where none is given."""
        wanted = (kind, fold(name))
        return next((one.english for one in self.places if (one.kind, fold(one.name)) == wanted), "")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in the file."""

    line: int
    detail: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.detail}"


class CatalogueWrong(SettingWrong):
    """A catalogue that cannot be meant so; `faults` names each by its line."""

    def __init__(self, faults: list[Fault], *, where: str) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)
        super().__init__("; ".join(map(str, self.faults)), where=where, mend="Nothing was started with it.")


def read_catalogue(text: str, *, where: str) -> Catalogue:
    """The catalogue that *text* holds; *where* names the file. Raises CatalogueWrong with every fault in it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as cause:
        detail, line = _syntax(str(cause))
        raise CatalogueWrong([Fault(line, detail)], where=where) from None
    reading = _Reading(_Lines.of(text))
    catalogue = reading.catalogue(tables)
    if reading.faults:
        raise CatalogueWrong(reading.faults, where=where)
    return catalogue


def _syntax(said: str) -> tuple[str, int]:
    """What tomllib says: "Invalid value (at line 3, column 8)"."""
    match = re.search(r" \(at line (\d+), column \d+\)", said)
    return (said.replace(match[0], ""), int(match[1])) if match else (said.removesuffix(" (at end of document)"), 1)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where everything stands: the line of each table, and of each key in it."""

    numbers: dict[tuple[str, int, str], int]  # table, its how-manieth of that name, key ("": its header)

    @classmethod
    def of(cls, text: str) -> "_Lines":
        """Read from the text, since a parsed TOML has forgotten its lines."""
        numbers: dict[tuple[str, int, str], int] = {}
        seen: dict[str, int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if match := _HEADER.match(line):
                table = match["name"]
                seen[table] = seen.get(table, -1) + 1
                numbers[table, seen[table], ""] = number
            elif match := _KEY.match(line):
                numbers.setdefault((table, seen.get(table, 0), match["name"]), number)
        return cls(numbers)

    def line(self, table: str, nth: int, key: str) -> int:
        """The line of *key*; of its table where it has none of its own."""
        return self.numbers.get((table, nth, key)) or self.numbers.get((table, nth, "")) or 1


@dataclass(slots=True)
class _Table:
    """One table while it is read: takes its keys one by one, and tells what is wrong with each."""

    name: str
    nth: int
    given: Mapping[str, Any]
    fault: Callable[[str, str], None]  # key, what is wrong
    taken: set[str] = field(default_factory=set)

    def text(self, key: str, *, default: str = "", needed: bool = False) -> str:
        """One line of text."""
        self.taken.add(key)
        value = self.given.get(key)
        if value is None:
            if needed:
                self.fault(key, f"[{self.name}] needs a {key}")
            return default
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.fault(key, f"{key} must be one line of text, in quotes")
            return default
        return value.strip()

    def matching(self, key: str, is_one: Callable[[str], bool], what: str, *, default: str = "") -> str:
        """Text of a certain form."""
        value = self.text(key, default=default)
        if value and value != default and not is_one(value):
            self.fault(key, f"{key} must be {what}, and is {value[:60]!r}")
            return default
        return value

    def one_of(self, key: str, allowed: tuple[str, ...], *, default: str) -> str:
        """One of a few words."""
        return self.matching(key, lambda value: value in allowed, f"one of {', '.join(allowed)}", default=default)

    def number(self, key: str, *, most: int, default: int) -> int:
        """A whole number from 1."""
        self.taken.add(key)
        value = self.given.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            self.fault(key, f"{key} must be a whole number from 1 to {most}")
            return default
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        self.taken.add(key)
        value = self.given.get(key, [])
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) and one.strip() for one in values):
            self.fault(key, f"{key} must be a text, or a list of texts")
            return ()
        return tuple(one.strip() for one in values)

    def end(self) -> None:
        """Whatever was not taken is a mistake."""
        for key in self.given.keys() - self.taken:
            self.fault(key, f"[{self.name}] has no {key}; it may have {', '.join(sorted(self.taken))}")


class _Reading:
    """A reading of the whole: goes on behind a fault, so that all are told at once."""

    def __init__(self, lines: _Lines) -> None:
        self.faults: list[Fault] = []
        self._lines = lines

    def catalogue(self, tables: Mapping[str, Any]) -> Catalogue:
        known = {"portal", "feeds", "wechat", "feed", "zone", "city"}
        for name in tables.keys() - known:
            self._fault("" if not isinstance(tables[name], dict | list) else name, 0, name, _unknown(name, known))
        portal = self._portal(self._single(tables, "portal"))
        wechat = self._single(tables, "wechat")
        wechat_form = wechat.one_of("form", WECHAT_FORMS, default=WECHAT_FORMS[0])
        wechat.end()
        common = self._single(tables, "feeds")
        entries = common.number("entries", most=MOST_ENTRIES, default=ENTRIES)
        text = common.one_of("text", TEXTS, default=TEXTS[0])
        hubs = common.texts("hubs")
        for hub in hubs:
            if not _is_address(hub):
                common.fault("hubs", f"a hub must be an http or https address, and is {hub[:60]!r}")
        common.end()
        declared = [self._feed(table, entries, text, portal.language) for table in self._several(tables, "feed")]
        self._unique("feed", "name", [one.name for one in declared])
        places = [place for kind in ("zone", "city") for place in self._places(tables, kind)]
        english = tuple((place.name, place.english) for place in places if place.english)
        portal = replace(portal, english_places=english, wechat_form=wechat_form)
        return Catalogue(
            portal=portal, entries=entries, text=text, hubs=hubs, declared=tuple(declared), places=tuple(places)
        )

    def _portal(self, table: _Table) -> Portal:
        colour = "a colour such as #0B6B5B"
        portal = Portal(
            name=table.text("name", default=NAMELESS),
            english=table.text("english"),
            home=table.matching("home", _is_address, "an http or https address"),
            logo=table.matching("logo", _is_address, "an http or https address"),
            accent=table.matching("accent", _is_colour, colour),
            seal=table.matching("seal", _is_colour, colour),
            language=table.one_of("language", LANGUAGES, default=LANGUAGES[0]),
            contact=table.matching("contact", _is_mailbox, "an email address"),
            copyright=table.text("copyright"),
            icp=table.text("icp"),
        )
        table.end()
        return portal

    def _feed(self, table: _Table, entries: int, text: str, language: str) -> Declared:
        name = table.text("name", needed=True)
        if name and (name in RESERVED or not SLUG.fullmatch(name)):
            table.fault("name", f"name must be of a-z, 0-9 and single hyphens, and none of ours, and is {name[:60]!r}")
        feed = Declared(
            name=name,
            title=table.text("title", needed=True),
            description=table.text("description"),
            language=table.one_of("language", LANGUAGES, default=language),
            entries=table.number("entries", most=MOST_ENTRIES, default=entries),
            text=table.one_of("text", TEXTS, default=text),
            wanted=filter_of({dimension: table.texts(dimension) for dimension in DIMENSIONS}),
        )
        table.end()
        return feed

    def _places(self, tables: Mapping[str, Any], kind: str) -> list[Place]:
        places = []
        for table in self._several(tables, kind):
            slug = table.matching("slug", lambda value: bool(SLUG.fullmatch(value)), "of a-z, 0-9 and single hyphens")
            name = table.text("name", needed=True)
            places.append(Place(kind=kind, name=name, english=table.text("english"), slug=slug))
            table.end()
        self._unique(kind, "name", [fold(place.name) for place in places])
        self._unique(kind, "slug", [place.slug for place in places])
        return places

    def _unique(self, table: str, key: str, values: list[str]) -> None:
        first: dict[str, int] = {}
        for nth, value in enumerate(values):
            if value and value in first:
                line = self._lines.line(table, first[value], key)
                self._fault(table, nth, key, f"{key} {value!r} is taken already, by line {line}")
            first.setdefault(value, nth)

    def _single(self, tables: Mapping[str, Any], name: str) -> _Table:
        given = tables.get(name, {})
        if not isinstance(given, dict):
            self._fault(name, 0, "", f"{name} must be one table: [{name}]")
            given = {}
        return self._table(name, 0, given)

    def _several(self, tables: Mapping[str, Any], name: str) -> Iterator[_Table]:
        given = tables.get(name, [])
        if not isinstance(given, list):
            self._fault(name, 0, "", f"each {name} stands under a [[{name}]] of its own, in double brackets")
            given = []
        for nth, one in enumerate(given):
            yield self._table(name, nth, one if isinstance(one, dict) else {})

    def _table(self, name: str, nth: int, given: Mapping[str, Any]) -> _Table:
        return _Table(name, nth, given, lambda key, detail: self._fault(name, nth, key, detail))

    def _fault(self, table: str, nth: int, key: str, detail: str) -> None:
        self.faults.append(Fault(self._lines.line(table, nth, key), detail))


def _unknown(name: str, known: set[str]) -> str:
    return f"there is no {name!r} in a catalogue; it may have {', '.join(sorted(known))}"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"\s", text)


def _is_colour(text: str) -> bool:
    return bool(_COLOUR.fullmatch(text))


def _is_mailbox(text: str) -> bool:
    return bool(_MAILBOX.fullmatch(text))
