"""What is told of a drill: one sentence, tables that fit, and who has lost what, by name."""

import pytest

from tests.workers.drill.builders import a_receiver
from workers.drill.judge import Account, Finding, Sort
from workers.drill.report import Report, heading, lines
from workers.drill.tracks import Made


def a_report(*findings: Finding, **over: object) -> Report:
    account = Account(owed=1_204, sent=1_204 - len(findings), again=3, findings=list(findings))
    report = Report(seed=7, seconds=60, database="SQLite", accounts={"webhook": account, "email": Account()})
    for name, value in over.items():
        setattr(report, name, value)
    return report


def a_finding(sort: Sort) -> Finding:
    receiver = a_receiver()
    guid = "https://drill.example/news/0012"
    return Finding(sort=sort, receiver=receiver.name, to=receiver.to, guid=guid, version=2)


def a_fault(name: str, at_s: float, again_s: float | None) -> Made:
    return Made(name=name, at_s=at_s, lasted_s=0.1, sign="new push", again_s=again_s)


def test_when_all_is_well_one_sentence_says_so() -> None:
    report = a_report()

    assert report.is_clean
    assert lines(report)[-1] == "Nothing was lost: 1,204 owed, 1,204 sent, none twice."


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (a_report(a_finding(Sort.MISSING)), "1 missing: 1,204 owed, 1,203 sent."),
        (a_report(a_finding(Sort.TWICE), a_finding(Sort.STALE)), "1 twice, 1 stale: 1,204 owed, 1,202 sent."),
        (a_report(odd=["it did not stop"]), "1 more that should not be: 1,204 owed, 1,204 sent."),
    ],
)
def test_what_is_wrong_is_counted_in_the_sentence(report: Report, verdict: str) -> None:
    assert not report.is_clean
    assert lines(report)[-1] == verdict
    assert report.as_json()["ok"] is False


def test_what_is_missing_is_named_with_its_trail() -> None:
    guid = "https://drill.example/news/0012"
    report = a_report(a_finding(Sort.MISSING), trails={guid: "version 2  accepted\n"})

    told = "\n".join(lines(report))

    assert f"missing: {guid} version 2, webhook 1" in told
    assert f"zonewire articles trail {guid}\n  version 2  accepted" in told


def test_every_line_fits_a_terminal_and_a_fault_that_did_not_heal_is_told() -> None:
    faults = [a_fault("SMTP server loses its answer", 10.0 * n, 0.4 * n) for n in range(1, 8)]
    faults += [a_fault("worker of push.robot killed", 600.0, None)]
    report = a_report(faults=faults, receivers={"webhook": 24, "email": 24, "wecom": 6, "dingtalk": 6, "feishu": 6})

    told = heading(report) + lines(report)

    assert max(map(len, told)) <= 80
    assert any("10, 20 … 70 s" in line and "1.6 s, most 2.8" in line for line in told)
    assert any("push.robot" in line and "not in time" in line for line in told)
