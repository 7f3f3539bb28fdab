"""The page that shows an edition as an article for a WeChat Official Account, and copies it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from lxml import html as markup
from sqlalchemy import insert

from tests.builders import NOON, a_version, an_article, an_edition
from tests.simulators.wechat_html import faults
from tests.web.faces import a_face
from tests.web.readers import page_of, text_of
from tests.web.serving import serve
from tests.web.tabs import a_tab, needs_chromium
from web.app import create_app
from zonewire.articles.model import Image, Version
from zonewire.delivery.mailing import Mailing
from zonewire.digests.windows import Role
from zonewire.feeds import Catalogue
from zonewire.filters import Filter, intern
from zonewire.keys import KeyRing
from zonewire.rendering.portal import Portal
from zonewire.store import Store
from zonewire.store.tables import edition_versions

CLIPBOARD = ("clipboard-read", "clipboard-write")
READ_RICH = """async () => {
  const [item] = await navigator.clipboard.read();
  const read = async (type) => (await item.getType(type)).text();
  return [await read("text/html"), await read("text/plain")];
}"""
BACKGROUND_OF_SIGNATURE = """
() => getComputedStyle(document.querySelector("#article section[style*=background-color]")).backgroundColor
"""
REFUSE_ALL = """
Object.defineProperty(navigator, "clipboard", { value: undefined });
document.execCommand = () => false;
"""
WITHOUT_CLIPBOARD = 'navigator.clipboard.write = () => Promise.reject(new Error("refused"));'


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(("a key of the tests that is long enough",))


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


def carried(store: Store, *versions: Version, locale: str = "zh-CN") -> int:
    with store.writing() as db:
        edition = an_edition(db, filter_id=intern(db, Filter(cities=("泰州",))), created_at=NOON, locale=locale)
        rows = [{"edition_id": edition, "number": one.number, "role": Role.STORY} for one in versions]
        db.execute(insert(edition_versions), rows)
        return edition


def accepted(store: Store, *titles: str, **over: object) -> list[Version]:
    with store.writing() as db:
        return [a_version(db, an_article(title=title, **over)) for title in titles]


def link(face: str, keys: KeyRing, edition: int) -> str:
    return Mailing(face, "Zonewire <news@wire.example>", keys).edition_link(edition, NOON) + "/wechat"


def content_of(answer: requests.Response) -> str:
    (article,) = page_of(answer).xpath("//*[@id='article']")
    return "".join(markup.tostring(part, encoding="unicode") for part in article)


def test_it_shows_the_article_with_a_title_a_line_and_the_link_to_the_original(
    store: Store, face: str, keys: KeyRing
) -> None:
    address = link(face, keys, carried(store, *accepted(store, "一号项目签约", "二号项目开工")))
    answer = requests.get(address, timeout=10)
    parts = {
        name: page_of(answer).get_element_by_id(name).text_content().strip() for name in ("title", "line", "source")
    }
    assert faults(content_of(answer), images="anywhere") == []
    assert all(title in content_of(answer) for title in ("一号项目签约", "二号项目开工"))
    assert parts["title"].endswith("，另有 1 条")
    assert parts["line"].startswith("2 条新闻")
    assert parts["source"] == address.removesuffix("/wechat").replace(face, "https://wire.example")


def test_it_is_for_no_index_and_no_cache_and_allows_style_attributes_alone(
    store: Store, face: str, keys: KeyRing
) -> None:
    headers = requests.get(link(face, keys, carried(store, *accepted(store, "一条"))), timeout=10).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Cache-Control"] == "no-store"
    assert (policy["style-src"], policy["style-src-attr"]) == ("'self'", "'unsafe-inline'")
    assert (policy["script-src"], policy["default-src"]) == ("'self'", "'none'")


def test_300_long_hostile_stories_are_text_and_below_the_limit(store: Store, face: str, keys: KeyRing) -> None:
    nasty = "</section></div><script>alert(1)</script><a href='https://x.example'>"
    versions = accepted(store, *[f"{n}{nasty}" * 3 for n in range(300)], summary=nasty * 9, zone=nasty, source=nasty)
    answer = requests.get(link(face, keys, carried(store, *versions)), timeout=30)
    (article,) = page_of(answer).xpath("//*[@id='article']")
    assert faults(content_of(answer), images="anywhere") == []
    assert len(content_of(answer)) < 20_000
    assert article.text_content().count("</section></div><script>alert(1)") >= 8
    assert next(page_of(answer).iter("script")).get("src", "").startswith("/static/wechat.js")
    assert not page_of(answer).xpath("//a[contains(@href, 'x.example')]")


def test_the_article_keeps_its_language_and_the_page_speaks_the_readers(store: Store, face: str, keys: KeyRing) -> None:
    address = link(face, keys, carried(store, *accepted(store, "一条")))
    own, other = (requests.get(f"{address}{query}", timeout=10) for query in ("", "?lang=en"))
    assert "复制正文" in text_of(own)
    assert "Copy the article" in text_of(other)
    assert content_of(own) == content_of(other)


def test_what_is_withdrawn_shows_no_text(store: Store, face: str, keys: KeyRing) -> None:
    stays, goes = accepted(store, "留下", "撤回", summary="说的是一件要撤掉的事情，一共有二十来个字。")
    address = link(face, keys, carried(store, stays, goes))
    with store.writing() as db:
        a_version(db, goes.article, withdrawn=True)
    assert "撤回" not in requests.get(address, timeout=10).text
    with store.writing() as db:
        a_version(db, stays.article, withdrawn=True)
    answer = requests.get(address, timeout=10)
    assert "这一期收录的文章都已撤稿" in answer.text
    assert answer.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("token", ["x", "1.2.3", "MS4x.abc"])
@pytest.mark.parametrize("page", ["wechat", "wechat/1.png"])
def test_a_token_that_is_not_ours_opens_nothing(face: str, token: str, page: str) -> None:
    assert requests.get(f"{face}/editions/{token}/{page}", timeout=10).status_code == 404


def test_its_code_is_a_picture_at_an_address_that_the_editor_can_fetch(store: Store, face: str, keys: KeyRing) -> None:
    address = link(face, keys, carried(store, *accepted(store, "一条")))
    code = requests.get(f"{address}/1.png", timeout=10)

    assert (code.headers["Content-Type"], code.content[:4]) == ("image/png", b"\x89PNG")
    assert f'src="{address.replace(face, "https://wire.example")}/1.png"' in content_of(
        requests.get(address, timeout=10)
    )
    assert [requests.get(f"{address}/{n}.png", timeout=10).status_code for n in ("0", "2", "x")] == [404] * 3


def test_a_portal_that_wants_several_articles_gets_each_of_them(store: Store, keys: KeyRing, tmp_path: Path) -> None:
    catalogue = Catalogue(portal=Portal(wechat_form="articles"))
    edition = carried(store, *accepted(store, *[f"第 {n} 条" for n in range(10)]))
    with serve(create_app(a_face(store, tmp_path, catalogue_given=catalogue))) as face:
        first, last = (requests.get(f"{link(face, keys, edition)}?article={n}", timeout=10) for n in (1, 8))

    assert len(page_of(first).xpath("//main//ol[1]/li")) == 8
    assert page_of(first).get_element_by_id("source").text_content().startswith("https://portal.example/news/")
    assert page_of(last).get_element_by_id("title").text_content() == "另有 3 条新闻"
    assert faults(content_of(first) + content_of(last), images="anywhere") == []


def test_the_editions_page_leads_to_it(store: Store, face: str, keys: KeyRing) -> None:
    address = link(face, keys, carried(store, *accepted(store, "一条")))
    answer = requests.get(address.removesuffix("/wechat"), timeout=10)
    assert page_of(answer).xpath("//main//a[@href=$path]", path=address.removeprefix(face))


def an_illustrated(store: Store) -> list[Version]:
    picture = (Image(url="https://p.example/1.jpg", alt="现场"),)
    return accepted(store, "一号项目签约", "<b>二号</b>", images=picture)


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("refusal", ["", WITHOUT_CLIPBOARD], ids=["clipboard", "selection"])
def test_the_button_copies_the_article_as_it_was_sent(
    store: Store, face: str, keys: KeyRing, colours: str, refusal: str
) -> None:
    address = link(face, keys, carried(store, *an_illustrated(store)))
    with a_tab(face, grants=CLIPBOARD, color_scheme=colours) as tab:
        tab.add_init_script(refusal)
        tab.goto(address)
        assert tab.evaluate(BACKGROUND_OF_SIGNATURE) == "rgb(245, 247, 245)", "inline styles are let in"
        tab.get_by_role("button", name="复制正文").click()
        tab.get_by_role("status").filter(has_text="已复制，到公众号编辑器里粘贴即可").wait_for()
        rich, plain = tab.evaluate(READ_RICH)
    assert faults(content_of_clipboard(rich), images="anywhere") == []
    assert same_markup(rich, content_of(requests.get(address, timeout=10)))
    assert "一号项目签约" in plain
    assert "<b>二号</b>" in plain


def content_of_clipboard(rich: str) -> str:
    """What was copied, without what the system wraps it in."""
    whole = next(markup.document_fromstring(rich).iter("section"))
    return str(markup.tostring(whole, encoding="unicode", with_tail=False))


def same_markup(one: str, other: str) -> bool:
    """Whether both are the same elements, styles and words; the system's clipboard may wrap what it holds."""
    first, second = (next(markup.document_fromstring(text).iter("section")) for text in (one, other))
    return bool(markup.tostring(first, with_tail=False) == markup.tostring(second, with_tail=False))


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize(("button", "part"), [("复制标题", "title"), ("复制摘要", "line"), ("复制链接", "source")])
def test_title_line_and_link_have_buttons_of_their_own(
    store: Store, face: str, keys: KeyRing, button: str, part: str
) -> None:
    with a_tab(face, grants=CLIPBOARD) as tab:
        tab.goto(link(face, keys, carried(store, *an_illustrated(store))))
        tab.get_by_role("button", name=button).click()
        tab.get_by_role("status").filter(has_text="已复制").wait_for()
        assert tab.evaluate("() => navigator.clipboard.readText()") == tab.locator(f"#{part}").inner_text()


@pytest.mark.browser
@needs_chromium
def test_where_copying_is_refused_the_article_is_selected_and_the_page_says_which_keys(
    store: Store, face: str, keys: KeyRing
) -> None:
    with a_tab(face) as tab:
        tab.add_init_script(REFUSE_ALL)
        tab.goto(link(face, keys, carried(store, *an_illustrated(store))))
        tab.get_by_role("button", name="复制正文").click()
        tab.get_by_role("status").filter(has_text="Ctrl+C").wait_for()
        assert "一号项目签约" in tab.evaluate("() => getSelection().toString()")


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("query", ["?lang=zh-CN", "?lang=en"])
def test_without_javascript_no_button_stands_there_and_the_page_says_how_to_copy(
    store: Store, face: str, keys: KeyRing, query: str
) -> None:
    address = link(face, keys, carried(store, *an_illustrated(store)))
    with a_tab(face, java_script_enabled=False, viewport={"width": 375, "height": 800}) as tab:
        tab.goto(address + query)
        assert not tab.locator("main button:visible").count()
        assert "Ctrl+C" in tab.locator("main").inner_text()
        assert tab.locator("#article section").first.bounding_box()["width"] <= 375  # type: ignore[index] # it is drawn


@pytest.mark.browser
@needs_chromium
def test_a_wide_table_can_be_moved_with_the_keyboard_and_is_copied_as_wechat_keeps_it(
    store: Store, keys: KeyRing, tmp_path: Path
) -> None:
    table = f"<table><tr>{'<td>1,234.5</td>' * 9}</tr></table>"
    edition = carried(store, *accepted(store, "一条", html=table))
    catalogue = Catalogue(portal=Portal(wechat_form="articles"))
    with (
        serve(create_app(a_face(store, tmp_path, catalogue_given=catalogue))) as face,
        a_tab(face, grants=CLIPBOARD) as tab,
    ):
        tab.goto(link(face, keys, edition))
        assert tab.locator("#article [tabindex='0'] table").count() == 1
        tab.get_by_role("button", name="复制正文").click()
        tab.get_by_role("status").filter(has_text="已复制").wait_for()
        rich, _ = tab.evaluate(READ_RICH)
    assert faults(content_of_clipboard(rich), images="anywhere") == []
