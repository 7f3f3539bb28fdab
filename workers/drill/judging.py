"""Brings everything before the judges: what was accepted, what came, and what the ledger knows of tries unanswered."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import requests

from workers.drill.audience import DIGEST, Receiver
from workers.drill.board import Board, Version
from workers.drill.installation import Installation, InstallationFailed
from workers.drill.judge import Account, Finding, Unanswered, judge
from workers.drill.judge_digests import judge_digests
from workers.drill.judge_documents import judge_document
from workers.drill.newsroom import SITE
from zonewire.delivery.addresses import normalised
from zonewire.delivery.unanswered import list_unanswered
from zonewire.store import Store
from zonewire.store.migrate import installation_number

TRAILS = 3
"""Articles whose trails are told."""
FORMATS = ("rss", "atom", "json")


@dataclass(slots=True)
class Judging:
    """A drill that is over."""

    audience: Sequence[Receiver]
    callbacks: Sequence[str]
    board: Board
    installation: Installation
    store: Store

    def accounts(self) -> dict[str, Account]:
        """How each kind of receivers came off."""
        history, receipts, unanswered = self.board.history(), self.board.receipts(), self._unanswered()
        found: dict[str, Account] = {}
        for one in self.audience:
            judged = judge_digests if one.counted_as == DIGEST else judge
            account = judged(one, receipts.get(one.name, []), history, unanswered)
            found.setdefault(one.counted_as, Account()).add(account)
        return found | {"websub": self._of_callbacks(), "feeds": self._of_feeds()}

    def trails(self, findings: Sequence[Finding]) -> dict[str, str]:
        """`articles trail` of the first articles that something is wrong with, at the receiver where it is."""
        found: dict[str, str] = {}
        for one in findings:
            if len(found) < TRAILS and one.guid not in found:
                to = ("--to", one.to) if one.receiver.startswith(("webhook", "reader", "digest")) else ()
                with contextlib.suppress(InstallationFailed):
                    found[one.guid] = self.installation.command("articles", "trail", one.guid, *to)
        return found

    def _of_callbacks(self) -> Account:
        documents, accepted = self.board.documents(), self.board.accepted()
        total = Account()
        for n, address in enumerate(self.callbacks, 1):
            document = documents.get(f"callback {n}")
            body = None if document is None else document.body
            total.add(judge_document(f"callback {n}", address, body, accepted))
        return total

    def _of_feeds(self) -> Account:
        total = Account()
        with requests.Session() as session:
            session.trust_env = False
            for form in FORMATS:
                address = f"{self.installation.url}/feeds/all.{form}"
                body = session.get(address, timeout=30).content
                total.add(judge_document(f"all.{form}", address, body, self.board.accepted()))
        return total

    def _unanswered(self) -> Unanswered:
        """By id; and by receiver and version, since robots have no ids. Addresses of robots are shown in part."""
        names = {_shown(one): one.name for one in self.audience}
        with self.store.reading() as db:
            rows = list_unanswered(db, installation=installation_number(db))
        by_ident: dict[str, int] = {}
        by_card: dict[tuple[str, Version], int] = {}
        for row in rows:
            by_ident[row.id] = row.times
            if row.guid is not None and row.version is not None and (name := names.get((row.channel, row.to))):
                number = int(row.guid.removeprefix(f"{SITE}/news/"))
                by_card[name, (number, row.version)] = row.times
        return Unanswered(by_ident, by_card)


def _shown(receiver: Receiver) -> tuple[str, str]:
    return receiver.channel, normalised(receiver.channel, receiver.to).shown
