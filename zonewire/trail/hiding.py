"""A request as people may see it: its address, headers and the beginning of its body, what is secret hidden."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import quote

from zonewire.outbound.courier import HttpRequest, MailRequest
from zonewire.outbound.heads import is_secret

BODY_BYTES = 4_096
_LOOKED_AT = 2 * BODY_BYTES
"""What is secret may begin in what is shown and end behind it."""

_PAGES = "confirm|manage|unsubscribe|editions|feeds/private"
_FEISHU_SIGN = re.compile(r'("sign":")[^"\\]+')  # in an article's text the quotes are escaped


class Hiding(NamedTuple):
    """What must not be seen, wherever it stands."""

    secrets: tuple[str, ...]
    base_url: str  # whose pages have tokens in their addresses

    def __call__(self, text: str) -> str:
        """*text* without it."""
        for secret in self.secrets:
            text = text.replace(secret, "…").replace(quote(secret, safe=""), "…")
        links = f"{re.escape(self.base_url)}/(?:{_PAGES})/"
        quoted = f"{re.escape(quote(self.base_url, safe=''))}%2F(?:{_PAGES.replace('/', '%2F')})%2F"
        return re.sub(rf"({links}|{quoted})[\w.~=-]+", r"\1…", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A request."""

    method: str = ""  # POST, GET; MAIL of a mail
    to: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""  # its first BODY_BYTES; of a mail its plain part
    body_bytes: int = 0  # of all of it

    @property
    def is_cut(self) -> bool:
        """Whether there is more of it."""
        return self.body_bytes > BODY_BYTES


def shown_http(request: HttpRequest, hiding: Hiding, *, to: str | None) -> Shown:
    """*request*; *to* is how its address is shown where that is a secret itself."""
    body = request.body or b""
    headers = (line.partition(":")[::2] for line in request.headers)
    return Shown(
        method="GET" if request.body is None else "POST",
        to=hiding(request.url) if to is None else to,
        headers=_headers(headers, hiding),
        body=_FEISHU_SIGN.sub(r"\1…", _beginning(body, hiding)),
        body_bytes=len(body),
    )


def shown_mail(request: MailRequest, hiding: Hiding) -> Shown:
    """*request* with its header block and its plain part. Raises what filling it in raises."""
    content = request.content if isinstance(request.content, bytes) else request.content()
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)  # noqa: S101 - that policy makes no other
    part = mail.get_body(("plain",))
    text = str(part.get_content()).encode() if part is not None else b""
    headers = _headers(((name, str(value)) for name, value in mail.items()), hiding)
    return Shown(
        method="MAIL",
        to=request.recipient,
        headers=headers,
        body=_beginning(text.replace(b"\r\n", b"\n"), hiding),
        body_bytes=len(text),
    )


def _headers(headers: Iterable[tuple[str, str]], hiding: Hiding) -> tuple[tuple[str, str], ...]:
    return tuple((name, _value(name, value.strip(), hiding)) for name, value in headers)


def _value(name: str, value: str, hiding: Hiding) -> str:
    if name == "zonewire-sequence" and value == "None":
        return "…"  # its first try gives it
    return "…" if is_secret(name) else hiding(value)


def _beginning(body: bytes, hiding: Hiding) -> str:
    text = hiding(body[:_LOOKED_AT].decode("utf-8", "ignore"))
    return text.encode()[:BODY_BYTES].decode("utf-8", "ignore")
