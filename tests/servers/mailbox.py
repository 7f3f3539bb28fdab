"""A mail server for tests (aiosmtpd): keeps every mail that it was given."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from aiosmtpd.controller import Controller

from tests.servers.ports import free_port


@dataclass  # without slots: Python before 3.11.3 cannot list the attributes of such a class, as aiosmtpd does
class Mailbox:
    """Where mails arrive; `url` is for ZONEWIRE_SMTP_URL."""

    url: str
    _mails: list[EmailMessage] = field(default_factory=list)

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """Every mail, or those to one address, in order of arrival."""
        return [mail for mail in list(self._mails) if to is None or mail["To"].addresses[0].addr_spec == to]

    def empty(self) -> None:
        """Forget every mail."""
        self._mails.clear()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail."""
        self._mails.append(message_from_bytes(envelope.original_content, policy=SMTP))
        return "250 kept"


@contextlib.contextmanager
def running_mailbox() -> Iterator[Mailbox]:
    """A mailbox for as long as the block lasts."""
    port = free_port()
    mailbox = Mailbox(f"smtp://127.0.0.1:{port}")
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
