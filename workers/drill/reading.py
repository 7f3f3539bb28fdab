"""Reads what receivers got, in whatever form it comes: which article, which version, and is it a withdrawal.

Every title of the drill says which text it is (newsroom.TITLE); what marks a withdrawal is in the words of the channel.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import orjson

from workers.drill.audience import Receiver
from workers.drill.board import Receipt
from workers.drill.newsroom import SITE, TITLE
from zonewire.keys import SigningKey, verify
from zonewire.rendering.translation import words

LOCALE = "zh-CN"  # what subscriptions have that say nothing else
FOOT = "--------"
MARK_CHARS = 3
"""Of the word for a withdrawal and its colon, as a list has it before a title."""

_COLOURS = re.compile(r"</?font[^>]*>")


@dataclass(frozen=True, slots=True)
class Text:
    """A title that was found: the article's number, and the version whose text it is."""

    number: int
    version: int
    withdrawn: bool = False


def read_webhook(receiver: Receiver, headers: Mapping[str, str], body: bytes) -> Receipt:
    """A push as Standard Webhooks has it. Raises ValueError, KeyError for what is none."""
    push = orjson.loads(body)
    data = push["data"]
    ident, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    number = int(data["guid"].removeprefix(f"{SITE}/news/"))
    found = next(iter(texts_in(" ".join(str(data.get(name, "")) for name in ("title", "text")))), Text(-1, -1))
    return Receipt(
        receiver=receiver.name,
        door=receiver.door,
        number=number,
        version=data["version"],
        text_version=found.version if found.number == number else -1,
        withdrawn=push["type"] == "article.withdrawn",
        ident=ident,
        is_signed=verify([SigningKey.of(receiver.secret)], ident, stamp, body, signatures=signatures),
    )


def read_card(receiver: Receiver, body: bytes) -> list[Receipt]:
    """What a robot wrote: one article, or several that came together."""
    said = "\n".join(_strings(orjson.loads(body)))
    found = _marked(said)
    is_alone = len({text.number for text in found}) == 1
    return [_receipt(receiver, text, withdrawn=_says_withdrawn(said) if is_alone else text.withdrawn) for text in found]


def read_mail(receiver: Receiver, message: bytes) -> list[Receipt]:
    """A mail: news as it happens, or a digest."""
    mail = message_from_bytes(message, policy=SMTP)
    assert isinstance(mail, EmailMessage)  # noqa: S101  # what this policy makes
    part = mail.get_body(("plain",))
    text = part.get_content().replace("\r\n", "\n") if part else ""
    ident = str(mail["Message-ID"]).strip("<> ").partition("@")[0]
    if receiver.cadence != "instant":
        return _digest(receiver, text.partition(FOOT)[0], ident)
    subject = str(mail["Subject"])
    found = list(dict.fromkeys(texts_in(f"{subject}\n{text.partition(FOOT)[0]}")))
    return [_receipt(receiver, one, ident=ident, withdrawn=_says_withdrawn(subject)) for one in found]


def _digest(receiver: Receiver, text: str, ident: str) -> list[Receipt]:
    """Stories, and behind the heading of corrections what has become of earlier ones."""
    t = words(LOCALE)
    stories, _, corrections = text.partition(f"▍{t('digest.corrections')}\n")
    found = [_receipt(receiver, one, ident=ident) for one in dict.fromkeys(texts_in(stories))]
    gone = t("digest.withdrawn")
    for line in corrections.splitlines():
        for one in texts_in(line):
            withdrawn = line.rstrip().endswith(f"（{gone}）")
            found.append(_receipt(receiver, one, ident=ident, withdrawn=withdrawn, is_correction=True))
    return found


def texts_in(said: str) -> list[Text]:
    """The titles in *said*, in their order, each as often as it is there."""
    return [Text(int(number), int(version)) for number, version in TITLE.findall(said)]


def _marked(said: str) -> list[Text]:
    """The titles in *said*, each once, with whether the word for a withdrawal stands right before it."""
    plain = _COLOURS.sub("", said)
    found: dict[tuple[int, int], Text] = {}
    for match in TITLE.finditer(plain):
        mark = plain[: match.start()].rstrip("[*|< ")[-MARK_CHARS:]
        text = Text(int(match[1]), int(match[2]), _says_withdrawn(mark))
        if text.withdrawn or (text.number, text.version) not in found:
            found[text.number, text.version] = text
    return list(found.values())


def _says_withdrawn(said: str) -> bool:
    return words(LOCALE)("robots.withdrawn") in said


def _strings(thing: Any) -> Iterator[str]:
    """Every text in a JSON value, in its order."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, list | dict):
        for one in thing.values() if isinstance(thing, dict) else thing:
            yield from _strings(one)


def _receipt(
    receiver: Receiver, text: Text, *, ident: str = "", withdrawn: bool = False, is_correction: bool = False
) -> Receipt:
    """A withdrawal is the version after the one whose title it names."""
    return Receipt(
        receiver=receiver.name,
        door=receiver.door,
        number=text.number,
        version=text.version + withdrawn,
        text_version=text.version,
        withdrawn=withdrawn,
        ident=ident,
        is_correction=is_correction,
    )
