"""An article as WeChat takes it, and the limits of its fields (draft/add)."""

from base64 import b64encode
from dataclasses import dataclass

from wcwidth import iter_graphemes

from zonewire.articles.shortening import one_line, shorten
from zonewire.digests.wechat.figures import QR, with_pictures

CONTENT_CHARS = 20_000
"""The content has fewer, tags and styles counted; more is refused with 45002."""
TITLE_CHARS, AUTHOR_CHARS, DIGEST_CHARS = 32, 16, 120
"""Code points. WeChat's limit of the digest is 128; older ones of its pages say 120."""
SOURCE_BYTES = 1_000
"""Of the address behind 阅读原文 (45005)."""
LEAST_NAMED = 20
"""Characters of a title that are always shown."""
LINE, NAME = 60, 20
"""Full-width characters of a title or a line of meta, and of a place's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatArticle:
    """What the fields of the editor hold."""

    title: str
    author: str
    digest: str
    content: str  # its pictures by their own addresses, the code as `figures.QR`
    source_url: str  # behind 阅读原文
    cover: str  # the address of a picture, or ""
    pictures: tuple[str, ...]  # in `content`, in their order
    spares: tuple[tuple[str, tuple[str, ...]], ...]  # for some of `pictures`, others that may stand in their place
    qr_code: bytes  # PNG, or b"" where `content` shows none

    @property
    def shown_here(self) -> str:
        """The content with the code in it, for a browser."""
        code = f"data:image/png;base64,{b64encode(self.qr_code).decode()}"
        return with_pictures(self.content, {one: one for one in self.pictures} | {QR: code})


def title_within(title: str, *, most: int = TITLE_CHARS) -> str:
    """As much of *title* as has *most* code points, by which WeChat counts; LEAST_NAMED of it at the least."""
    line = one_line(title)
    cut = text_within(line, most)
    if len(cut) > LEAST_NAMED or cut == line:
        return cut
    return f"{_beginning(line, most - 1)}…"


def title_in_line(title: str) -> str:
    """*title* on a line of the content, LEAST_NAMED of it at the least."""
    line = one_line(title)
    cut = shorten(line, LINE)
    return cut if len(cut) > LEAST_NAMED or cut == line else f"{_beginning(line, LINE)}…"


def text_within(text: str, most: int) -> str:
    """As much of *text* as has *most* code points, cut where an editor would."""
    return next(cut for room in range(most, 0, -1) if len(cut := shorten(text, room)) <= most)


def author_of(*names: str) -> str:
    """The first of *names* that has room as it is; where none has, the beginning of the last."""
    given = [one_line(name) for name in names if name.strip()]
    return next((name for name in given if len(name) <= AUTHOR_CHARS), text_within(given[-1], AUTHOR_CHARS))


def _beginning(line: str, most: int) -> str:
    """So many whole characters of *line* as LEAST_NAMED code points need; a cluster of more than *most* is parted."""
    kept = 0
    for cluster in iter_graphemes(line):
        kept += len(cluster)
        if kept >= LEAST_NAMED:
            break
    return line[: min(kept, most)]
