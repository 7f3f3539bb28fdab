"""A Celery consumer that comes back quickly after its broker does.

Celery waits 2, 4, 6 … 30 s between its tries to reconnect, which kept every lane deaf for 8 to 10 s after an outage of
12 s. This one waits 0.1 s, rising to 1 s. `ensure_connected` and the arguments of kombu's `ensure_connection` are not
promised by either: the lock pins them, and a test kills Redis and counts the seconds.
"""

from typing import Any

import structlog
from celery.worker import state
from celery.worker.consumer.consumer import Consumer

log = structlog.get_logger()

FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 1.0


class QuickConsumer(Consumer):  # type: ignore[misc]  # celery publishes no types
    """Named in Celery's setting `worker_consumer`."""

    def ensure_connected(self, conn: Any) -> Any:
        """Connect, however long it takes; ends with the worker."""

        def tell(error: Exception, wait_s: float) -> None:
            log.warning("broker.unreachable", error=str(error), again_in_s=round(wait_s, 1))

        connected = conn.ensure_connection(
            tell,
            None,
            interval_start=FIRST_WAIT_S,
            interval_step=FIRST_WAIT_S,
            interval_max=LONGEST_WAIT_S,
            callback=state.maybe_shutdown,
        )
        self.first_connection_attempt = False
        return connected
