"""The lane `upkeep`: one hint."""

from celery import shared_task

from tasks.process import run_turns
from zonewire.delivery.lanes import Lane


@shared_task(name="upkeep.turn", ignore_result=True)
def upkeep_turn() -> None:
    """There may be something to tidy. Harmless when repeated or lost."""
    run_turns(Lane.UPKEEP)
