"""Who acts, where somebody acts by a command: the user of this machine, for the audit log."""

import getpass
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zonewire.operators import Actor


def actor() -> "Actor":
    """The user, and the machine that the command was typed on."""
    from zonewire.operators import Actor

    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a user without a name, in a container
        user = "somebody"
    return Actor(f"command line ({user})", socket.gethostname())
