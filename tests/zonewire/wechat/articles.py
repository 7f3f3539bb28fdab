"""Articles as digests/wechat writes them, and where uploads are kept in tests."""

from dataclasses import dataclass
from html import escape

import segno

from zonewire.wechat.drafts import QR


class MemoryShelf:
    """Keeps what uploads gave for as long as a test."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, bytes, str], str] = {}

    def get(self, appid: str, digest: bytes, use: str) -> str | None:
        return self.kept.get((appid, digest, use))

    def put(self, appid: str, digest: bytes, use: str, value: str) -> None:
        self.kept[appid, digest, use] = value

    def forget(self, appid: str, value: str) -> None:
        self.kept = {key: kept for key, kept in self.kept.items() if key[0] != appid or kept != value}


@dataclass(frozen=True, kw_only=True)
class Written:
    """An article with these pictures."""

    title: str = "泰州医药高新区新签 12 个项目"
    author: str = "江苏开发区"
    digest: str = "今天 3 条"
    source_url: str = "https://portal.example/editions/1?a=1&b=2"
    cover: str = ""
    pictures: tuple[str, ...] = ()
    spares: tuple[tuple[str, tuple[str, ...]], ...] = ()
    qr_code: bytes = b""

    @property
    def content(self) -> str:
        shown = "".join(a_figure(one) for one in self.pictures) + (a_figure(QR) if self.qr_code else "")
        return f'<section style="padding:0 8px">\n<p style="margin:0">正文。</p>\n{shown}</section>'


def a_figure(address: str) -> str:
    return (
        f'<section style="margin:20px 0 4px"><img src="{escape(address)}" alt="图" style="width:100%;display:block">'
        '<p style="margin:8px 0 0">说明</p></section>\n'
    )


def a_code() -> bytes:
    import io

    file = io.BytesIO()
    segno.make_qr("https://portal.example/editions/1").save(file, kind="png", scale=5)
    return file.getvalue()
