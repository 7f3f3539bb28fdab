"""The web face as a process: uvicorn on a socket that we bound."""

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
from zonewire.store import migrate, open_store
from zonewire.watch import STAND_IN_S


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
