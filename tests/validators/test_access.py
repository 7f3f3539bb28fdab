"""axe finds nothing on any page or mail, at phone and desktop width, by day and by night, in both languages."""

import pytest

from tests.chromium import Stage
from tests.gallery.mails import MAILS, Mail, html_of
from tests.gallery.newsroom import Newsroom
from tests.gallery.pages import PAGES, Page
from tests.validators.access import access_faults
from tests.validators.waiting import marked
from zonewire.rendering.translation import LOCALES

pytestmark = pytest.mark.browser

PAGES_WAIT = {"article, all too long": "a table that scrolls sideways cannot be reached by keyboard in every browser"}
_WIDE = "a word that is longer than a line makes the mail wider than the screen"
MAILS_WAIT = {
    "digest, fuller than a mail may be": "the link to the whole edition stands in text and has no underline",
    "digest, all too long": _WIDE,
    "news, all too long": _WIDE,
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", marked(PAGES, PAGES_WAIT))
def test_a_page_can_be_read_and_used_by_all(newsroom: Newsroom, stage: Stage, page: Page, locale: str) -> None:
    answer = page.open(newsroom, locale)
    stage.show(answer.url, answer.text, headers=answer.headers)
    assert access_faults(stage, locale) == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mail", marked(MAILS, MAILS_WAIT))
def test_a_mail_can_be_read_by_all(newsroom: Newsroom, stage: Stage, mail: Mail, locale: str) -> None:
    stage.show("https://mail.example/", html_of(mail.sent(newsroom, locale)))
    assert access_faults(stage, locale, is_mail=True) == []


def test_what_keeps_somebody_out_is_found(stage: Stage) -> None:
    grey = '<p style="color: #aaa; width: 500px">grey</p>'
    stage.show("https://mail.example/", f"<!doctype html><html><head><title>a</title></head><body>{grey}</body></html>")
    found = access_faults(stage)
    assert [
        rule
        for rule in ("html-has-lang", "color-contrast", "scrolled sideways")
        if not any(rule in one for one in found)
    ] == []
