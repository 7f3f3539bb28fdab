"""A Celery consumer that comes back quickly after its broker does.

Celery waits 2, 4, 6 … 30 s between its tries to reconnect, which kept every lane deaf for 8 to 10 s after an outage of
12 s. This one waits 0.1 s, rising to 1 s. `ensure_connected` and the arguments of kombu's `ensure_connection` are not
promised by either: the lock pins them, and a test kills Redis and counts the seconds.
"""

import time
from typing import Any

import structlog
from celery.utils.log import get_logger
from celery.worker import state
from celery.worker.consumer.consumer import Consumer

log = structlog.get_logger()
_celery_log = get_logger(__name__)

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

    # Redis may be there and refuse us (a full disk, no memory): it would at once again, so there is a rest in between.

    def on_connection_error_after_connected(self, error: Exception) -> None:
        """Begin anew."""
        super().on_connection_error_after_connected(error)
        self._rest_if_refused(error)

    def on_connection_error_before_connected(self, error: Exception) -> None:
        """Begin anew; what Celery would log, with the broker's address, is told as everywhere."""
        if not self._rest_if_refused(error):
            super().on_connection_error_before_connected(error)

    def _rest_if_refused(self, error: Exception) -> bool:
        if not isinstance(error, self.channel_errors):
            return False
        log.warning("broker.unreachable", error=str(error), again_in_s=LONGEST_WAIT_S)
        time.sleep(LONGEST_WAIT_S)
        return True

    # What is no task of ours is told without what was in it, which Celery would print.

    def on_unknown_task(self, _body: Any, message: Any, error: Exception) -> None:
        """A task by a name that we have none of."""
        self._refuse(message, error)

    def on_invalid_task(self, _body: Any, message: Any, error: Exception) -> None:
        """A task whose arguments or headers make no sense."""
        self._refuse(message, error)

    def on_unknown_message(self, _body: Any, message: Any) -> None:
        """Something that is no task."""
        self._refuse(message, ValueError())

    def on_decode_error(self, message: Any, error: Exception) -> None:
        """Something that cannot be read."""
        self._refuse(message, error)

    def _refuse(self, message: Any, error: Exception) -> None:
        log.warning("task.unknown", task=(message.headers or {}).get("task"), error=type(error).__name__)
        message.reject_log_error(_celery_log, self.connection_errors)
