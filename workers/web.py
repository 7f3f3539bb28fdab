"""The web face as a process: uvicorn on a socket that we bound."""

import errno
import socket
from collections.abc import Callable

import uvicorn

from config.catalogue import catalogue_of
from config.keys import ring_of
from config.settings import load
from tasks.app import app as celery_app
from tasks.hints import HintLine, HintSender
from tasks.inspection import inspector_of
from tasks.tracing import start_tracing, stop_tracing
from tasks.watching import start_watching
from web.app import create_app
from web.face import Face
from zonewire.errors import Conflict
from zonewire.store import migrate, open_store
from zonewire.watch import STAND_IN_S

FIRST_PORT = 8080
TRIES = 100
BACKLOG = 512


def bind(host: str, port: int | None) -> socket.socket:
    """A listening socket: on *port*, or on the next free one from 8080 on.

    Raises Conflict for a taken one, and for a *host* that is not this machine.
    """
    candidates = range(FIRST_PORT, FIRST_PORT + TRIES) if port is None else (port,)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in candidates:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT} or isinstance(error, socket.gaierror):
                raise Conflict(
                    f"{host} is no address of this machine",
                    where="--host",
                    mend="127.0.0.1 is this machine alone; 0.0.0.0 is every address that it has.",
                ) from None
            if port is not None:
                raise Conflict(
                    f"port {port} on {host} cannot be had: {error.strerror}",
                    where="--port",
                    mend="Give another, or none: then the next free one from 8080 is taken.",
                ) from None
            continue
        return listener
    raise Conflict(
        f"no port from {FIRST_PORT} to {FIRST_PORT + TRIES - 1} is free", where="--port", mend="Give one with --port."
    )


def run_web(listener: socket.socket, *, ready: Callable[[], None] = lambda: None) -> None:
    """Serve on *listener* until SIGTERM."""
    settings = load()
    store = open_store(settings.database)
    with store.reading() as db:
        name = migrate.installation_name(migrate.installation_number(db))
    start_tracing(store, process="web")
    hints = HintSender(celery_app)
    line = HintLine(celery_app)
    face = Face(
        settings=settings,
        store=store,
        keys=ring_of(settings),
        hint=hints.hint,
        broker_answers=line.answers,
        catalogue=catalogue_of(settings),
        inspect=inspector_of(celery_app),
        installation=name,
    )
    app = create_app(face)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        proxy_headers=True,
    )
    server = uvicorn.Server(config)
    app.state.is_ending = lambda: server.should_exit
    watchman = start_watching(celery_app, settings, store, patience_s=STAND_IN_S)  # where upkeep is gone
    ready()
    try:
        server.run(sockets=[listener])
    finally:
        watchman.stop()
        hints.close()
        store.close()
        stop_tracing()
