"""The lane `events`: one hint."""

from celery import shared_task

from tasks.process import run_turns
from zonewire.delivery.lanes import Lane


@shared_task(name="events.turn", ignore_result=True)
def events_turn() -> None:
    """The outbox may have rows. Harmless when repeated or lost."""
    run_turns(Lane.EVENTS)
