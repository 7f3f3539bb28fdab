"""Every page passes html-validate, every mail caniemail, in both languages and every state of the gallery."""

import pytest

from tests.gallery.chats import CHATS, Chat
from tests.gallery.mails import MAILS, Mail, html_of
from tests.gallery.newsroom import Newsroom
from tests.gallery.pages import PAGES, Page
from tests.validators.allowances import CLIENTS
from tests.validators.judges import html_faults, mail_faults, require_judges
from zonewire.rendering.translation import LOCALES

pytestmark = pytest.mark.validators


@pytest.fixture(autouse=True)
def judges() -> None:
    require_judges()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("page", [*PAGES, *CHATS], ids=str)
def test_a_page_is_valid(newsroom: Newsroom, page: Page | Chat, locale: str) -> None:
    answer = page.open(newsroom, locale)
    assert (answer.status_code, answer.headers["Content-Language"]) == (page.status, locale)
    assert html_faults(answer.text) == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("mail", MAILS, ids=str)
def test_a_mail_is_shown_by_the_programs_that_readers_have(newsroom: Newsroom, mail: Mail, locale: str) -> None:
    html = html_of(mail.sent(newsroom, locale))
    faults = {client: mail_faults(html, client) for client in CLIENTS}
    assert {client: found for client, found in faults.items() if found} == {}


def test_what_is_no_good_page_is_found() -> None:
    faults = html_faults("<!doctype html><html><body><p><img src=x><div></p></body></html>")
    assert [rule for rule in ("wcag/h37", "close-order", "attr-quotes") if not any(rule in one for one in faults)] == []


@pytest.mark.parametrize(
    ("style", "client", "fault"),
    [
        ("display: grid", "outlook.windows", "display:grid: none"),
        ("background-image: url(https://a.example/a.png)", "outlook.windows", "background-image"),
        ("position: sticky", "gmail.ios", "position: none"),
        ("margin: 0 auto", "outlook.windows", "no margin is negative or auto"),
        ("padding: 8px", "outlook.windows", "padding is done on cells only"),
    ],
)
def test_what_a_program_cannot_show_is_found(style: str, client: str, fault: str) -> None:
    faults = mail_faults(f'<html><body><div style="{style}">x</div></body></html>', client)
    assert any(fault in one for one in faults), faults
