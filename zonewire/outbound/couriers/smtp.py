"""The SMTP courier: a handful of connections to one relay, kept from mail to mail (RFC 5321, 3207, 4954, 8314).

The interface is final; inside stands smtplib, one connection a thread. What the relay said decides and is told with
the command that it answered; a connection that breaks after the final dot, and before its reply, is told as lost:
the relay may have the mail.
"""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import structlog

from zonewire.errors import SettingWrong
from zonewire.outbound.courier import ANSWER_BYTES, MailRequest, Reply
from zonewire.outbound.couriers.mail import MailCourier
from zonewire.telemetry import masked

log = structlog.get_logger()

CONNECTIONS = 8
CLOSING = 421  # RFC 5321 §3.8: may come at any moment; the channel is closed
GO_AHEAD = 354
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
AWAY_S = 5.0
"""After a failure to connect or to log in, mails are handed back untried for so long: no login is hammered."""

_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. RFC 5321 §4.5.3.2 asks for these at least; who hangs up early at the final dot makes duplicates."""

    connect: float = 30.0
    command: float = 300.0
    final_dot: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """The server that takes our mail."""

    host: str
    port: int
    tls: str  # smtp: none; smtp+starttls; smtps
    user: str = ""
    password: str = field(default="", repr=False)
    timeouts: Timeouts = Timeouts()

    @classmethod
    def of(cls, url: str, *, timeouts: Timeouts | None = None) -> "Relay":
        """The relay of SMTP_URL. Raises SettingWrong."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in PORTS or not parts.hostname or port == -1:
            raise SettingWrong(
                "must be smtp://, smtp+starttls:// or smtps://, a host, and a port where it is not the usual one",
                where="ZONEWIRE_SMTP_URL",
            )
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            tls=parts.scheme,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            timeouts=timeouts or Timeouts(),
        )


class _Refused(Exception):
    """The relay, or the way to it, failed before a mail was named."""

    def __init__(self, command: str, error: str) -> None:
        super().__init__(error)
        self.command = command


class _Away:
    """Shared by the connections of a relay: until when nobody tries to reach it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until = 0.0
        self._why = ""

    def now(self) -> str:
        """Why nobody should try now, or ""."""
        with self._lock:
            return self._why if self._clock() < self._until else ""

    def failed(self, why: str) -> None:
        """Somebody could not get through."""
        with self._lock:
            self._until, self._why = self._clock() + AWAY_S, why


class Line:
    """One connection to the relay."""

    def __init__(self, relay: Relay, away: _Away | None = None) -> None:
        self._relay = relay
        self._away = away or _Away()
        self._smtp: smtplib.SMTP | None = None

    def carry(self, request: MailRequest, content: bytes) -> Reply:
        """One transaction. A connection that the relay dropped while it was idle is opened again, once."""
        started = time.monotonic()
        was_open = self._smtp is not None
        if not was_open and (why := self._away.now()):
            return Reply(unsent=True, error=why)
        reply = self._transaction(request, content)
        if was_open and self._smtp is None and _died_before_the_mail(reply):
            reply = self._transaction(request, content)
        return _timed(reply, started)

    def rest(self) -> None:
        """Say goodbye."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                smtp.quit()

    def _transaction(self, request: MailRequest, content: bytes) -> Reply:
        command, dotted = "connect", False
        try:
            smtp = self._opened()
            size = (f"SIZE={len(content)}",) if smtp.has_extn("size") else ()
            command = "mail"
            code, text = smtp.mail(request.sender, size)
            if code != 250:
                return self._refused(smtp, command, code, text)
            command = "rcpt"
            code, text = smtp.rcpt(request.recipient)
            if code not in {250, 251}:
                return self._refused(smtp, command, code, text)
            command = "data"
            code, text = smtp.docmd("DATA")
            if code != GO_AHEAD:
                return self._refused(smtp, command, code, text)
            smtp.send(_stuffed(content))
            dotted = True
            _wait_at_most(smtp, self._relay.timeouts.final_dot)
            code, text = smtp.getreply()
            _wait_at_most(smtp, self._relay.timeouts.command)
        except _Refused as refusal:
            return Reply(error=str(refusal), command=refusal.command)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return Reply(error=_in_words(error), lost=dotted, command=command)
        if code == CLOSING:
            self._drop()
        return _told(command, code, text)

    def _refused(self, smtp: smtplib.SMTP, command: str, code: int, text: bytes) -> Reply:
        """The reply that ended a transaction; the connection goes on, unless it is closing or will not start anew."""
        try:
            usable = code != CLOSING and smtp.rset()[0] == 250
        except (OSError, smtplib.SMTPException):
            usable = False
        if not usable:
            self._drop()
        return _told(command, code, text)

    def _opened(self) -> smtplib.SMTP:
        """The connection, opened and logged in if it is not there. Raises _Refused, and keeps others from trying."""
        if self._smtp is None:
            command = "connect"
            try:
                self._smtp = self._connect()
                if self._relay.user:
                    command = "login"
                    self._smtp.login(self._relay.user, self._relay.password)
            except (OSError, smtplib.SMTPException) as error:
                self._drop()
                relay = f"{self._relay.host}:{self._relay.port}"
                why = f"{relay} {command}: {_in_words(error)}"
                self._away.failed(why)
                log.error("relay.refused", relay=relay, command=command, error=masked(why))  # noqa: TRY400 - no trace says more
                raise _Refused(command, why) from None
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        relay, times = self._relay, self._relay.timeouts
        name = _own_name()
        if relay.tls == "smtps":
            context = ssl.create_default_context()
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                relay.host, relay.port, local_hostname=name, timeout=times.connect, context=context
            )
        else:
            smtp = smtplib.SMTP(relay.host, relay.port, local_hostname=name, timeout=times.connect)
        try:
            smtp.ehlo_or_helo_if_needed()
            if relay.tls == "smtp+starttls":
                smtp.starttls(context=ssl.create_default_context())  # discards what came before it (RFC 3207 §4.2)
                smtp.ehlo()
        except BaseException:
            smtp.close()
            raise
        _wait_at_most(smtp, times.command)
        return smtp

    def _drop(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def smtp_courier(relay: Relay, *, connections: int = CONNECTIONS) -> MailCourier:
    """A courier that hands mails to *relay* over at most so many connections."""
    away = _Away()
    return MailCourier(lambda: Line(relay, away), threads=connections)


def _stuffed(content: bytes) -> bytes:
    """*content* with its dots doubled and the final dot behind it (RFC 5321 §4.5.2)."""
    end = b"" if content.endswith(b"\r\n") else b"\r\n"
    return _LEADING_DOT.sub(b"..", content) + end + b".\r\n"


def _told(command: str, code: int, text: bytes) -> Reply:
    if code < 200:  # smtplib says -1 for an answer that is none
        return Reply(error="an answer that is not SMTP", body=text[:ANSWER_BYTES], command=command)
    return Reply(status=code, body=text[:ANSWER_BYTES], command=command)


def _died_before_the_mail(reply: Reply) -> bool:
    """Whether nothing of the mail can have gone out: then another connection may try at once."""
    return not reply.lost and reply.command == "mail" and reply.status in {0, CLOSING}


def _wait_at_most(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock is not None:
        smtp.sock.settimeout(seconds)


def _own_name() -> str:
    """What we call ourselves: a full name where this machine has one, else an address literal (RFC 5321 §4.1.3).

    Asks no name server, as smtplib would.
    """
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _in_words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        raw = error.smtp_error
        return f"{error.smtp_code} {raw.decode(errors='replace') if isinstance(raw, bytes) else raw}"
    if isinstance(error, TimeoutError) or "timed out" in str(error):  # smtplib wraps it
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate does not hold: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        return "no TLS is spoken at this port: is smtp+starttls:// or smtp:// meant?"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _timed(reply: Reply, started: float) -> Reply:
    return reply._replace(took_ms=round((time.monotonic() - started) * 1000))


def trouble_with(relay: Relay, sender: str) -> str:
    """What is wrong with *relay*, found by beginning a mail of *sender* and not sending it; "" where it would go on."""
    try:
        smtp = Line(relay)._connect()  # noqa: SLF001  # ours
        if relay.user:
            smtp.login(relay.user, relay.password)
        code, text = smtp.mail(sender)
    except (OSError, smtplib.SMTPException) as error:
        return _in_words(error)
    if code != 250:
        return f"{code} {text.decode(errors='replace')[:200]}"
    with contextlib.suppress(OSError, smtplib.SMTPException):
        smtp.quit()
    return ""
