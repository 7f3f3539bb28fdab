"""The lanes that push: one hint each, named for its lane, so that Flower and `inspect active` show real work."""

from celery import shared_task

from tasks.process import run_turns
from zonewire.delivery.lanes import Lane


@shared_task(name="push.http.turn", ignore_result=True)
def push_http() -> None:
    """Deliveries over HTTP may be due. Harmless when repeated or lost."""
    run_turns(Lane.PUSH_HTTP)


@shared_task(name="push.email.turn", ignore_result=True)
def push_email() -> None:
    """Mails may be due. Harmless when repeated or lost."""
    run_turns(Lane.PUSH_EMAIL)


@shared_task(name="push.robot.turn", ignore_result=True)
def push_robot() -> None:
    """Robots' messages may be due. Harmless when repeated or lost."""
    run_turns(Lane.PUSH_ROBOT)
