"""Ports for what the drill serves itself."""

import socket
from collections.abc import Iterator

FIRST, LAST = 20_000, 31_999
"""Below those that Linux gives to whoever connects: nobody takes a port that is given up for a moment."""


def free_ports(start: int) -> Iterator[int]:
    """Ports of loopback that nobody listens on, begun somewhere that depends on *start*."""
    for nth in range(LAST - FIRST):
        port = FIRST + (start + nth) % (LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
