"""axe finds nothing on any page, mail or chat, at phone and desktop width, by day and by night, in both languages."""

import pytest

from tests.chromium import Stage
from tests.gallery.chats import CHATS, Chat
from tests.gallery.mails import MAILS, Mail, html_of
from tests.gallery.newsroom import Newsroom
from tests.gallery.pages import PAGES, Page
from tests.validators.access import access_faults
from zonewire.rendering.translation import LOCALES

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", [*PAGES, *CHATS], ids=str)
def test_a_page_can_be_read_and_used_by_all(newsroom: Newsroom, stage: Stage, page: Page | Chat, locale: str) -> None:
    answer = page.open(newsroom, locale)
    stage.show(answer.url, answer.text, headers=answer.headers)
    assert access_faults(stage, locale) == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mail", MAILS, ids=str)
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
