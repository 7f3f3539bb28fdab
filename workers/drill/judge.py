"""The judge: what receivers got, held against what they were owed. The ledger only explains what came again."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from workers.drill.audience import Receiver
from workers.drill.board import Receipt, Version
from workers.drill.model import History, owed, was_asked_for
from workers.drill.newsroom import News, guid_of


class Sort(StrEnum):
    """What can be wrong."""

    MISSING = "missing"  # owed, and never came
    TWICE = "twice"  # under a second id, or again where no try had ended without an answer
    DISORDERED = "out of order"  # an older version after a newer one
    STALE = "stale"  # another text than that version's, or an old one that is shown for the newest
    UNASKED = "unasked"  # to somebody whose filter does not pass it, and who has nothing older
    UNSIGNED = "unsigned"  # the signature does not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    sort: Sort
    receiver: str
    to: str
    guid: str
    version: int
    detail: str = ""


@dataclass(slots=True)
class Account:
    """How one receiver, or all of a kind, came off."""

    owed: int = 0
    sent: int = 0  # of what is owed
    overtaken: int = 0  # older versions that came before the newest did
    again: int = 0  # came once more under the same id, after a try without an answer
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Account") -> None:
        """Take *other* in."""
        self.owed += other.owed
        self.sent += other.sent
        self.overtaken += other.overtaken
        self.again += other.again
        self.findings += other.findings

    def count(self, sort: Sort) -> int:
        """How many findings there are of a sort."""
        return sum(1 for one in self.findings if one.sort is sort)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """How many tries ended without an answer, as the ledger has it."""

    by_ident: Mapping[str, int] = field(default_factory=dict)
    by_card: Mapping[tuple[str, Version], int] = field(default_factory=dict)  # (robot's name, version): it has no id

    def of(self, receipt: Receipt) -> int:
        """Of the delivery that *receipt* is of."""
        if receipt.ident:
            return self.by_ident.get(receipt.ident, 0)
        return self.by_card.get((receipt.receiver, receipt.what), 0)

    def may_have(self, receiver: str, news: News) -> bool:
        """Whether a try at an older version, at that receiver, ended without an answer."""
        return any(self.by_card.get((receiver, (news.number, older)), 0) for older in range(1, news.version))


def judge(receiver: Receiver, receipts: Sequence[Receipt], history: History, unanswered: Unanswered) -> Account:
    """How *receiver* of instant news came off, who got *receipts*, in this order."""
    case = _Case(receiver, history, unanswered)
    for receipt in receipts:
        case.hear(receipt)
    case.close()
    return case.account


@dataclass(slots=True)
class _Case:
    """One receiver, looked at receipt by receipt."""

    receiver: Receiver
    history: History
    unanswered: Unanswered
    account: Account = field(default_factory=Account)
    _idents: dict[Version, str] = field(default_factory=dict)
    _versions: dict[str, Version] = field(default_factory=dict)  # by id
    _times: Counter[tuple[Version, str]] = field(default_factory=Counter)  # with the id that it came under
    _had: set[Version] = field(default_factory=set)
    _newest: dict[int, int] = field(default_factory=dict)

    def hear(self, receipt: Receipt) -> None:
        """Look at what came next."""
        news = self._news_of(receipt)
        if not receipt.is_signed:
            self._find(Sort.UNSIGNED, receipt.what)
        if news is None:
            self._find(Sort.STALE, receipt.what, "nobody published this")
            return
        if (receipt.text_version, receipt.withdrawn) != (news.text_version, news.withdrawn):
            self._find(Sort.STALE, receipt.what, f"it shows the text of version {receipt.text_version}")
        if receipt.version < self._newest.get(receipt.number, 0):
            self._find(Sort.DISORDERED, receipt.what, f"after version {self._newest[receipt.number]}")
        self._newest[receipt.number] = max(receipt.version, self._newest.get(receipt.number, 0))
        self._look_at_ident(receipt)
        if receipt.what not in self._had:
            self._look_whether_asked_for(news)
        self._had.add(receipt.what)

    def close(self) -> None:
        """Everything has come that ever will."""
        for news in owed(self.receiver, self.history, self._had):
            self.account.owed += 1
            if (news.number, news.version) in self._had:
                self.account.sent += 1
            else:
                self._find(Sort.MISSING, (news.number, news.version))
        self.account.overtaken = len(self._had) - self.account.sent
        self.account.again = self._times.total() - len(self._times)

    def _news_of(self, receipt: Receipt) -> News | None:
        versions = self.history.get(receipt.number, ())
        return versions[receipt.version - 1] if 0 < receipt.version <= len(versions) else None

    def _look_at_ident(self, receipt: Receipt) -> None:
        """A version comes under one id, an id is one version's; and again only after a try without an answer."""
        what, ident = receipt.what, receipt.ident
        first = self._idents.setdefault(what, ident)
        if first != ident and not self._times[what, ident]:
            self._find(Sort.TWICE, what, f"under the ids {first} and {ident}")
        if ident and self._versions.setdefault(ident, what) != what:
            self._find(Sort.TWICE, what, f"under the id of another, {ident}")
        self._times[what, ident] += 1
        if self._times[what, ident] - 1 > self.unanswered.of(receipt):
            self._find(Sort.TWICE, what, "again, and no try had ended without an answer")

    def _look_whether_asked_for(self, news: News) -> None:
        if was_asked_for(self.receiver, news, self._had):
            return
        if not self.unanswered.may_have(self.receiver.name, news):
            self._find(Sort.UNASKED, (news.number, news.version))

    def _find(self, sort: Sort, what: Version, detail: str = "") -> None:
        number, version = what
        self.account.findings.append(
            Finding(
                sort=sort,
                receiver=self.receiver.name,
                to=self.receiver.to,
                guid=guid_of(number),
                version=version,
                detail=detail,
            )
        )
