"""Where everybody receives: the doors and the mail server, in one thread; what comes is read and put on the board.

Robots stand at gentle doors: what a chat got cannot be told from a repetition, so after a second try without an answer
Zonewire gives a card up, as docs/operators/channels.md says. A gentle door lets no card come to that.
"""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from workers.drill.audience import CALLBACKS, HOOK_DOORS, HTTP_DOORS, HUB_DOOR, ROBOT_DOORS, Receiver
from workers.drill.board import Board, Document, Receipt
from workers.drill.doors import Answer, Asked, Door, Mood
from workers.drill.installation import InstallationFailed
from workers.drill.mailbox import Mailbox, MailMood
from workers.drill.reading import read_card, read_mail, read_webhook

WAIT_S = 30.0
ROBOT = re.compile(r"drill-robot-\d{4}")
NOT_FOUND = Answer(404)
TAKEN = {
    "wecom": Answer(200, "application/json", b'{"errcode":0,"errmsg":"ok"}'),
    "dingtalk": Answer(200, "application/json", b'{"errcode":0,"errmsg":"ok"}'),
    "feishu": Answer(200, "application/json", b'{"code":0,"msg":"success","data":{}}'),
    "slack": Answer(200, "text/plain", b"ok"),
}
"""What each platform answers when it has taken a message."""


@dataclass(slots=True)
class Stand:
    """All receivers, for as long as the block of `standing` lasts."""

    board: Board
    doors: dict[str, Door]
    mailbox: Mailbox
    odd: list[str] = field(default_factory=list)  # what came and nobody could read
    trouble: OSError | None = None  # why it could not listen
    _at: dict[str, Receiver] = field(default_factory=dict)  # by path, robot's key or mail address
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def welcome(self, receivers: Iterable[Receiver]) -> None:
        """Expect *receivers* from now on."""
        for one in receivers:
            self._at[_place_of(one.to) if one.channel != "email" else one.to] = one

    def be(self, door: str, mood: Mood) -> None:
        """Put a door into *mood*. From any thread but the receivers' own."""
        self._run(self.doors[door].be(mood))

    def take_mails(self, mood: MailMood) -> None:
        """Put the mail server into *mood*. The same."""
        self._run(self.mailbox.be(mood))

    def open_all(self) -> None:
        """Everything works again."""
        for door in self.doors.values():
            self.be(door.name, Mood.OPEN)
        self.take_mails(MailMood.OPEN)

    def callbacks(self) -> list[str]:
        """The addresses at which documents of the hub are taken."""
        return [f"http://127.0.0.1:{self.doors[HUB_DOOR].port}/callbacks/{n + 1}" for n in range(CALLBACKS)]

    def _run(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(WAIT_S)

    def live(self, opened: threading.Event) -> None:
        """The thread's whole life."""
        asyncio.set_event_loop(self._loop)
        all_of_them: list[Door | Mailbox] = [*self.doors.values(), self.mailbox]
        try:
            for one in all_of_them:
                self._loop.run_until_complete(one.open())
        except OSError as error:
            self.trouble = error
        opened.set()
        self._loop.run_forever()
        for one in all_of_them:
            one.close()
        self._loop.close()

    def stop(self) -> None:
        """Let the thread end."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    # -- what comes --

    def take_hook(self, asked: Asked) -> Answer:
        """A webhook."""
        receiver = self._at.get(urlsplit(asked.target).path)
        if receiver is None:
            return NOT_FOUND
        self._take(receiver, lambda: [read_webhook(receiver, asked.headers, asked.body)])
        return Answer()

    def take_card(self, asked: Asked) -> Answer:
        """A robot's message."""
        receiver = self._at.get(_place_of(asked.target))
        if receiver is None:
            return NOT_FOUND
        self._take(receiver, lambda: read_card(receiver, asked.body))
        return TAKEN[receiver.channel]

    def take_notice(self, asked: Asked) -> Answer:
        """A document of the hub, or its question whether that was meant."""
        parts = urlsplit(asked.target)
        if asked.method == "GET":
            challenge = parse_qs(parts.query).get("hub.challenge", [""])[0]
            return Answer(200, "text/plain", challenge.encode())
        name = f"callback {parts.path.rpartition('/')[2]}"
        self.board.take_document(Document(name, asked.body, time.monotonic()), HUB_DOOR)
        return Answer()

    def take_mail(self, recipient: str, message: bytes) -> None:
        """A mail."""
        receiver = self._at.get(recipient)
        if receiver is None:
            self.odd.append(f"a mail to {recipient}")
            return
        self._take(receiver, lambda: read_mail(receiver, message))

    def _take(self, receiver: Receiver, read: "Callable[[], list[Receipt]]") -> None:
        try:
            receipts = read()
        except (ValueError, KeyError, TypeError) as error:
            self.odd.append(f"{receiver.name}: {error!r}")
            return
        if not receipts:
            self.odd.append(f"{receiver.name}: something that names no article of ours")
        self.board.take(receipts)


def _place_of(to: str) -> str:
    """What a request is told apart by: the key of a robot, wherever its platform has it, or the path."""
    found = ROBOT.search(to)
    return found[0] if found else urlsplit(to).path


@contextlib.contextmanager
def standing(board: Board, ports: Mapping[str, int], *, mail_port: int) -> Iterator[Stand]:
    """Receivers on *ports* (by door), all open, for as long as the block lasts. Raises InstallationFailed."""
    stand = Stand(board, {}, Mailbox(mail_port))
    stand.mailbox.take = stand.take_mail
    takers = dict.fromkeys(HOOK_DOORS, stand.take_hook) | dict.fromkeys(ROBOT_DOORS, stand.take_card)
    takers[HUB_DOOR] = stand.take_notice
    for name in HTTP_DOORS:
        stand.doors[name] = Door(name, ports[name], takers[name], is_gentle=name in ROBOT_DOORS)
    opened = threading.Event()
    thread = threading.Thread(target=stand.live, args=(opened,), name="receivers", daemon=True)
    thread.start()
    try:
        if not opened.wait(WAIT_S) or stand.trouble:
            raise InstallationFailed(f"the receivers did not start: {stand.trouble or 'they took too long'}")
        yield stand
    finally:
        stand.stop()
        thread.join(WAIT_S)
