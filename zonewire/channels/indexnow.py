"""IndexNow (https://www.indexnow.org/documentation): one engine is told, and tells Bing, Yandex, Naver and others.

New, changed and withdrawn articles alike; up to 10,000 addresses of one host in a request. The engine looks for the
key at https://HOST/KEY.txt before it believes us.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

import orjson

from zonewire.channels.limits import Limits
from zonewire.channels.verdicts import misset
from zonewire.delivery.messages import Endpoint, Message, UrlsMessage
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import HttpRequest, Reply

MOST_URLS = 10_000
REST_S = 300

LIMITS = Limits(Terms(rates=(Rate(10, 60),), merged=MOST_URLS, sorts=False, singles=0))

HEADERS = ("content-type: application/json; charset=utf-8",)


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The POST of some addresses of the site that *endpoint* stands for. Raises TypeError for anything else."""
    if not isinstance(message, UrlsMessage):
        raise TypeError(f"a search engine is told addresses, not a {type(message).__name__}")
    body = {"host": endpoint.address, "key": message.key, "urlList": list(message.urls)}
    return HttpRequest(message.service, urlsplit(message.service).netloc, HEADERS, orjson.dumps(body))


def judge(reply: Reply) -> Outcome:
    """The status line decides. Told twice is no harm: what got lost is told again."""
    status = reply.status
    match status:
        case HTTPStatus.OK | HTTPStatus.ACCEPTED:
            return Delivered(status)
        case HTTPStatus.BAD_REQUEST:
            return Never("HTTP 400: the engine could not read the request", status, has_plainer=True)
        case HTTPStatus.UNPROCESSABLE_ENTITY:
            return Never("HTTP 422: an address is not of this host, or the key does not fit", status, has_plainer=True)
        case HTTPStatus.FORBIDDEN:
            return misset("HTTP 403: the engine did not find the key at the site: serve it at /KEY.txt", status)
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Later("HTTP 429: told too much", status, reply.retry_after_s or REST_S, pauses_endpoint=True)
    return Later(f"HTTP {status}" if status else reply.error or "no answer", status)
