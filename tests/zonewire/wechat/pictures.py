"""Pictures of every kind, and a host that serves them."""

import io
import secrets
import time
from typing import Any

from PIL import Image

from tests.simulators.serving import Answer, Asked, Simulator

BYTES = {"content-type": "application/octet-stream"}


class PictureHost(Simulator):
    """Serves what is in `pictures`, by path; a path in `hanging` is never answered."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: dict[str, bytes] = {}
        self.hanging: set[str] = set()

    def answer(self, asked: Asked) -> Answer:
        if asked.path in self.hanging:
            self.lock.release()
            time.sleep(20)
            self.lock.acquire()
        body = self.pictures.get(asked.path)
        return Answer(b"", 404, BYTES) if body is None else Answer(body, 200, BYTES)

    def serve(self, path: str, body: bytes) -> str:
        """The address of *body*."""
        self.pictures[path] = body
        return self.base + path

    def times_asked(self, path: str) -> int:
        return sum(one.path == path for one in list(self.asked))


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (1200, 800), *, colour: str = "#3f6b8c", **how: Any) -> bytes:
    """One flat colour."""
    return written(Image.new("RGB", size, colour), kind, **how)


def a_noise(kind: str = "PNG", size: tuple[int, int] = (1200, 800), **how: Any) -> bytes:
    """What no format makes small: 3 bytes a pixel as PNG."""
    return written(Image.frombytes("RGB", size, secrets.token_bytes(size[0] * size[1] * 3)), kind, **how)


def written(picture: Image.Image, kind: str, **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def opened(body: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(body))
    picture.load()
    return picture
