"""Plain text out of what senders write: control characters, entities, tags (rules.md, Intake)."""

import html
import re

from zonewire.articles.characters import NOT_TEXT

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")
_BLANK_LINES = re.compile(r"\n\s*\n")

# A tag as HTML writes one: "<b>", "</a>", '<img src="x"/>', a comment. "a < b" and "<3" are none. Possessive, so
# that a megabyte of "<a a a" takes no longer than a megabyte of text.
_TAG = re.compile(
    r"""</?[A-Za-z][A-Za-z0-9:-]*+(?:\s++[A-Za-z_:@][^\s"'<>/=]*+(?:\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'|[^\s"'=<>`]++))?+)*+\s*+/?>"""
    r"|<!--[^<>]*+>"
)


def is_clean(text: str) -> bool:
    """Whether *text* can be an id or an address: no control character in it."""
    return not _CONTROL.search(text)


def without_controls(text: str) -> str:
    """*text* with uniform line ends, and without what cannot stand in a document."""
    return NOT_TEXT.sub("", _LINE_END.sub("\n", text))


def one_line(text: str) -> str:
    """*text* on one line: a name, a byline."""
    return " ".join(without_controls(text).split())


def title_text(markup: str) -> str:
    """A title or summary as plain text on one line: tags dropped, their text kept, entities decoded once."""
    return one_line(html.unescape(_TAG.sub("", markup)))


def paragraphs_of(text: str) -> list[str]:
    """The paragraphs of *text*: parted by blank lines, or, where there is none, by line ends."""
    clean = without_controls(text).strip()
    parts = _BLANK_LINES.split(clean) if _BLANK_LINES.search(clean) else clean.split("\n")
    trimmed = ("\n".join(line.strip() for line in part.split("\n")).strip() for part in parts)
    return [part for part in trimmed if part]


def html_of(paragraphs: list[str]) -> str:
    """Paragraphs as HTML, their text escaped."""
    return "".join(f"<p>{html.escape(part, quote=False).replace(chr(10), '<br>')}</p>" for part in paragraphs)
