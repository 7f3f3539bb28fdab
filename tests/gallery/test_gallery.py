"""The gallery shows what there is, in one page."""

from pathlib import Path

import pytest
from lxml import html as markup

from tests.chromium import MISSING, chromium
from tests.gallery.__main__ import write_gallery
from tests.gallery.chats import CHATS, Chat
from tests.gallery.mails import MAILS, html_of
from tests.gallery.newsroom import a_newsroom
from tests.gallery.pages import PAGES, Page
from zonewire import ROOT
from zonewire.rendering.environment import environment
from zonewire.rendering.translation import LOCALES


@pytest.mark.slow
def test_every_template_that_people_see_is_shown(tmp_path: Path) -> None:
    templates = ROOT / "templates"
    there = {str(path.relative_to(templates)) for path in templates.glob("public/*.html")}
    there |= {str(path.relative_to(templates)) for path in templates.glob("email/*/*")}
    there |= {str(path.relative_to(templates)) for path in templates.glob("robots/**/*.*")}
    there.add("desk/chats.html")
    shown = environment().cache
    assert shown is not None
    shown.clear()
    with a_newsroom(tmp_path) as room:
        for locale in LOCALES:
            shown_pages: list[Page | Chat] = [*PAGES, *CHATS]
            assert [str(page) for page in shown_pages if page.open(room, locale).status_code != page.status] == []
            assert all(mail.sent(room, locale) for mail in MAILS)
    assert there - {name for _, name in shown.keys()} == set()  # noqa: SIM118 - a cache of Jinja is no dict


def test_nothing_of_a_hostile_article_becomes_markup_and_no_mail_is_cut_by_gmail(tmp_path: Path) -> None:
    with a_newsroom(tmp_path) as room:
        pages = {str(page): page.open(room, "zh-CN").text for page in PAGES}
        mails = {str(mail): html_of(mail.sent(room, "zh-CN")) for mail in MAILS}
        chats = {str(chat): chat.open(room, "zh-CN").text for chat in CHATS}
    for name, html in (pages | mails | chats).items():
        tree = markup.document_fromstring(html)
        assert all(script.get("src", "").startswith("/static/") for script in tree.iter("script")), name
        assert [
            bold.text for bold in tree.iter("b") if "一号" in str(bold.text) or "集成电路" in str(bold.text)
        ] == [], name
    assert {name: len(html.encode()) for name, html in mails.items() if len(html.encode()) > 90_000} == {}


@pytest.mark.browser
def test_it_has_each_state_in_every_look(tmp_path: Path) -> None:
    if not chromium():
        pytest.skip(MISSING)
    index = write_gallery(tmp_path / "gallery", ["hub, what it is", "news, as it happens", "greeting, usual"])
    page = markup.document_fromstring(index.read_text())
    assert [heading.get("id") for heading in page.iter("h2")] == ["page-hub", "chat-greeting", "mail-news"]
    pictures = [str(picture.get("src")) for picture in page.iter("img")]
    assert len(pictures) == 2 * 4 + 2 * 4 + 2 * 5  # a mail without its pictures too
    assert all((index.parent / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    assert "合肥高新区" in index.read_text()
