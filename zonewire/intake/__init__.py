"""Intake: everything that somebody hands over, read, made safe, and accepted once.

CloudEvents, article JSON and portal pages all become `Event`s, and all end in `accept`. Imports articles, the store,
telemetry and errors.
"""

from zonewire.intake.accept import Accepted, Result, accept
from zonewire.intake.article_json import read_article
from zonewire.intake.cloudevents import EVENT_BYTES, REQUEST_BYTES, read_cloudevents
from zonewire.intake.event import Event, EventType
from zonewire.intake.pages import read_page

__all__ = [
    "EVENT_BYTES",
    "REQUEST_BYTES",
    "Accepted",
    "Event",
    "EventType",
    "Result",
    "accept",
    "read_article",
    "read_cloudevents",
    "read_page",
]
