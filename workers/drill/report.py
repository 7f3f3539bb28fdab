"""What a drill came to, as an object and as lines for people (80 columns, no boxes, nothing lost without colour)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from textwrap import wrap
from typing import Any

from workers.drill.judge import Account, Finding, Sort
from workers.drill.plan import SETTINGS_IN_WORDS
from workers.drill.tracks import Made

WIDE = 80
SHOWN = 12
"""Findings of which a terminal is told; --json has all."""
TIMES_SHOWN = 3

WORDS = {
    "webhook": "webhooks",
    "email": "mails",
    "wecom": "WeCom robots",
    "dingtalk": "DingTalk robots",
    "feishu": "Feishu robots",
    "slack": "Slack robots",
    "digest": "digests",
    "websub": "hub's callbacks",
    "feeds": "feed documents",
}


@dataclass(slots=True, kw_only=True)
class Report:
    """All that is told of a drill."""

    seed: int
    seconds: int
    database: str
    receivers: dict[str, int] = field(default_factory=dict)
    published: dict[str, int] = field(default_factory=dict)  # events: articles, corrections, withdrawals, brought_back
    refused: dict[str, int] = field(default_factory=dict)  # answers to events that were not 202, or none
    faults: list[Made] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)  # what else went wrong
    healed_in_s: float | None = None  # from the end of the faults until nothing was owed
    stopped_in_s: float | None = None
    trails: dict[str, str] = field(default_factory=dict)  # of the first articles with findings
    kept: str | None = None  # the folder, if it was kept

    @property
    def total(self) -> Account:
        """All receivers together."""
        total = Account()
        for account in self.accounts.values():
            total.add(account)
        return total

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.total.findings and not self.odd

    @property
    def verdict(self) -> str:
        """One sentence."""
        total = self.total
        if self.is_clean:
            return f"Nothing was lost: {total.owed:,} owed, {total.sent:,} sent, none twice."
        wrong = [f"{n:,} {sort}" for sort in Sort if (n := total.count(sort))]
        wrong += [f"{len(self.odd)} more that should not be"] if self.odd else []
        return f"{', '.join(wrong)}: {total.owed:,} owed, {total.sent:,} sent."

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        total = self.total
        counts = {sort.name.lower(): total.count(sort) for sort in Sort}
        return {
            "verdict": self.verdict,
            "ok": self.is_clean,
            "seed": self.seed,
            "seconds": self.seconds,
            "database": self.database,
            "receivers": self.receivers,
            "published": self.published,
            "refused": self.refused,
            "owed": total.owed,
            "sent": total.sent,
            "again": total.again,
            "overtaken": total.overtaken,
            **counts,
            "by_kind": {name: _counts(account) for name, account in self.accounts.items()},
            "findings": [asdict(one) for one in total.findings],
            "odd": self.odd,
            "faults": [asdict(one) for one in self.faults],
            "healed_in_s": self.healed_in_s,
            "stopped_in_s": self.stopped_in_s,
            "trails": self.trails,
            "kept": self.kept,
        }


def _counts(account: Account) -> dict[str, int]:
    counts = {name: getattr(account, name) for name in ("owed", "sent", "again", "overtaken")}
    return counts | {sort.name.lower(): account.count(sort) for sort in Sort}


# -- for people --


def heading(report: Report) -> list[str]:
    """What is being done."""
    receivers = ", ".join(f"{n} {WORDS.get(name, name)}" for name, n in report.receivers.items())
    return [
        f"Zonewire drill, seed {report.seed}: {report.seconds} s of faults on {report.database}.",
        *wrap(f"Receivers: {receivers}.", WIDE),
        f"Set for this: {SETTINGS_IN_WORDS}.",
    ]


def lines(report: Report) -> list[str]:
    """All of it but the heading, the verdict last."""
    published = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in report.published.items())
    found = ["", *_faults(report.faults), "", *wrap(f"Published: {published}.", WIDE)]
    if report.refused:
        refused = ", ".join(f"{n} times {what}" for what, n in report.refused.items())
        found += wrap(f"Not taken at first, and sent again until they were: {refused}.", WIDE)
    found += ["", *_accounts(report.accounts), ""]
    if again := report.total.again:
        found += wrap(f"{again} came again under the same id, each after a try that had no answer.", WIDE)
    if report.healed_in_s is not None:
        found.append(f"Nothing was owed any more {report.healed_in_s:.1f} s after the last fault.")
    found += _wrong(report)
    return [*found, "", report.verdict]


def _faults(made: Sequence[Made]) -> list[str]:
    by_name: dict[str, list[Made]] = {}
    for one in made:
        by_name.setdefault(one.name, []).append(one)
    rows = [f"{'fault':29} {'times':>5}  {'begun at':14} {'again after':16} seen by"]
    for name, some in by_name.items():
        begun = _some([f"{one.at_s:.0f}" for one in some])
        rows.append(f"{name:29} {len(some):5}  {begun + ' s':14} {_healed(some):16} {_signs(some)}")
    return rows


def _healed(some: Sequence[Made]) -> str:
    times = [one.again_s for one in some if one.again_s is not None]
    late = len(some) - len(times)
    if late:
        return f"{late} not in time"
    if len(times) <= TIMES_SHOWN:
        return f"{_some([f'{one:.1f}' for one in times])} s"
    return f"{median(times):.1f} s, most {max(times):.1f}"


def _signs(some: Sequence[Made]) -> str:
    signs = {one.sign for one in some}
    return signs.pop() if len(signs) == 1 else "various"


def _some(words: Sequence[str]) -> str:
    return ", ".join(words) if len(words) <= TIMES_SHOWN else f"{words[0]}, {words[1]} … {words[-1]}"


def _accounts(accounts: Mapping[str, Account]) -> list[str]:
    sorts = (Sort.MISSING, Sort.TWICE, Sort.DISORDERED, Sort.STALE)
    titles = ("owed", "sent", "again", "missing", "twice", "disordered", "stale")
    rows = [f"{'to':15}" + "".join(f"{title:>{max(7, len(title)) + 1}}" for title in titles)]
    for name, account in accounts.items():
        counts = (account.owed, account.sent, account.again, *(account.count(sort) for sort in sorts))
        cells = (f"{n:>{max(7, len(title)) + 1},}" for n, title in zip(counts, titles, strict=True))
        rows.append(f"{WORDS.get(name, name):15}" + "".join(cells))
    return rows


def _wrong(report: Report) -> list[str]:
    findings = report.total.findings
    found = [""] if findings or report.odd else []
    found += [_line(one) for one in findings[:SHOWN]]
    if len(findings) > SHOWN:
        found.append(f"… and {len(findings) - SHOWN} more; --json has them all")
    found += report.odd
    for guid, trail in report.trails.items():
        found += ["", f"zonewire articles trail {guid}", *(f"  {line}" for line in trail.splitlines())]
    return found


def _line(one: Finding) -> str:
    detail = f" ({one.detail})" if one.detail else ""
    return f"{one.sort}: {one.guid} version {one.version}, {one.receiver}{detail}"
