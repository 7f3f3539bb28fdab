"""What `up --sample` adds: the desk as a child process, and the samples loaded once everything runs."""

import socket
from contextlib import suppress
from pathlib import Path

from config.guard import guard_of
from config.keys import ring_of
from config.settings import load
from zonewire.keys import new_webhook_secret
from zonewire.store import open_store

_NOTE = "desk"


def desk_socket(host: str, data_dir: Path) -> socket.socket:
    """A listening socket: on the port of the last time if that is free, so that subscriptions still lead here."""
    note = data_dir / _NOTE
    known = int(note.read_text().split()[0]) if note.is_file() else 0
    for port in (known, 0):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            listener.bind((host, port))
            listener.listen(64)
            break
        listener.close()
    secret = _secret(data_dir) or new_webhook_secret()
    note.touch(mode=0o600)
    note.write_text(f"{listener.getsockname()[1]} {secret}\n")
    return listener


def run_desk(listener: socket.socket, data_dir: Path) -> None:
    """Serve the receiver and the mailbox until SIGTERM."""
    from workers.sample_desk import serve_desk

    serve_desk(sock=listener, outbox=data_dir / "outbox", secret=_secret(data_dir) or "")


def load_samples(desk_url: str) -> None:
    """Publish the sample articles and make the sample subscriptions; a second time changes nothing."""
    from workers import sampling

    settings = load()
    store = open_store(settings.database, pool_size=1)
    try:
        sampling.load_samples(
            store,
            settings,
            ring_of(settings),
            guard_of(settings),
            desk_url=desk_url,
            desk_secret=_secret(settings.data_dir) or "",
        )
    finally:
        store.close()


def _secret(data_dir: Path) -> str | None:
    note = data_dir / _NOTE
    words = note.read_text().split() if note.is_file() else []
    return words[1] if len(words) > 1 else None
