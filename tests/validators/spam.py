"""SpamAssassin over whole mails, all in one run of it, without the network: what each is given for what it is."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

MOST = 0.5
"""More points than this for one rule are a fault."""
ENVIRONMENT = {
    "DATE_IN_FUTURE_03_06": "a mail that is late here has a date behind that of RECEIVED",
    "RCVD_ILLEGAL_IP": "the relay of these tests has an address that is set aside for documents (RFC 5737)",
    "NO_DNS_FOR_FROM": "wire.example is in no DNS",
    "DKIM_ADSP_NXDOMAIN": "the same",
    "NO_RELAYS": "whoever is given a mail without a way that it came",
    "UNPARSEABLE_RELAY": "the same",
}
"""Rules that judge the way a mail came and not the mail."""
RECEIVED = b"""Return-Path: <digest@wire.example>
Received: from mail.wire.example (mail.wire.example [203.0.113.25])
\tby mx.mail.example with ESMTPS id 4Wq1Zb0000z1
\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))
\tfor <li@mail.example>; Sat, 06 Jun 2026 00:00:02 +0000
"""
OPTIONS = ("use_bayes 0", "report_safe 0", "add_header all Points _TESTSSCORES(,)_")


def require_spamassassin() -> None:
    """Skip where there is none."""
    if not shutil.which("spamassassin"):
        pytest.skip("no spamassassin here (Debian: spamassassin): no mail is judged as spam")


def points_of(mails: Mapping[str, bytes], folder: Path) -> dict[str, dict[str, float]]:
    """By name of a mail, the points that each rule gives it."""
    paths = {}
    for n, (name, mail) in enumerate(mails.items()):
        paths[name] = folder / f"{n}.eml"
        paths[name].write_bytes(f"X-Number: {n}\n".encode() + RECEIVED + mail.replace(b"\r\n", b"\n"))
    settings = [f"--cf={option}" for option in OPTIONS]
    command = ["spamassassin", "-t", "-L", "-x", *settings, *map(str, paths.values())]
    said = subprocess.run(command, capture_output=True, timeout=100, check=True).stdout.decode(errors="replace")
    found = re.findall(r"^X-Spam-Points: ((?:.*\n[ \t]+)*.*)\nX-Number: (\d+)$", said, re.MULTILINE)
    names = list(paths)
    points = {names[int(n)]: _read(scores) for scores, n in found}
    assert set(points) == set(mails), "SpamAssassin said nothing about some mails"
    return points


def spam_faults(points: Mapping[str, float]) -> list[str]:
    """The rules that find something bad in the mail itself."""
    return [f"{rule}: {given}" for rule, given in points.items() if given > MOST and rule not in ENVIRONMENT]


def _read(scores: str) -> dict[str, float]:
    pairs = (pair.split("=") for pair in re.sub(r"\s", "", scores).split(",") if "=" in pair)
    return {rule: float(given) for rule, given in pairs}
