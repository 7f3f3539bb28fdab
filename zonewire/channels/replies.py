"""How HTTP receivers are read whose status line says all: webhooks and callbacks of the hub."""

from http import HTTPStatus

from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.outbound.courier import Reply

_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def judge_status(reply: Reply) -> Outcome:
    """The status line decides, whatever came of the body behind it."""
    status = reply.status
    if 200 <= status < 300:
        return Delivered(status)
    if status == HTTPStatus.GONE:
        return Never("HTTP 410: the receiver is gone", status, close_endpoint=True)
    if status in _BUSY:
        return Later(f"HTTP {status}", status, wait_s=reply.retry_after_s)
    if 300 <= status < 400:
        return Later(f"HTTP {status}: redirects are not followed", status)
    if status:
        return Later(f"HTTP {status}", status)
    return Unknown(reply.error or "no answer came") if reply.lost else Later(reply.error or "no answer")
