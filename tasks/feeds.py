"""The lane `feeds`: one hint."""

from celery import shared_task

from tasks.process import run_turns
from zonewire.delivery.lanes import Lane


@shared_task(name="feeds.turn", ignore_result=True)
def feeds_turn() -> None:
    """Feeds may be due. Harmless when repeated or lost."""
    run_turns(Lane.FEEDS)
