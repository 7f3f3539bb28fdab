"""The lines of an article that is told in full."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from zonewire.articles.shortening import one_line, shorten
from zonewire.digests.split import Told
from zonewire.digests.wechat.figures import is_picture
from zonewire.digests.wechat.reading import CAPTION, Line, Text, read


def lines_of(told: Told, *, accent: str) -> Text:
    """What *told* says, without its title; its picture first where the text has none. *accent* colours numbers."""
    article = told.article
    is_chinese = article.language[:2].lower() == "zh"
    if article.html:
        text = read(article.html, own=told.story.url, is_chinese=is_chinese, accent=accent)
    else:
        text = Text(tuple(Line(kind="text", html=_paragraph(one)) for one in article.text.split("\n\n") if one.strip()))
    lines = text.lines
    if lines and lines[0].html == escape(one_line(article.title)):
        lines = lines[1:]
    if is_picture(told.story.any_picture) and not pictures_of(lines):
        caption = escape(shorten(told.story.picture_alt, CAPTION))
        lines = (Line(kind="picture", html=caption, picture=told.story.any_picture), *lines)
    return replace(text, lines=lines)


def pictures_of(lines: Sequence[Line]) -> tuple[str, ...]:
    """The addresses of the pictures in *lines*, each once."""
    return tuple(dict.fromkeys(line.picture for line in lines if line.picture))


def _paragraph(text: str) -> str:
    return escape(text.strip(" \u3000\n")).replace("\n", "<br>")
