"""Free ports on loopback."""

from random import Random

from workers.drill.ports import FIRST, LAST, free_ports

_PORTS = free_ports(Random().randrange(LAST - FIRST))


def free_port() -> int:
    """A port that nobody listens on now. The same one does not come twice, nor does Linux give it to who connects."""
    return next(_PORTS)
