"""Baidu's push of addresses (普通收录, https://ziyuan.baidu.com/linksubmit): a line each, up to 2,000 in a request.

There is a quota of addresses a day, and every answer says what remains of it: at nought nothing is pushed until
midnight in China. An address that Baidu does not take is told apart from those of the same request that it took.
"""

from urllib.parse import quote, urlsplit

from zonewire.channels.limits import Limits
from zonewire.channels.verdicts import Verdict, again, answer_of, bad, misset, spent, until_tomorrow
from zonewire.delivery.messages import Endpoint, Message, UrlsMessage
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome
from zonewire.delivery.paces import Rate, Terms
from zonewire.outbound.courier import HttpRequest, Reply

MOST_URLS = 2_000

LIMITS = Limits(Terms(rates=(Rate(10, 60),), merged=MOST_URLS, sorts=False, singles=0))

_BAD_SITE = (misset, "the site is not the one that was verified there")
ERRORS: dict[int, tuple[Verdict, str]] = {
    400: (bad, ""),
    401: (misset, "mend BAIDU_TOKEN"),
    404: (bad, "Baidu does not know this way of pushing"),
    411: (bad, "Baidu wants the length of the request"),
    413: (bad, "the request is too long"),
    422: (bad, "Baidu could not read the request"),
    500: (again, "Baidu is busy"),
}

HEADERS = ("content-type: text/plain",)


def build(message: Message, endpoint: Endpoint) -> HttpRequest:
    """The POST of some addresses of the site that *endpoint* stands for. Raises TypeError for anything else."""
    if not isinstance(message, UrlsMessage):
        raise TypeError(f"a search engine is told addresses, not a {type(message).__name__}")
    scheme = urlsplit(message.urls[0]).scheme
    site = quote(f"{scheme}://{endpoint.address}", safe="")
    url = f"{message.service}?site={site}&token={quote(message.key, safe='')}"
    return HttpRequest(url, urlsplit(message.service).netloc, HEADERS, "\n".join(message.urls).encode())


def judge(reply: Reply) -> Outcome:
    """How the request as a whole was taken."""
    status, answer = reply.status, answer_of(reply.body)
    if isinstance(answer.get("success"), int):
        if not answer["success"] and not (answer.get("not_same_site") or answer.get("not_valid")):
            return spent("success 0: the day's quota is used up", status)
        return Delivered(status, rests_s=0 if answer.get("remain", 1) else until_tomorrow())
    code, said = answer.get("error"), str(answer.get("message", ""))[:160]
    if code is None:
        return Later(f"HTTP {status}: an answer without a count" if status else reply.error or "no answer", status)
    if code == 400 and "quota" in said:
        return spent(f"error 400: {said}", status)
    verdict, remark = _BAD_SITE if code == 400 and "site" in said else ERRORS.get(code, (again, ""))
    return verdict(f"error {code}: {remark or said}" + (f" ({said})" if remark and said else ""), status)


def judge_url(reply: Reply, url: str, *, alone: bool) -> Outcome:
    """How one address of a request was taken. Where the day's quota has not room for all, fewer come next time."""
    answer = answer_of(reply.body)
    for name, why in (("not_same_site", "is not of the verified site"), ("not_valid", "is no address for it")):
        if url in answer.get(name, ()):
            return Never(f"{name}: Baidu says that this {why}", reply.status)
    outcome = judge(reply)
    if not alone and isinstance(outcome, Later) and outcome.pauses_endpoint:
        return Never(outcome.error, outcome.status, has_plainer=True)
    return outcome
