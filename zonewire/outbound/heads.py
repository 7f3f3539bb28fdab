"""The head of an answer: what couriers read in it, and what is kept of it for people to look at.

Kept are the status line and the headers, a line each, as far as HEAD_BYTES reach; never what lets anybody in.
"""

import re
from collections.abc import Iterable, Sequence

from zonewire.telemetry import masked

HEAD_BYTES = 2_048
MOST_LINES = 40
LINE_CHARS = 300

_SECRET = re.compile(r"(?i)cookie|auth(?!enticate)|token|secret|signature|session|credential|passw|api-?key|nonce")
_LEADS_SOMEWHERE = frozenset({"location", "content-location", "link", "refresh"})
_QUERY = re.compile(r"\?[^\s\"'<>,;]+")
_USER = re.compile(r"//[^/@\s]+@")


def kept_head(lines: Sequence[bytes]) -> str:
    """Of *lines* as they came, the last status line and what stands under it, secrets hidden."""
    begins = [nth for nth, line in enumerate(lines) if line.startswith(b"HTTP/")]
    shown: list[str] = []
    room = HEAD_BYTES
    for line in lines[begins[-1] if begins else 0 :][:MOST_LINES]:
        text = _readable(line)
        room -= len(text.encode()) + 1
        if room < 0:
            break
        if text:
            shown.append(text)
    return "\n".join(shown)


def is_secret(name: str) -> bool:
    """Whether a header of that name may let somebody in."""
    return _SECRET.search(name) is not None


def seconds_in(lines: Iterable[bytes], name: bytes) -> int:
    """What the header *name* (in lower case) says, where that is a number: a platform's own way of Retry-After."""
    found = 0
    for line in lines:
        label, _, value = line.partition(b":")
        if label.strip().lower() == name and (seconds := value.strip()).isdigit():
            found = int(seconds)
    return found


def _readable(line: bytes) -> str:
    text = "".join(char for char in line.decode("utf-8", "replace").strip() if char.isprintable())
    name, colon, _ = text.partition(":")
    if colon and is_secret(name):
        return f"{name}: …"
    if name.lower() in _LEADS_SOMEWHERE:
        text = _USER.sub("//…@", _QUERY.sub("?…", text))
    text = masked(text)
    return text if len(text) <= LINE_CHARS else f"{text[: LINE_CHARS - 1]}…"
