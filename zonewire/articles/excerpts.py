"""What stands under a title: the summary that the sender wrote, else the first sentences of the text."""

import re

from zonewire.articles.model import Article

MOST = 120  # characters; a Chinese line on a phone has about twenty
LEAST = 20  # a shorter summary says nothing that the title does not

# A sentence ends behind 。！？ and what closes it; in Latin text behind . ! ? before a blank.
_SENTENCE_END = re.compile(r"[。！？!?]+[”’）》」』]*|\.(?=\s)")
# "本报讯（记者 李明）" and the like say who reports, not what happened.
_DATELINE = re.compile(r"^\s*(?:本报讯|本网讯|讯)\s*(?:[（(][^）)]{0,30}[）)])?[：:，,\s]*")
_TAIL = re.compile(r"[\s，、；：,;:（(《“‘]+$")


def excerpt(article: Article, *, most: int = MOST) -> str:
    """One to three sentences, at most *most* characters, cut at a sentence's end where there is one; may be ""."""
    summary = _one_line(article.summary)
    if len(summary) >= LEAST and not article.title.startswith(summary):
        return shorten(summary, most) if len(summary) > most else summary
    paragraphs = [_one_line(part) for part in article.text.split("\n\n")]
    # A subhead has no full stop.
    body = next((part for part in paragraphs if _SENTENCE_END.search(f"{part} ")), summary or paragraphs[0])
    return _sentences(_DATELINE.sub("", body), most)


def shorten(text: str, most: int) -> str:
    """*text*, cut at a code point and marked with … where it has more than *most* characters."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    if cut.isascii() and " " in cut:
        cut = cut.rsplit(" ", 1)[0]
    return f"{_TAIL.sub('', cut)}…"


def _sentences(text: str, most: int) -> str:
    taken = 0
    for end in _SENTENCE_END.finditer(text):
        if end.end() > most:
            break
        taken = end.end()
    return text[:taken].strip() if taken >= LEAST else shorten(text, most)


def _one_line(text: str) -> str:
    return " ".join(text.split())
