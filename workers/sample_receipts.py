"""Webhooks that came to the sample desk: what each said, the newest kept, the same id once."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import orjson

KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One webhook that came."""

    id: str  # webhook-id: the delivery's
    verified: bool
    type: str
    title: str
    url: str  # of the article; "" where it has none that can be linked
    language: str
    version: int | None
    sequence: str  # zonewire-sequence
    received_at: int  # microseconds
    times: int = 1  # how often this id came


@dataclass(slots=True)
class Receipts:
    """The newest KEPT receipts, each id once."""

    _kept: "OrderedDict[str, Receipt]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, receipt: Receipt) -> None:
        """Keep *receipt*; where its id is here already, only count it. What is not verified never replaces."""
        key = receipt.id if receipt.verified else f"unverified {receipt.id}"
        with self._lock:
            known = self._kept.get(key)
            self._kept[key] = replace(known, times=known.times + 1) if known else receipt
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def newest_first(self) -> list[Receipt]:
        """What is kept now."""
        with self._lock:
            return list(reversed(self._kept.values()))


def receipt_of(body: bytes, *, ident: str, verified: bool, sequence: str) -> Receipt | None:
    """What a body says; None where it is no webhook of ours."""
    try:
        push = orjson.loads(body)
        data = push["data"]
        url, version = str(data.get("url", "")), data.get("version")
        return Receipt(
            id=ident[:200],
            verified=verified,
            type=str(push["type"])[:80],
            title=str(data.get("title") or data["guid"])[:300],
            url=url if urlsplit(url).scheme in {"http", "https"} else "",
            language=str(data.get("language", "zh-CN"))[:20],
            version=version if isinstance(version, int) else None,
            sequence=sequence[:20],
            received_at=time.time_ns() // 1_000,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
