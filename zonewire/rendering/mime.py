"""A mail composed once for all who get it, and filled in for each (RFC 5322, 2045 to 2047).

Composing costs milliseconds, so it happens once an edition: `compose` writes headers and both parts around *marks*.
`Letter.personal` then puts one reader's values in their place in some microseconds. A base64 part cannot be cut just
anywhere, since four characters carry three bytes: so what stands behind a slot is kept encoded in three ways, one
for each number of its bytes that the slot's end may need to fill its last group.
"""

import binascii
import html as markup
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from zonewire.errors import InvalidInput

LINE_BYTES = 57  # become 76 characters of base64
HEADER_LINE = 76  # RFC 2047 §2: the longest line that holds an encoded-word
WORD = 75  # and the longest encoded-word
WORD_FRAME = len("=?utf-8?b??=")
LONGEST_LINE = 998  # RFC 5322 §2.1.1, without the CRLF

_SLOT_VALUE = re.compile(r"[\x20-\x7e]+")
_NAMED = re.compile(r"(.*)<([^<>]*)>", re.DOTALL)
_UNQUOTED = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 §3.2.3, atext and blanks


@dataclass(frozen=True, slots=True)
class Slots:
    """Marks that a template writes where a reader's own value will stand. No text from outside can guess one."""

    nonce: str = field(default_factory=lambda: secrets.token_hex(8))

    def mark(self, name: str) -> str:
        """The mark of the slot *name* (letters): digits, letters and dashes, so that any template lets it through."""
        return f"slot-{self.nonce}-{name}-"

    def split(self, text: str) -> list[str]:
        """*text* cut at its marks: text, name, text, name, … text."""
        return re.split(f"slot-{self.nonce}-([a-z_]+)-", text)


@dataclass(frozen=True, slots=True)
class Plain:
    """Bytes that are the same for all."""

    body: bytes

    def write(self, slots: Mapping[str, str], out: list[bytes]) -> None:
        """Nothing to fill in."""
        del slots
        out.append(self.body)


@dataclass(frozen=True, slots=True)
class HeaderSlot:
    """A reader's value in a header."""

    name: str

    def write(self, slots: Mapping[str, str], out: list[bytes]) -> None:
        """The value as it is: `personal` has checked it."""
        out.append(slots[self.name].encode("ascii"))


@dataclass(frozen=True, slots=True)
class Stretch:
    """What stands between two slots of a base64 part. [k]: its lines from byte k on, and the bytes that are over."""

    body: bytes
    from_byte: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A base64 part with slots in it."""

    first: tuple[bytes, bytes]  # what stands before any slot, which is most of a mail: its lines, and the bytes over
    then: tuple[tuple[str, Stretch], ...]  # a slot's name, and what follows it
    escape: Callable[[str], str]

    def write(self, slots: Mapping[str, str], out: list[bytes]) -> None:
        """The part's lines. Only the bytes around a slot are encoded now."""
        lines, over = self.first
        out.append(lines)
        for name, stretch in self.then:
            joint = over + self.escape(slots[name]).encode("ascii")
            taken = -len(joint) % 3
            if taken > len(stretch.body):
                over = joint + stretch.body
                continue
            out.append(_lines(joint + stretch.body[:taken]))
            lines, over = stretch.from_byte[taken]
            out.append(lines)
        out.append(_lines(over))


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail for many readers; `personal` makes one reader's."""

    sender: str  # the address of From: the envelope's sender too
    pieces: tuple[Plain | HeaderSlot | Encoded, ...]
    names: frozenset[str]

    def personal(self, slots: Mapping[str, str]) -> bytes:
        """The whole message with *slots* filled in, lines ending in CRLF.

        Raises InvalidInput for a value with a line break, a control character or a character beyond ASCII: it is
        refused and not mended, since it could put a header into the mail. Raises KeyError for a missing slot.
        """
        for name in self.names:
            if len(slots[name]) > LONGEST_LINE // 2 or not _SLOT_VALUE.fullmatch(slots[name]):
                raise InvalidInput.of(name, "a mail cannot carry this value: it must be one short line of ASCII")
        out: list[bytes] = []
        for piece in self.pieces:
            piece.write(slots, out)
        return b"".join(out)


def compose(*, headers: Sequence[tuple[str, str]], text: str, html: str, slots: Slots) -> Letter:
    """A multipart/alternative of *text* and *html* under *headers*; marks of *slots* may stand in all of them.

    A header value without a mark is encoded as RFC 2047 has it; one with marks must be ASCII and stays on one line.
    One header must be From. Raises InvalidInput for a header that holds a line break.
    """
    sender = mailbox(dict(headers)["From"])[1]
    boundary = f"=_{secrets.token_hex(12)}"  # "=_" occurs in no base64
    pieces: list[Plain | HeaderSlot | Encoded] = []
    for name, value in headers:
        pieces += _header(name, value, slots)
    pieces.append(_plain(f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n'))
    for subtype, content, escape in (("plain", text, str), ("html", html, markup.escape)):
        pieces.append(_plain(f"\r\n--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"))
        pieces.append(_plain("Content-Transfer-Encoding: base64\r\n\r\n"))
        pieces.append(_encoded(slots.split(content), escape))
    pieces.append(_plain(f"\r\n--{boundary}--\r\n"))
    return Letter(sender, tuple(pieces), _names(pieces))


def mailbox(sender: str) -> tuple[str, str]:
    """The name and the address of *sender* ("Name <address>", or an address alone). Raises InvalidInput."""
    name, address = _named(sender)
    local, _, domain = address.rpartition("@")
    if not local or not domain or not _SLOT_VALUE.fullmatch(address) or " " in address:
        raise InvalidInput.of("MAIL_FROM", f"{sender!r} is no sender; it must be like Zonewire <digest@example.com>")
    return name, address


def phrase(name: str, *, first: int) -> str:
    """*name* as it may stand before an address, quoted or encoded where it must be (RFC 5322 §3.4, RFC 2047 §5)."""
    if not name.isascii():
        return encoded_words(name, first=first) + "\r\n"
    if _UNQUOTED.fullmatch(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encoded_words(text: str, *, first: int = HEADER_LINE) -> str:
    """*text* as RFC 2047 encoded-words, one a line; the first line has room for *first* characters.

    Whitespace between two encoded-words vanishes when they are read, so all of *text* goes inside them; no character
    is split between two (RFC 2047 §5).
    """
    words: list[str] = []
    chunk, room = b"", _room(first)
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > room:
            words.append(_word(chunk))
            chunk, room = b"", _room(HEADER_LINE - 1)
        chunk += encoded
    return "\r\n ".join([*words, _word(chunk)])


def _room(columns: int) -> int:
    """How many bytes an encoded-word of so many columns carries."""
    return (min(columns, WORD) - WORD_FRAME) // 4 * 3


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(chunk, newline=False).decode()}?="


def _header(name: str, value: str, slots: Slots) -> list[Plain | HeaderSlot]:
    parts = slots.split(value)
    if len(parts) == 1:
        return [_plain(f"{name}: {_header_value(name, value)}\r\n")]
    _refuse_breaks(name, value)
    pieces: list[Plain | HeaderSlot] = [_plain(f"{name}: {parts[0]}")]
    for slot, after in zip(parts[1::2], parts[2::2], strict=True):
        pieces += (HeaderSlot(slot), _plain(after))
    return [*pieces, _plain("\r\n")]


def _header_value(name: str, value: str) -> str:
    _refuse_breaks(name, value)
    if name in {"From", "List-Id"}:  # a name, then an address or a list's id (RFC 5322 §3.4, RFC 2919 §2)
        spoken, address = _named(value)
        return f"{phrase(spoken, first=HEADER_LINE - len(name) - 2)} <{address}>" if spoken else address
    fits = value.isascii() and "=?" not in value and len(name) + 2 + len(value) <= HEADER_LINE
    return encoded_words(value, first=HEADER_LINE - len(name) - 2) if name == "Subject" and not fits else value


def _named(value: str) -> tuple[str, str]:
    """`Name <address>` apart; the name is "" where there is none."""
    match = _NAMED.fullmatch(value.strip())
    return (match[1].strip().removeprefix('"').removesuffix('"'), match[2]) if match else ("", value.strip())


def _refuse_breaks(name: str, value: str) -> None:
    if any(character < " " or character == "\x7f" for character in value):
        raise InvalidInput.of(name, "a header holds no line breaks and no control characters")


def _encoded(parts: Sequence[str], escape: Callable[[str], str]) -> Encoded:
    first, *others = [part.replace("\r\n", "\n").replace("\n", "\r\n").encode() for part in parts[::2]]
    return Encoded(_from_byte(first, 0), tuple(zip(parts[1::2], map(_stretch, others), strict=True)), escape)


def _stretch(body: bytes) -> Stretch:
    return Stretch(body, tuple(_from_byte(body, start) for start in range(min(3, len(body) + 1))))


def _from_byte(body: bytes, start: int) -> tuple[bytes, bytes]:
    """The lines of *body* from *start* on, and the bytes that are over."""
    end = start + (len(body) - start) // 3 * 3
    return _lines(body[start:end]), body[end:]


def _lines(body: bytes) -> bytes:
    chunks = (body[start : start + LINE_BYTES] for start in range(0, len(body), LINE_BYTES))
    return b"".join(binascii.b2a_base64(chunk, newline=False) + b"\r\n" for chunk in chunks)


def _plain(text: str) -> Plain:
    return Plain(text.encode("ascii"))


def _names(pieces: Sequence[Plain | HeaderSlot | Encoded]) -> frozenset[str]:
    in_headers = {piece.name for piece in pieces if isinstance(piece, HeaderSlot)}
    in_parts = {name for piece in pieces if isinstance(piece, Encoded) for name, _ in piece.then}
    return frozenset(in_headers | in_parts)
