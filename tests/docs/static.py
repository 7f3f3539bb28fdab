"""Feed documents that link to older ones, as their specifications have it (RFC 5005 §4, JSON Feed 1.1)."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

ATOM = "http://www.w3.org/2005/Atom"
Entry = tuple[str, str, str]
"""Name, second of its newest version, title."""


class Static:
    """Serves what was put; a context manager."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._documents: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, name: str) -> str:
        """The address of a document."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def put(self, form: str, name: str, entries: list[Entry], *, older: str = "") -> None:
        """Serve *entries* as the document *name*, in Atom or JSON, which continues the document *older*."""
        make = _atom if form == "atom" else _json
        self._documents[f"/{name}"] = make(entries, self.url(older) if older else "")

    def get(self, path: str) -> bytes:
        """The document at *path*, noted."""
        self.asked.append(path)
        return self._documents[path]


def _atom(entries: list[Entry], older: str) -> bytes:
    link = f'<link rel="prev-archive" href="{older}"/>' if older else ""
    inner = "".join(
        f"<entry><id>urn:{name}</id><title>{title}</title><updated>2026-06-06T02:05:{second}+08:00</updated>"
        f'<link rel="alternate" href="https://portal.example/{name}"/></entry>'
        for name, second, title in entries
    )
    return f'<feed xmlns="{ATOM}">{link}{inner}</feed>'.encode()


def _json(entries: list[Entry], older: str) -> bytes:
    items = [
        {"id": f"urn:{name}", "title": title, "date_modified": f"2026-06-06T02:05:{second}+08:00"}
        for name, second, title in entries
    ]
    return json.dumps({"items": items} | ({"next_url": older} if older else {})).encode()


def _handler(static: Static) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = static.get(self.path)
            self.send_response(200)
            self.send_header("ETag", f'"{len(body)}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    return Handler
