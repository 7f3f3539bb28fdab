"""A fault in a task or a turn is written down, where operators find it. What the database refused is none of ours."""

import structlog

from zonewire.delivery import task_failures
from zonewire.delivery.task_failures import Failure
from zonewire.errors import ZonewireError
from zonewire.store import Store
from zonewire.store import now as clock

log = structlog.get_logger()


def note_failure(store: Store, failure: Failure) -> None:
    """Write *failure* down. Never raises: it was logged already, and the work goes on."""
    if isinstance(failure.error, ZonewireError):
        return
    try:
        with store.settling() as db:
            task_failures.note(db, failure, now=clock(db))
    except Exception as error:
        log.warning("failure.unwritten", lane=failure.lane, error=str(error).partition("\n")[0])
