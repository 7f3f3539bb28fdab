"""Pictures as they are uploaded to WeChat: the multipart body, and what the bytes really are.

Facts: protocols, 1.2.
"""

import hashlib
import io
import re
from dataclasses import dataclass
from email.message import Message

from PIL import Image

from tests.simulators.wechat_refusals import Refused

MB = 1_000_000  # the stricter reading
NO_MEDIA, WRONG_TYPE, TOO_BIG = 41005, 40005, 40009
_MIMES = {"JPEG": {"image/jpeg", "image/jpg"}, "PNG": {"image/png"}, "BMP": {"image/bmp"}, "GIF": {"image/gif"}}
_SUFFIXES = {"JPEG": {"jpg", "jpeg"}, "PNG": {"png"}, "BMP": {"bmp"}, "GIF": {"gif"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that the platform took."""

    sha256: str  # of the bytes as they came
    kind: str  # JPEG, PNG, BMP or GIF
    width: int
    height: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a multipart body."""

    name: str
    filename: str
    mime: str
    body: bytes


def read_picture(content_type: str, body: bytes, *, kinds: set[str], bytes_most: int) -> Picture:
    """The picture in a multipart *body*. Raises Refused."""
    media = [part for part in parts_of(content_type, body) if part.name == "media"]
    # protocols, 1.2: "multipart part media with filename and type"
    if not media or not media[0].filename or not media[0].mime or not media[0].body:
        raise Refused(NO_MEDIA, "media data missing", "one part named media, with a filename, a type and bytes")
    part = media[0]
    if len(part.body) > bytes_most:
        raise Refused(TOO_BIG, "invalid image size", f"{len(part.body)} bytes; at most {bytes_most}")
    kind, width, height = _looked_at(part.body)
    if kind not in kinds:
        raise Refused(
            WRONG_TYPE, "invalid file type", f"the bytes are {kind or 'no picture'}; taken are {sorted(kinds)}"
        )
    suffix = part.filename.rpartition(".")[2].lower()
    if part.mime not in _MIMES[kind] or suffix not in _SUFFIXES[kind]:
        raise Refused(WRONG_TYPE, "invalid file type", f"{part.filename!r} of type {part.mime!r} holds {kind}")
    digest = hashlib.sha256(part.body).hexdigest()
    return Picture(sha256=digest, kind=kind, width=width, height=height, size_bytes=len(part.body))


def parts_of(content_type: str, body: bytes) -> list[Part]:
    """The parts of a multipart/form-data *body* (RFC 7578). Raises Refused."""
    boundary = _parameter(content_type, "boundary")
    if not content_type.lower().startswith("multipart/form-data") or not boundary:
        raise Refused(NO_MEDIA, "media data missing", f"the body is multipart/form-data, not {content_type!r}")
    first, *pieces = (b"\r\n" + body).split(f"\r\n--{boundary}".encode())
    if first or not pieces or not pieces[-1].startswith(b"--"):
        raise Refused(NO_MEDIA, "media data missing", "the multipart body does not begin and end with its boundary")
    return [_part(piece) for piece in pieces[:-1]]


def _part(piece: bytes) -> Part:
    head, found, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not found or not piece.startswith(b"\r\n"):
        raise Refused(NO_MEDIA, "media data missing", "a part has headers, an empty line and a body")
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\r\n"))
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    disposition = headers.get("content-disposition", "")
    return Part(
        name=_parameter(disposition, "name"),
        filename=_parameter(disposition, "filename"),
        mime=headers.get("content-type", "").split(";")[0].strip().lower(),
        body=body,
    )


def _parameter(header: str, name: str) -> str:
    message = Message()
    message["content-type"] = re.sub(r"[\r\n]", " ", header)
    value = message.get_param(name, "")
    return value if isinstance(value, str) else value[2]


def _looked_at(body: bytes) -> tuple[str, int, int]:
    """What Pillow says that *body* is: kind, width and height; an empty kind where it cannot be read to its end."""
    try:
        with Image.open(io.BytesIO(body)) as picture:
            picture.load()
            kind = picture.format or ""
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "", 0, 0
    return ("JPEG" if kind == "MPO" else kind), picture.width, picture.height
