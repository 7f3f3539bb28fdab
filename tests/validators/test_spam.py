"""No mail of ours looks like spam to SpamAssassin, for what it says and how it is made."""

from pathlib import Path

import pytest

from tests.gallery.mails import MAILS
from tests.gallery.newsroom import Newsroom
from tests.validators.spam import points_of, require_spamassassin, spam_faults
from zonewire.rendering.translation import LOCALES

pytestmark = pytest.mark.validators

SPAM = b"""From: <digest@wire.example>
To: li@mail.example
Subject: ACT NOW AND GET YOUR MILLION DOLLARS FREE
Message-ID: <1@wire.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><body>Click here</body></html>
"""


def test_no_mail_is_given_points_for_what_it_is(newsroom: Newsroom, tmp_path: Path) -> None:
    require_spamassassin()
    mails = {f"{mail} ({locale})": mail.sent(newsroom, locale) for mail in MAILS for locale in LOCALES}
    points = points_of(mails, tmp_path)
    faults = {name: spam_faults(given) for name, given in points.items()}
    assert {name: found for name, found in faults.items() if found} == {}


def test_what_looks_like_spam_is_found(tmp_path: Path) -> None:
    require_spamassassin()
    assert any("MISSING_DATE" in fault for fault in spam_faults(points_of({"spam": SPAM}, tmp_path)["spam"]))
