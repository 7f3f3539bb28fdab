"""Files that somebody publishes: what each is, told by its content, and the events in it.

Article JSON, CloudEvents, arrays and JSON lines of either, and portal pages, as text or HTML. JSON lines are read one
at a time, however many there are.
"""

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO

from zonewire.articles.model import Article
from zonewire.errors import FieldError, InvalidInput, NotAnArticle, WrongUsage, ZonewireError
from zonewire.intake.article_json import read_article
from zonewire.intake.cloudevents import EVENT_BYTES, REQUEST_BYTES, event_too_large, request_too_large
from zonewire.intake.event import Event, EventType
from zonewire.intake.event_json import read_event, read_json
from zonewire.intake.pages import article_of, decoded, goes_on_at, page_of

COMMAND_SOURCE = "zonewire:cli"
"""The source of events that a command makes."""

_LONGEST = EVENT_BYTES + 2  # a line of this length and no end is too long
_BOM = b"\xef\xbb\xbf"


class Taken(StrEnum):
    """What a file, or a line of one, was taken for."""

    ARTICLE = "article"
    CLOUDEVENT = "cloudevent"
    PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing in a file: an event, or why it is none."""

    taken_as: Taken | None  # None: nothing that is known
    place: str = ""  # "line 12", "item 3"; "" where it is the whole file
    event: Event | None = None
    error: ZonewireError | None = None
    has_made_guid: bool = False  # a page without an address: a changed title makes another article


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller says about the one article in a file."""

    guid: str = ""
    url: str = ""

    def __bool__(self) -> bool:
        return bool(self.guid or self.url)


def read_file(file: BinaryIO, given: Given, following: Sequence[BinaryIO] = ()) -> Iterator[Found]:
    """Everything in *file*, in its order; *following* are the pages that the article on its page goes on in.

    Raises WrongUsage where *given*, meant for one article, has several.
    """
    things = _read(file, given, following)
    if not given:
        yield from things
        return
    first = list(itertools.islice(things, 2))
    if len(first) != 1 or first[0].taken_as is Taken.CLOUDEVENT:
        raise WrongUsage("--guid and --url are for one article or page", mend="Leave them out for events and lists.")
    yield from first


def command_event(article: Article) -> Event:
    """The event of a command that publishes *article*: each run is a new one."""
    ident = str(uuid.uuid4())
    return Event(source=COMMAND_SOURCE, id=ident, type=EventType.PUBLISHED, guid=article.guid, article=article)


def withdrawal(guid: str) -> Event:
    """The event of a command that withdraws."""
    return Event(source=COMMAND_SOURCE, id=str(uuid.uuid4()), type=EventType.WITHDRAWN, guid=guid)


def _read(file: BinaryIO, given: Given, following: Sequence[BinaryIO]) -> Iterator[Found]:
    first = file.readline(_LONGEST).removeprefix(_BOM)
    blank_lines = 0
    while first and _is_blank(first):
        first = file.readline(_LONGEST)
        blank_lines += 1
    if not first:
        yield Found(taken_as=None, error=_nothing(blank_lines))
        return
    if first.lstrip()[:1] not in {b"{", b"["}:
        yield _found(Taken.PAGE, "", lambda: _pages(first + _rest(file, len(first)), following, given))
        return
    if not _is_whole(first):
        yield from _document(first, file, given, blank_lines)
        return
    more = _long_lines(file)
    ahead = list(_up_to_text(more))
    if any(line.strip() for line in ahead):
        yield from _lines(itertools.chain([first], ahead, more), given, blank_lines)
    else:
        yield _object(read_json(first), "", given)


def _document(first: bytes, file: BinaryIO, given: Given, blank_lines: int) -> Iterator[Found]:
    """One JSON document over several lines; JSON lines of which the first is broken."""
    try:
        whole = first + _rest(file, len(first))
        thing = read_json(whole)
    except InvalidInput as error:
        if first.strip().endswith(b"}"):
            yield from _lines(whole.splitlines(keepends=True), given, blank_lines)
        else:
            yield Found(taken_as=None, error=error)
    except ZonewireError as error:
        yield Found(taken_as=None, error=error)
    else:
        if isinstance(thing, list):
            for number, item in enumerate(thing, 1):
                yield _object(item, f"item {number}", given)
        elif len(whole) > EVENT_BYTES:
            yield Found(taken_as=_kind(thing), error=event_too_large())
        else:
            yield _object(thing, "", given)


def _lines(lines: Iterable[bytes], given: Given, blank_lines: int) -> Iterator[Found]:
    for number, line in enumerate(lines, 1 + blank_lines):
        if not line.strip():
            continue
        place = f"line {number}"
        if len(line) == _LONGEST:
            yield Found(taken_as=None, place=place, error=event_too_large())
            continue
        try:
            thing = read_json(line)
        except InvalidInput as error:
            yield Found(taken_as=None, place=place, error=error)
        else:
            yield _object(thing, place, given)


def _object(thing: Any, place: str, given: Given) -> Found:
    kind = _kind(thing)
    if kind is Taken.CLOUDEVENT:
        return _found(kind, place, lambda: (read_event(thing), False))
    named = {name: value for name, value in (("guid", given.guid), ("url", given.url)) if value}
    return _found(
        kind,
        place,
        lambda: (command_event(read_article(thing | named if isinstance(thing, dict) else thing)), False),
    )


def _kind(thing: Any) -> Taken:
    return Taken.CLOUDEVENT if isinstance(thing, dict) and "specversion" in thing else Taken.ARTICLE


def _found(taken_as: Taken, place: str, read: Callable[[], tuple[Event, bool]]) -> Found:
    try:
        event, made = read()
    except ZonewireError as error:
        return Found(taken_as=taken_as, place=place, error=error)
    return Found(taken_as=taken_as, place=place, event=event, has_made_guid=made)


def _pages(whole: bytes, following: Sequence[BinaryIO], given: Given) -> tuple[Event, bool]:
    """The article on a page and on those that it goes on in, and whether its guid had to be made."""
    pages = [page_of(decoded(whole)), *(page_of(decoded(_rest(file, 0))) for file in following)]
    if address := goes_on_at(pages[-1]):
        raise _unfinished(address)
    article = article_of(pages, guid=given.guid, url=given.url)
    return command_event(article), not (given or pages[0].address)


def _unfinished(address: str) -> NotAnArticle:
    """The error about a page whose article goes on in one that is not there: half of it would be published."""
    return NotAnArticle(
        [FieldError(0, "", f"the article goes on in {address[:200]}, which is not there")],
        mend="Save that page too, and name it behind this one.",
    )


def _nothing(blank_lines: int) -> NotAnArticle:
    """The error about a file without a word in it, however it is named."""
    what = "the file is empty but for blanks" if blank_lines else "the file is empty"
    return NotAnArticle([FieldError(0, "", what)], mend="Name one with an article or a page in it.")


def _is_blank(line: bytes) -> bool:
    """Whether it is blank to a reader: ideographic spaces are."""
    return not line.strip() or line.decode(errors="replace").isspace()


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(read_json(line), dict)
    except InvalidInput:
        return False


def _up_to_text(lines: Iterator[bytes]) -> Iterator[bytes]:
    """The next lines, up to the first that is not blank."""
    for line in lines:
        yield line
        if line.strip():
            break


def _rest(file: BinaryIO, already: int) -> bytes:
    """What follows. Raises TooLarge."""
    rest = file.read(REQUEST_BYTES + 1 - already)
    if already + len(rest) > REQUEST_BYTES:
        raise request_too_large()
    return rest


def _long_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of *file*; of one that is too long, no more than tells so."""
    while line := file.readline(_LONGEST):
        yield line
        while len(line) == _LONGEST and not line.endswith(b"\n"):
            line = file.readline(_LONGEST)
