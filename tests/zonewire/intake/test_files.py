"""Files that somebody publishes: what each is taken for."""

import io
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.builders import an_article, an_event_json
from tests.zonewire.intake.page_texts import HTML_PAGE, PARAGRAPHS, TITLE, a_page
from zonewire.articles import as_json
from zonewire.errors import NotAnArticle, TooLarge, WrongUsage
from zonewire.intake import EventType
from zonewire.intake.cloudevents import EVENT_BYTES
from zonewire.intake.files import COMMAND_SOURCE, Found, Given, Taken, read_file


def found(content: bytes | str, given: Given | None = None) -> list[Found]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_file(io.BytesIO(raw), given or Given()))


def line(thing: Any) -> bytes:
    return orjson.dumps(thing) + b"\n"


def kinds(things: list[Found]) -> list[tuple[str | None, str, bool]]:
    return [(one.taken_as, one.place, one.error is None) for one in things]


@pytest.mark.parametrize("options", [0, orjson.OPT_INDENT_2, orjson.OPT_APPEND_NEWLINE])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n  \n"])
def test_an_article_in_json_is_taken_for_one(options: int, before: bytes) -> None:
    article = an_article()
    (one,) = found(before + orjson.dumps(as_json(article), option=options))
    assert one.taken_as is Taken.ARTICLE
    assert one.event
    assert (one.event.source, one.event.type, one.event.article) == (COMMAND_SOURCE, EventType.PUBLISHED, article)


def test_publishing_the_same_article_again_is_another_event() -> None:
    body = line(as_json(an_article()))
    first, second = found(body)[0].event, found(body)[0].event
    assert first
    assert second
    assert first.id != second.id


def test_a_cloudevent_keeps_its_source_and_id() -> None:
    (one,) = found(orjson.dumps(an_event_json(id="7"), option=orjson.OPT_INDENT_2))
    assert one.taken_as is Taken.CLOUDEVENT
    assert one.event
    assert (one.event.source, one.event.id) == ("https://portal.example/cms", "7")


def test_json_lines_may_mix_articles_and_events_and_each_bad_one_is_named() -> None:
    lines = line(as_json(an_article())) + b"\n{broken}\n" + line(an_event_json()) + line({"guid": "1"}) + b"[1]"
    assert kinds(found(lines)) == [
        ("article", "line 1", True),
        (None, "line 3", False),
        ("cloudevent", "line 4", True),
        ("article", "line 5", False),
        ("article", "line 6", False),
    ]


def test_json_lines_with_a_broken_first_line_are_read_all_the_same() -> None:
    assert kinds(found(b"{broken}\n" + line(as_json(an_article())))) == [
        (None, "line 1", False),
        ("article", "line 2", True),
    ]


def test_an_array_is_read_item_by_item() -> None:
    things = [as_json(an_article()), an_event_json()]
    for options in (0, orjson.OPT_INDENT_2):
        assert kinds(found(orjson.dumps(things, option=options))) == [
            ("article", "item 1", True),
            ("cloudevent", "item 2", True),
        ]


def test_a_page_as_text_is_taken_for_one_and_says_that_its_guid_was_made() -> None:
    (one,) = found(a_page())
    assert (one.taken_as, one.has_made_guid) == (Taken.PAGE, True)
    (named,) = found(a_page(), Given(url="https://portal.example/17.html"))
    assert named.has_made_guid is False
    assert named.event
    assert named.event.guid == "https://portal.example/17.html"


def test_a_page_in_gb18030_is_read() -> None:
    (one,) = found(a_page().encode("gb18030"))
    assert one.event
    assert one.event.article
    assert one.event.article.title == TITLE


def test_a_simple_html_page_is_read() -> None:
    (one,) = found(HTML_PAGE)
    assert one.event, one.error
    article = one.event.article
    assert article
    assert (article.title, article.city, article.zone) == (TITLE, "无锡", "无锡锡北经济开发区")
    assert article.text == "\n\n".join(PARAGRAPHS)


@pytest.mark.parametrize("content", [b"", b" \n \n", b"\x00\x01\x02", b"\xff\xfe\xff", b"<html></html>", b"hello"])
def test_what_is_nothing_known_is_refused(content: bytes) -> None:
    (one,) = found(content)
    assert isinstance(one.error, NotAnArticle)


@pytest.mark.parametrize("content", [b"{", b'{"guid": "1"', b"[1, 2", b"{" * 100_000])
def test_broken_json_is_one_error(content: bytes) -> None:
    (one,) = found(content)
    assert one.error
    assert "not JSON" in one.error.what


def test_a_guid_and_an_address_from_outside_go_before_what_the_article_says() -> None:
    (one,) = found(line({"title": "题"}), Given("17", "https://portal.example/17"))
    assert one.event
    assert one.event.article
    assert (one.event.guid, one.event.article.url) == ("17", "https://portal.example/17")


@pytest.mark.parametrize(
    "content",
    [line(as_json(an_article())) * 2, line(an_event_json()), orjson.dumps([{}, {}])],
    ids=["lines", "event", "array"],
)
def test_a_guid_from_outside_is_for_one_article_only(content: bytes) -> None:
    with pytest.raises(WrongUsage, match="--guid"):
        found(content, Given(guid="17"))


def test_what_is_too_large_is_refused_and_the_next_line_is_read() -> None:
    large = line(as_json(an_article()) | {"text": "x" * EVENT_BYTES * 3})
    good = line(as_json(an_article()))
    first, second, third = found(good + large + good)
    assert (first.error, third.error) == (None, None)
    assert isinstance(second.error, TooLarge)
    assert third.place == "line 3"
    assert isinstance(found(large)[0].error, TooLarge)
    assert isinstance(found(b"x" * EVENT_BYTES * 9)[0].error, TooLarge)


def test_json_lines_are_read_one_at_a_time() -> None:
    class Endless(io.RawIOBase):
        """Would never be read to its end."""

        def __init__(self) -> None:
            self.lines: Iterator[bytes] = iter(lambda: line(as_json(an_article())), b"")

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece = next(self.lines)
            buffer[: len(piece)] = piece
            return len(piece)

    things = read_file(io.BufferedReader(Endless()), Given())
    assert [next(things).place for _ in range(3)] == ["line 1", "line 2", "line 3"]
