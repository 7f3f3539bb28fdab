"""The judge of digests: each article once as a story, what changed since under corrections, and nothing left out."""

from collections import Counter
from collections.abc import Sequence

from workers.drill.audience import Receiver
from workers.drill.board import Receipt
from workers.drill.judge import Account, Finding, Sort, Unanswered
from workers.drill.model import History
from workers.drill.newsroom import News, guid_of


def judge_digests(receiver: Receiver, receipts: Sequence[Receipt], history: History, unanswered: Unanswered) -> Account:
    """How a reader of digests came off, the last of which was cut when everything had been accepted."""
    account = Account()
    mails = list(dict.fromkeys(one.ident for one in receipts))
    for versions in history.values():
        newest = versions[-1]
        if newest.zone not in receiver.zone:
            continue
        of_it = [one for one in receipts if one.number == newest.number]
        stories = list(dict.fromkeys(one.ident for one in of_it if not one.is_correction))
        if len(stories) > 1 and not any(news.withdrawn for news in versions):
            account.findings.append(_finding(Sort.TWICE, receiver, newest, "a story in more than one digest"))
        if newest.withdrawn and (not stories or stories == mails[-1:]):
            continue  # nobody has to be told
        account.owed += 1
        if any(one.text_version == newest.text_version and one.withdrawn == newest.withdrawn for one in of_it):
            account.sent += 1
        else:
            account.findings.append(_finding(Sort.MISSING, receiver, newest, "in no digest"))
    account.findings += _strangers(receiver, receipts, history)
    _count_repeats(account, receiver, receipts, unanswered)
    return account


def _strangers(receiver: Receiver, receipts: Sequence[Receipt], history: History) -> list[Finding]:
    """What stands in a digest and is of another zone."""
    return [
        _finding(Sort.UNASKED, receiver, versions[-1])
        for number in dict.fromkeys(one.number for one in receipts)
        if (versions := history.get(number)) and versions[-1].zone not in receiver.zone
    ]


def _count_repeats(account: Account, receiver: Receiver, receipts: Sequence[Receipt], unanswered: Unanswered) -> None:
    """A mail that came again brings all that is in it again."""
    times: Counter[str] = Counter()
    for (ident, *_), n in Counter((one.ident, one.what, one.is_correction) for one in receipts).items():
        times[ident] = max(times[ident], n)
    for ident, n in times.items():
        account.again += n - 1
        first = next(one for one in receipts if one.ident == ident)
        if n - 1 > unanswered.of(first):
            account.findings.append(
                Finding(
                    sort=Sort.TWICE,
                    receiver=receiver.name,
                    to=receiver.to,
                    guid=guid_of(first.number),
                    version=first.version,
                    detail=f"the digest {ident} came again, and no try had ended without an answer",
                )
            )


def _finding(sort: Sort, receiver: Receiver, news: News, detail: str = "") -> Finding:
    return Finding(
        sort=sort, receiver=receiver.name, to=receiver.to, guid=news.guid, version=news.version, detail=detail
    )
