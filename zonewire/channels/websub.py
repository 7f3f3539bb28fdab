"""What our WebSub hub sends (https://www.w3.org/TR/websub/): documents to callbacks, and questions to them.

A notice is the topic's whole document, byte for byte and typed as a GET without negotiation returns it (§7), signed
where the subscriber gave a secret (§7.1). A question is a GET whose answer must repeat the challenge (§5.3.1). Hubs of
others are told that a topic has changed, in the form that they take by custom: `hub.mode=publish`.
"""

import hmac
from http import HTTPStatus
from urllib.parse import urlencode

from zonewire.channels.limits import Limits
from zonewire.channels.replies import judge_status
from zonewire.delivery.messages import Endpoint, IntentMessage, Message, NoticeMessage, PingMessage
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.delivery.states import Kind
from zonewire.outbound.courier import HttpRequest, Reply

LIMITS = Limits()

_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The request of a notice, a question, a denial or a ping. Raises TypeError for what no hub sends."""
    match message:
        case NoticeMessage():
            return HttpRequest(endpoint.address, endpoint.host, _headers(message), message.body)
        case IntentMessage():
            return HttpRequest(_asking(endpoint.address, message), endpoint.host, ("accept: */*",), None)
        case PingMessage():
            form = urlencode({"hub.mode": "publish", "hub.url": message.topic, "hub.topic": message.topic})
            headers = ("content-type: application/x-www-form-urlencoded",)
            return HttpRequest(endpoint.address, endpoint.host, headers, form.encode())
    raise TypeError(f"a hub sends documents, not a {type(message).__name__}")


def _headers(notice: NoticeMessage) -> tuple[str, ...]:
    headers = (
        f"content-type: {notice.content_type}",
        f'link: <{notice.hub}>; rel="hub", <{notice.topic}>; rel="self"',
    )
    if notice.secret is None:
        return headers
    return (*headers, f"x-hub-signature: sha256={hmac.digest(notice.secret, notice.body, 'sha256').hex()}")


def _asking(callback: str, message: IntentMessage) -> str:
    """*callback* with the question behind it; what it has in its query stays as it is."""
    fields = {"hub.mode": message.mode, "hub.topic": message.topic}
    if message.challenge:
        fields["hub.challenge"] = message.challenge
    if message.lease_s is not None:
        fields["hub.lease_seconds"] = str(message.lease_s)
    if message.reason:
        fields["hub.reason"] = message.reason
    return f"{callback}{'&' if '?' in callback else '?'}{urlencode(fields)}"


def judge(reply: Reply) -> Outcome:
    """How a notice or a ping was taken: the status line decides."""
    return judge_status(reply)


def judge_intent(reply: Reply, kind: Kind, challenge: str) -> Outcome:
    """How a question was answered: with 2xx and *challenge*, nothing else, where it was meant (§5.3.1).

    A denial asks nothing, so any answer to it will do.
    """
    status = reply.status
    if kind == Kind.DENIAL and status:
        return Delivered(status)
    if 200 <= status < 300:
        if challenge and reply.body == challenge.encode():
            return Delivered(status)
        return Later("the callback did not repeat the challenge", status)
    if status in _GONE:
        return Never(f"HTTP {status}: the callback did not ask for this", status)
    if status:
        return Later(f"HTTP {status}", status)
    return Unknown(reply.error or "no answer came") if reply.lost else Later(reply.error or "no answer")
