"""Listening sockets, bound before anything heavy is loaded that serves on them."""

import errno
import socket

from zonewire.errors import Conflict

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
