"""Webhooks as Standard Webhooks 1.0.0 has them (https://www.standardwebhooks.com): signed POSTs of JSON.

The body is `{"type", "timestamp", "data"}`, data being the article with its version. It is made once for each version
and type and shared by all who get it; the signature is made for each try, for it names that moment.
"""

from functools import lru_cache

import orjson

from zonewire.articles.model import Version, as_json, rfc3339
from zonewire.channels.limits import Limits
from zonewire.channels.replies import judge_status
from zonewire.delivery.messages import AlarmMessage, Endpoint, Message, NewsMessage, TestMessage
from zonewire.delivery.outcomes import Outcome
from zonewire.keys import sign
from zonewire.outbound.courier import HttpRequest, Reply

LIMITS = Limits()


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The signed POST of an article's news, of an alarm or a test. Raises TypeError for a letter."""
    if isinstance(message, NewsMessage):
        body = body_of(message.version, message.event_type, message.address)
    elif isinstance(message, TestMessage):
        body = _test_body(message.asked_at)
    elif isinstance(message, AlarmMessage):
        return _alarm(message, endpoint)
    else:
        raise TypeError(f"a webhook carries news, not a {type(message).__name__}")
    signed = _signed(endpoint, message.delivery_id, message.at, body)
    headers = (*signed, f"zonewire-sequence: {message.sequence}")
    return HttpRequest(endpoint.address, endpoint.host, headers, body)


def _alarm(message: AlarmMessage, endpoint: Endpoint) -> HttpRequest:
    body = orjson.dumps({"type": message.type, "timestamp": message.timestamp, "data": message.data})
    return HttpRequest(endpoint.address, endpoint.host, _signed(endpoint, message.delivery_id, message.at, body), body)


def _signed(endpoint: Endpoint, ident: str, at: int, body: bytes) -> tuple[str, ...]:
    return (
        "content-type: application/json",
        f"webhook-id: {ident}",
        f"webhook-timestamp: {at}",
        f"webhook-signature: {sign(endpoint.signing, ident, at, body)}",
    )


@lru_cache(maxsize=256)
def body_of(version: Version, event_type: str, address: str) -> bytes:
    """What is sent of *version*, whose page is at *address*; of a withdrawn one only what names it."""
    data = as_json(version.article) | {"url": address}
    if version.withdrawn:
        data = {key: data[key] for key in ("guid", "url", "title") if key in data}
    data["version"] = version.version
    return orjson.dumps({"type": event_type, "timestamp": rfc3339(version.accepted_at), "data": data})


def _test_body(asked_at: int) -> bytes:
    data = {"message": "This is a test: an operator asked Zonewire to send it. It is about no article."}
    return orjson.dumps({"type": "endpoint.test", "timestamp": rfc3339(asked_at), "data": data})


def judge(reply: Reply) -> Outcome:
    """The status line decides."""
    return judge_status(reply)
