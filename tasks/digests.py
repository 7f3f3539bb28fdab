"""The lane `digests`: one hint."""

from celery import shared_task

from tasks.process import run_turns
from zonewire.delivery.lanes import Lane


@shared_task(name="digests.turn", ignore_result=True)
def digests_turn() -> None:
    """Digests may be due. Harmless when repeated or lost."""
    run_turns(Lane.DIGESTS)
