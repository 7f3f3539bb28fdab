"""Mails that stand as `.eml` files in a folder, read for the sample desk's pages."""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.eml")
LISTED = 200
HEADERS = ("From", "To", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHead:
    """A line of the list."""

    name: str
    subject: str
    recipient: str
    written_at: int  # microseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, taken apart."""

    head: MailHead
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str

    def html_in_frame(self) -> str:
        """The HTML part, with its links opening outside of the frame that shows it."""
        return re.sub(r"(<head[^>]*>)", r'\1<base target="_blank">', self.html, count=1, flags=re.IGNORECASE)


def list_mails(outbox: Path) -> list[MailHead]:
    """The newest LISTED mails of *outbox*, newest first; none where there is no such folder."""
    mails = [path for path in outbox.glob("*.eml") if NAME.fullmatch(path.name)]
    newest = sorted(mails, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)[:LISTED]
    return [_head(_parse(path, headers_only=True), path) for path in newest]


def read_mail(outbox: Path, name: str) -> Mail | None:
    """The mail *name* of *outbox*; None where there is none of this name."""
    path = outbox / name
    if not NAME.fullmatch(name) or not path.is_file():
        return None
    message = _parse(path)
    shown = tuple((header, str(message[header])) for header in HEADERS if message[header])
    return Mail(head=_head(message, path), headers=shown, text=_part(message, "plain"), html=_part(message, "html"))


def _parse(path: Path, *, headers_only: bool = False) -> EmailMessage:
    with path.open("rb") as file:
        return BytesParser(EmailMessage, policy=policy.default).parse(file, headersonly=headers_only)


def _head(message: EmailMessage, path: Path) -> MailHead:
    written_at = path.stat().st_mtime_ns // 1_000
    subject, recipient = str(message["Subject"] or ""), str(message["To"] or "")
    return MailHead(name=path.name, subject=subject, recipient=recipient, written_at=written_at)


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    return "" if part is None else str(part.get_content())
