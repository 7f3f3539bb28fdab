"""Celery's settings, with the reason for each that is not its default (docs: celery-redis facts in decisions.md)."""

from typing import Any

from kombu import Exchange, Queue

from config.settings import Settings
from zonewire.delivery.lanes import Lane

# The anonymous exchange routes by queue name alone: there is no binding table in Redis that a FLUSHALL could take.
_QUEUES = [Queue(lane.value, Exchange(""), routing_key=lane.value) for lane in Lane]

TASK_OF_LANE = {lane: f"{lane.value}.turn" for lane in Lane}
"""The name of the one task of each lane: a hint that there may be work."""


def celery_settings(settings: Settings) -> dict[str, Any]:
    """What the Celery application is configured with."""
    return {
        "broker_url": settings.broker,
        "broker_transport_options": transport_options(socket_timeout=30),
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # the supervisor judges by progress, not by connections
        "broker_connection_timeout": 5,
        "broker_channel_error_retry": True,  # a Redis that refuses writes (full disk, no memory) ended every worker
        "task_queues": _QUEUES,
        "task_routes": {name: {"queue": lane.value} for lane, name in TASK_OF_LANE.items()},
        "task_create_missing_queues": False,  # a typo in a queue's name is an error, not a silent queue
        "task_default_queue": Lane.UPKEEP.value,
        "task_default_exchange": "",
        "task_ignore_result": True,  # the ledger is the result
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_pool": "solo",
        "worker_consumer": "workers.consumer:QuickConsumer",
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_send_task_events": False,  # operators read the ledger; Flower switches them on while it looks
        "enable_utc": True,
        "timezone": "UTC",
    }


def transport_options(*, socket_timeout: float) -> dict[str, Any]:
    """Redis connections that notice when the other side is gone; *socket_timeout* in seconds."""
    return {
        "visibility_timeout": 600,
        "socket_timeout": socket_timeout,
        "socket_connect_timeout": min(5.0, socket_timeout),
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
