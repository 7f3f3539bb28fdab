"""Marks within a line: what WeCom, DingTalk, Feishu and Slack make of them, as far as our messages use them.

What they escape differs, see `tests/simulators/markdown.py`: WeCom nothing, DingTalk and Feishu show entities as their
characters, Slack three of them. A bare address becomes a link in all of them.
"""

import html
import re
from collections.abc import Iterator

from workers.chats.pieces import Run, link

TONES = {
    "info": "ok",
    "comment": "quiet",
    "warning": "warn",
    "red": "seal",
    "green": "ok",
    "grey": "quiet",
    "#b3261e": "seal",
    "#55615b": "quiet",
}
"""The colours that our messages name, and those of the platforms' own words, as ours."""

_MARKDOWN = re.compile(
    r"\[(?P<label>[^\[\]\n]+)\]\((?P<url>[^()\s]+)\)"
    r"|\*\*(?P<strong>[^\n]+?)\*\*"
    r"|<font\s+color=[\"']?(?P<colour>[#\w]+)[\"']?>(?P<coloured>.*?)</font>"
    r"|<at\s[^<>]*?(?:id|ids|email)=[\"']?(?P<whom>[^\"'<>\s/]+)[\"']?\s*/?>(?:[^<]*</at>)?"
    r"|<@(?P<member>[^<>\s]+)>"
    r"|`(?P<code>[^`\n]+)`",
    re.DOTALL,
)
_MRKDWN = re.compile(
    r"<(?P<url>[a-z][a-z0-9+.-]*:[^|<>\s]+)(?:\|(?P<label>[^<>]*))?>"
    r"|<[@!](?P<whom>[^|<>\s]+)(?:\|[^<>]*)?>"
    r"|(?<![\w*])\*(?P<strong>(?:<[^<>\n]*>|[^*\n])+)\*(?![\w*])"
    r"|(?<![\w_])_(?P<em>[^_\n]+)_(?![\w_])"
    r"|~(?P<struck>[^~\n]+)~"
    r"|`(?P<code>[^`\n]+)`"
)
_BARE = re.compile(r"https?://[^\s<>\"'|()（）《》“”，。；：！？、\u200b\u3000]+")
_SLACK_ENTITY = re.compile(r"&(?:lt|gt|amp);")


def markdown(text: str, *, entities: bool) -> tuple[Run, ...]:
    """The runs of *text* in the Markdown of WeCom, or with *entities* of DingTalk and Feishu."""
    return tuple(_markdown(text, Run(text=""), entities=entities))


def mrkdwn(text: str, *, verbatim: bool = False) -> tuple[Run, ...]:
    """The runs of *text* in Slack's own marks; *verbatim*: bare addresses stay text."""
    return tuple(_mrkdwn(text, "", verbatim=verbatim))


def addresses(text: str, *, look: str = "", tone: str = "") -> Iterator[Run]:
    """*text* without marks, in which bare addresses are links."""
    end = 0
    for found in _BARE.finditer(text):
        if found.start() > end:
            yield Run(text=text[end : found.start()], look=look, tone=tone)
        yield Run(text=found[0], url=link(found[0]), look=look)
        end = found.end()
    if end < len(text):
        yield Run(text=text[end:], look=look, tone=tone)


def _markdown(text: str, around: Run, *, entities: bool) -> Iterator[Run]:
    """The runs of *text*, which stands in the look and tone of *around*."""
    end = 0
    for found in _MARKDOWN.finditer(text):
        yield from _leaf(text[end : found.start()], around, entities=entities)
        yield from _mark(found, around, entities=entities)
        end = found.end()
    yield from _leaf(text[end:], around, entities=entities)


def _mark(found: re.Match[str], around: Run, *, entities: bool) -> Iterator[Run]:
    look, tone = around.look, around.tone
    if found["url"]:
        label = html.unescape(found["label"]) if entities else found["label"]
        yield Run(text=label, url=link(found["url"]), look=look, tone=tone)
    elif found["strong"]:
        yield from _markdown(found["strong"], Run(text="", look="strong", tone=tone), entities=entities)
    elif found["code"]:
        yield Run(text=found["code"], look="code", tone=tone)
    elif whom := found["whom"] or found["member"]:
        yield _mention(whom)
    elif found["coloured"]:
        inner = TONES.get(found["colour"].lower(), tone)
        yield from _markdown(found["coloured"], Run(text="", look=look, tone=inner), entities=entities)


def _leaf(text: str, around: Run, *, entities: bool) -> Iterator[Run]:
    return addresses(html.unescape(text) if entities else text, look=around.look, tone=around.tone)


def _mrkdwn(text: str, look: str, *, verbatim: bool) -> Iterator[Run]:
    end = 0
    for found in _MRKDWN.finditer(text):
        yield from _slack_leaf(text[end : found.start()], look, verbatim=verbatim)
        yield from _slack_mark(found, look, verbatim=verbatim)
        end = found.end()
    yield from _slack_leaf(text[end:], look, verbatim=verbatim)


def _slack_mark(found: re.Match[str], around: str, *, verbatim: bool) -> Iterator[Run]:
    if found["url"]:
        url = slack_text(found["url"])
        yield Run(text=slack_text(found["label"] or found["url"]), url=link(url), look=around)
        return
    if found["whom"]:
        yield _mention(found["whom"])
        return
    look = next(name for name in ("strong", "em", "struck", "code") if found[name] is not None)
    if look == "code":
        yield Run(text=slack_text(found[look]), look=look)
    else:
        yield from _mrkdwn(found[look], look, verbatim=verbatim)


def _mention(whom: str) -> Run:
    """Somebody is rung for, which no message of ours does: let it be seen."""
    return Run(text=f"@{whom}", tone="link")


def _slack_leaf(text: str, look: str, *, verbatim: bool) -> Iterator[Run]:
    if text and verbatim:
        yield Run(text=slack_text(text), look=look)
    elif text:
        yield from addresses(slack_text(text), look=look)


def slack_text(text: str) -> str:
    """Plain text of Slack's as a reader sees it."""
    return _SLACK_ENTITY.sub(lambda found: html.unescape(found[0]), text)
