"""What stands under a title: the summary that the sender wrote, else the first sentences of the text."""

from collections.abc import Iterator
from itertools import takewhile

from zonewire.articles.datelines import is_byline, without_dateline
from zonewire.articles.model import Article
from zonewire.articles.sentences import clause_ends, has_sentence, sentence_ends
from zonewire.articles.shortening import COLUMNS, LOOKED_AT, columns, one_line, shorten

MOST = 120  # full-width characters; a Chinese line on a phone has about twenty
LEAST = 20  # characters; a shorter summary says nothing that the title does not
BEGINNING = 8_000  # characters of a text in which its first sentence is looked for

_PUNCTUATION = " 。！？.!?…，,；;：:"


def excerpt(article: Article, *, most: int = MOST) -> str:
    """Whole sentences, as many as *most* full-width characters hold (two columns each, see `shorten`); may be "".

    The sender's summary where it says more than the title. Else the first paragraph of the text that is no heading
    and no byline, without its dateline. A first sentence that is too long is cut at a semicolon, else marked with ….
    """
    title, summary = one_line(article.title), one_line(article.summary[:BEGINNING])
    if _is_said_by(title, summary):
        summary = ""
    if len(summary) >= LEAST and not _is_said_first(title, summary):
        return summary if _has_room(summary, most) else _sentences(summary, most)
    body = next(filter(has_sentence, _paragraphs(title, article.text)), "")
    return _sentences(body or summary or next(_paragraphs(title, article.text), ""), most)


def _paragraphs(title: str, text: str) -> Iterator[str]:
    """What *text* says besides its title and who reports."""
    for part in text[:BEGINNING].split("\n\n"):
        paragraph = without_dateline(one_line(part))
        if not _is_said_by(title, paragraph) and not is_byline(paragraph):
            yield paragraph


def _is_said_by(title: str, text: str) -> bool:
    """Whether *text* is the title, or its beginning."""
    return title.startswith(text.rstrip(_PUNCTUATION))


def _is_said_first(title: str, text: str) -> bool:
    """Whether *text* says the title before it says more: "某园开工：…", but not "某园开工建设…"."""
    return bool(title) and text.startswith(title) and not text[len(title) : len(title) + 1].isalnum()


def _has_room(text: str, most: int) -> bool:
    return columns(text) <= most * COLUMNS


def _sentences(text: str, most: int) -> str:
    """The first sentences of *text* that have room; where there is none of LEAST characters, its beginning."""
    beginning = text[: most * LOOKED_AT]
    if taken := _last_with_room(text, sentence_ends(beginning), most):
        return text[:taken]
    if not _has_room(beginning, most) and (taken := _last_with_room(text, clause_ends(beginning), most - 1)):
        return f"{text[:taken]}…"
    return shorten(text, most)


def _last_with_room(text: str, ends: Iterator[int], most: int) -> int:
    """The last of *ends* up to which *text* has room; 0 where that is less than LEAST characters."""
    taken = max(takewhile(lambda end: _has_room(text[:end], most), ends), default=0)
    return taken if taken >= LEAST else 0
