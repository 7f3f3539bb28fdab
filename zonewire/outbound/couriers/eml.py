"""Mails as files, where no SMTP server is set: DATA_DIR/outbox/NAME.eml, to be opened in any mail program.

A file is there whole or not at all, and a repeated delivery overwrites its own: the name is the delivery's id.
"""

import contextlib
import os
import re
import time
from email.parser import BytesHeaderParser
from email.policy import default
from pathlib import Path

from zonewire.outbound.courier import MailRequest, Reply
from zonewire.outbound.couriers.mail import MailCourier

WRITTEN = 250  # as SMTP would say it
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")


class Outbox:
    """Writes mails into one folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def carry(self, request: MailRequest, content: bytes) -> Reply:
        """The mail, on the disk under its own name when this returns."""
        started = time.monotonic()
        if not _NAME.fullmatch(request.name):
            return Reply(error=f"{request.name!r} cannot name a file")
        try:
            self._write(request.name, content)
        except OSError as error:
            return Reply(error=f"cannot write to {self.folder}: {error.strerror}")
        return Reply(status=WRITTEN, body=b"written", took_ms=round((time.monotonic() - started) * 1000))

    def rest(self) -> None:
        """Nothing is kept open."""

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.folder / f".{name}.tmp"
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / f"{name}.eml")
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # else a power cut may take the name back
        finally:
            os.close(folder)


def eml_courier(folder: Path) -> MailCourier:
    """A courier that writes mails into *folder*."""
    return MailCourier(lambda: Outbox(folder), threads=2)


def remove_mails(folder: Path, address: str) -> int:
    """Remove the mails to *address* that were written into *folder*, where there is such a folder; how many."""
    removed = 0
    for file in folder.glob("*.eml") if folder.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):
            with file.open("rb") as mail:
                to = str(BytesHeaderParser(policy=default).parse(mail)["To"] or "")
            if to.lower() == address.lower():
                file.unlink()
                removed += 1
    return removed
