"""What binds a child process to the one that forked it."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send us *number* when our parent ends (prctl(2), Linux). Lasts through exec."""
    if sys.platform == "linux":
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)


def is_orphan(parent: int) -> bool:
    """Whether *parent*, who forked us, is gone already: it may have died before we asked to die with it."""
    return os.getppid() != parent
