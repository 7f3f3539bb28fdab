"""An SMTP server with faults to choose from (aiosmtpd): refuses, closes, hangs, is slow."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.ports import free_port


@dataclass(frozen=True, slots=True)
class Mail:
    """What arrived, and over which connection."""

    sender: str
    recipient: str
    content: bytes
    connection: int


@dataclass  # without slots: Python before 3.11.3 cannot list the attributes of such a class, as aiosmtpd does
class SmtpServer:
    """Its knobs may be turned while it runs."""

    port: int
    refused: dict[str, str] = field(default_factory=dict)  # recipient: the reply to RCPT
    sender_reply: str = ""  # to every MAIL
    final_reply: str = ""  # to the final dot
    hangs_for: set[str] = field(default_factory=set)  # recipients whose mail is taken and never answered
    drops_for: set[str] = field(default_factory=set)  # recipients whose mail is taken, then the connection closed
    slow_s: float = 0.0  # before each final reply
    mails: list[Mail] = field(default_factory=list)
    connections: int = 0
    logins: list[str] = field(default_factory=list)
    password: str | None = None  # asked for, if set
    let_go: threading.Event = field(default_factory=threading.Event)
    sessions: list[Any] = field(default_factory=list)
    loop: Any = None
    _numbers: dict[int, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """For ZONEWIRE_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """Drop every connection without a word."""
        for server in self.sessions:
            self.loop.call_soon_threadsafe(server.transport.abort)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if id(session) not in self._numbers:
            self.connections += 1
            self.sessions.append(server)
            self.loop = server.loop
            self._numbers[id(session)] = self.connections
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.sender_reply:
            return self.sender_reply
        envelope.mail_from = address
        return "250 2.1.0 sender"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        recipient = envelope.rcpt_tos[0]
        content = envelope.original_content or b""
        self.mails.append(Mail(envelope.mail_from or "", recipient, content, self._numbers[id(session)]))
        if recipient in self.drops_for:
            cast("asyncio.Transport", server.transport).abort()
            return "421 never read"
        if recipient in self.hangs_for:
            await asyncio.to_thread(self.let_go.wait)
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        return self.final_reply or "250 2.0.0 kept"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, auth: Any) -> AuthResult:
        """Whoever knows the password is let in."""
        del mechanism
        assert isinstance(auth, LoginPassword)
        self.logins.append(auth.login.decode())
        return AuthResult(success=auth.password.decode() == self.password, handled=False)


@contextlib.contextmanager
def running_smtp(
    *, password: str | None = None, tls_context: Any = None, implicit: bool = False, port: int | None = None
) -> Iterator[SmtpServer]:
    """A server for as long as the block lasts; with a *tls_context* it wants STARTTLS, or TLS at once (*implicit*)."""
    server = SmtpServer(port or free_port(), password=password)
    options: dict[str, Any] = {"auth_require_tls": False, "authenticator": server.authenticate} if password else {}
    if implicit:
        options |= {"ssl_context": tls_context}
    elif tls_context is not None:
        options |= {"tls_context": tls_context, "require_starttls": True}
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port, auth_required=password is not None, **options
    )
    controller.start()
    try:
        yield server
    finally:
        server.let_go.set()
        controller.stop()
