"""A mail server (RFC 5321) on one port, and the moods that it can be in. Lives in the event loop of the doors.

It *has* a mail once the final dot was read, whether or not that is answered.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from workers.drill.doors import TRIES, TRY_EVERY_S

BREAKS_OFF_AT = 2_000
"""Bytes of a mail that are read before the connection is cut in its midst."""
GREETING = b"220 drill ESMTP\r\n"
HELLO = b"250-drill\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
FINE, GO_AHEAD, BYE, UNKNOWN = b"250 2.0.0 fine\r\n", b"354 go ahead\r\n", b"221 2.0.0 bye\r\n", b"500 5.5.1 what?\r\n"
END = b"\r\n.\r\n"


class MailMood(StrEnum):
    """How it takes mails."""

    OPEN = "open"
    REFUSES = "refuses connections"
    BREAKS_OFF = "breaks off in the middle of a mail"
    LOSES_ANSWER = "takes a mail and hangs up without an answer"


@dataclass(slots=True)
class Mailbox:
    """One port. *take* is told of each mail that is taken: its recipient and the message."""

    port: int
    take: Callable[[str, bytes], None] = lambda _to, _message: None
    mood: MailMood = MailMood.OPEN
    _server: asyncio.Server | None = None
    _sessions: "set[_Session]" = field(default_factory=set)

    async def open(self) -> None:
        """Listen. Raises OSError where the port does not come free."""
        loop = asyncio.get_running_loop()
        for nth in range(TRIES):
            try:
                self._server = await loop.create_server(lambda: _Session(self), "127.0.0.1", self.port)
                break
            except OSError:
                if nth == TRIES - 1:
                    raise
                await asyncio.sleep(TRY_EVERY_S)

    async def be(self, mood: MailMood) -> None:
        """Be in *mood* from now on."""
        before, self.mood = self.mood, mood
        if mood is MailMood.REFUSES:
            self.close()
            for session in list(self._sessions):
                session.abort()
        elif before is MailMood.REFUSES:
            await self.open()

    def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def opened(self, session: "_Session") -> None:
        """Somebody has come."""
        self._sessions.add(session)

    def closed(self, session: "_Session") -> None:
        """Somebody has gone."""
        self._sessions.discard(session)


class _Session(asyncio.Protocol):
    """One connection: commands, and mails of one recipient."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._unread = bytearray()
        self._recipient = ""
        self._in_data = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # a stream's, as create_server gives
        self._transport = transport
        self._mailbox.opened(self)
        transport.write(GREETING)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._mailbox.closed(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while not self._transport.is_closing() and (self._mail_ended() if self._in_data else self._command_ended()):
            pass

    def _command_ended(self) -> bool:
        """Answer the next command; whether there was a whole one."""
        line, end, rest = bytes(self._unread).partition(b"\r\n")
        if not end:
            return False
        self._unread = bytearray(rest)
        verb, words = line[:4].upper(), line.decode("latin-1")
        if verb == b"RCPT":
            self._recipient = words.partition("<")[2].partition(">")[0]
        self._in_data = verb == b"DATA"
        answers = {b"EHLO": HELLO, b"DATA": GO_AHEAD, b"QUIT": BYE}
        known = verb in {b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"}
        self._transport.write(answers.get(verb, FINE if known else UNKNOWN))
        if verb == b"QUIT":
            self._transport.close()
        return True

    def _mail_ended(self) -> bool:
        """Take the mail, if its final dot has come; whether it has."""
        mood = self._mailbox.mood
        if mood is MailMood.BREAKS_OFF and len(self._unread) > BREAKS_OFF_AT:
            self.abort()
            return False
        content, end, rest = bytes(self._unread).partition(END)
        if not end:
            return False
        self._unread, self._in_data = bytearray(rest), False
        self._mailbox.take(self._recipient, content.replace(b"\r\n..", b"\r\n.") + b"\r\n")
        if mood is MailMood.LOSES_ANSWER:
            self.abort()
        else:
            self._transport.write(FINE)
        return True

    def abort(self) -> None:
        """Hang up at once."""
        self._transport.abort()
