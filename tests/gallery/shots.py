"""Screenshots of every page, mail and chat: in both languages, on a phone and on a desktop, by day and by night."""

import email.policy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from tests.chromium import Stage
from tests.gallery.chats import Chat
from tests.gallery.mails import Mail, html_of
from tests.gallery.newsroom import Newsroom
from tests.gallery.pages import Page
from zonewire.rendering.translation import LOCALES

WIDTHS = (375, 1200)
TALLEST = 4_000  # pixels: below stands more of the same


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what it shows is said below it."""

    file: str
    width: int
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One page, mail or chat in one state and language, in all its looks."""

    kind: str  # page, mail, chat
    name: str
    state: str
    locale: str
    shots: tuple[Shot, ...]
    subject: str = ""  # of a mail
    text: str = ""  # its plain part


def photograph(
    room: Newsroom,
    stage: Stage,
    folder: Path,
    *,
    pages: Sequence[Page] = (),
    mails: Sequence[Mail] = (),
    chats: Sequence[Chat] = (),
) -> Iterator[Shown]:
    """Each of *pages*, *mails* and *chats* in turn, its pictures written into *folder*."""
    opened: list[tuple[str, Page | Chat]] = [("page", page) for page in pages]
    for n, (kind, page) in enumerate(opened + [("chat", chat) for chat in chats]):
        for locale in LOCALES:
            answer = page.open(room, locale)
            stage.show(answer.url, answer.text, headers=answer.headers)
            shots = tuple(_looks(stage, folder, f"{kind}-{n:02}-{locale}"))
            yield Shown(kind=kind, name=page.name, state=page.state, locale=locale, shots=shots)
    for n, mail in enumerate(mails):
        for locale in LOCALES:
            yield _mail(stage, folder, mail, mail.sent(room, locale), locale=locale, stem=f"mail-{n:02}-{locale}")


def _mail(stage: Stage, folder: Path, mail: Mail, sent: bytes, *, locale: str, stem: str) -> Shown:
    html = html_of(sent)
    stage.show("https://mail.example/", html)
    shots = [*_looks(stage, folder, stem)]
    if "<img" in html:
        stage.show("https://mail.example/", html, pictures=False)
        shots.append(_shot(stage, folder, f"{stem}-bare", width=WIDTHS[0], caption="375 px, pictures off"))
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(sent)
    plain = message.get_body(("plain",))
    return Shown(
        kind="mail",
        name=mail.name,
        state=mail.state,
        locale=locale,
        shots=tuple(shots),
        subject=str(message["Subject"]),
        text=str(plain.get_content()) if plain else "",
    )


def _looks(stage: Stage, folder: Path, stem: str) -> Iterator[Shot]:
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            name = f"{stem}-{width}-{scheme}"
            yield _shot(stage, folder, name, width=width, dark=scheme == "dark", caption=f"{width} px, {scheme}")


def _shot(stage: Stage, folder: Path, name: str, *, width: int, caption: str, dark: bool = False) -> Shot:
    stage.look(width=width, dark=dark)
    stage.photograph(folder / f"{name}.png", tallest=TALLEST)
    return Shot(f"{name}.png", width, caption)
