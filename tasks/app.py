"""The Celery application: `celery -A tasks.app inspect active`, Flower, and our own workers start from here."""

from celery import Celery

from config.celery_settings import celery_settings
from config.settings import load

app = Celery("zonewire", include=["tasks.events", "tasks.feeds", "tasks.digests", "tasks.push", "tasks.upkeep"])
app.add_defaults(lambda: celery_settings(load()))  # read when first used: a wrong setting is told by the process
