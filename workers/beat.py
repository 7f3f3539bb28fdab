"""Beat: each second a hint for every lane, so that nothing due waits for anything but its second.

Any number of beats may run: a hint that comes twice does no harm, and what must happen once in its minute is decided
in the database.
"""

import signal
import threading
import time

import structlog

from tasks.app import app
from tasks.hints import HintLine
from zonewire.delivery.lanes import Lane

log = structlog.get_logger()

EVERY_S = 1.0
HINTS_LAST_S = 2


def run_beat() -> None:
    """Hint until SIGTERM."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    line = HintLine(app)
    reachable = True
    while not stopping.is_set():
        begun = time.monotonic()
        # After the first failure of a tick the other lanes would only wait for the same timeout.
        answered = line.send(list(Lane), expires_s=HINTS_LAST_S)
        if answered is not reachable:
            (log.info if answered else log.warning)("beat.broker", reachable=answered)
            reachable = answered
        stopping.wait(max(0.0, EVERY_S - (time.monotonic() - begun)))
    line.close()
