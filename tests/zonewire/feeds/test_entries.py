"""Entries: what readers of each format are given, whatever the article holds."""

import locale
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.builders import NOON, an_article
from zonewire.articles.model import Article, Enclosure, Image, Version
from zonewire.feeds.entries import ATOM, CONTENT, DC, MEDIA, RSS_NAMESPACES, render_entry
from zonewire.feeds.feed import Format

BASE = "https://wire.example"
_ATOM = f"{{{ATOM}}}"


def a_seen_version(article: Article | None = None, **over: Any) -> Version:
    article = article or an_article()
    fields: dict[str, Any] = {
        "number": 7,
        "article_id": 17,
        "version": 1,
        "withdrawn": False,
        "entry_id": article.guid,
        "article": article,
        "accepted_at": NOON + 123,
    }
    return Version(**(fields | over))


def rss(version: Version) -> Any:
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in RSS_NAMESPACES.items())
    entry = render_entry(version, Format.RSS, base_url=BASE, publisher="Zonewire")
    return etree.fromstring(f"<rss {declared}>".encode() + entry + b"</rss>")[0]


def atom(version: Version) -> Any:
    entry = render_entry(version, Format.ATOM, base_url=BASE, publisher="Zonewire")
    return etree.fromstring(f'<feed xmlns="{ATOM}">'.encode() + entry + b"</feed>")[0]


def json(version: Version) -> Any:
    return orjson.loads(render_entry(version, Format.JSON, base_url=BASE, publisher="Zonewire"))


def test_an_entry_has_the_same_id_in_every_format() -> None:
    version = a_seen_version(entry_id="tag:portal.example,2026:internal-7")
    ids = {rss(version).findtext("guid"), atom(version).findtext(f"{_ATOM}id"), json(version)["id"]}
    assert ids == {"tag:portal.example,2026:internal-7"}


@pytest.mark.parametrize(
    ("entry_id", "url", "permalink"),
    [
        ("https://portal.example/1", "https://portal.example/1", "true"),
        ("https://portal.example/1", "https://portal.example/moved", "false"),
        ("tag:portal.example,2026:1", "https://portal.example/1", "false"),
        ("tag:portal.example,2026:1", "", "false"),
    ],
)
def test_a_guid_is_a_permalink_only_where_it_is_the_pages_address(entry_id: str, url: str, permalink: str) -> None:
    item = rss(a_seen_version(an_article(url=url), entry_id=entry_id))
    assert item.find("guid").get("isPermaLink") == permalink


def test_an_article_without_an_address_links_to_our_page_of_it() -> None:
    version = a_seen_version(an_article(url=""), entry_id="tag:portal.example,2026:7")
    link = atom(version).find(f"{_ATOM}link")
    assert (rss(version).findtext("link"), link.get("href"), json(version)["url"]) == (f"{BASE}/articles/a17",) * 3
    assert (link.get("rel"), link.get("type")) == ("alternate", "text/html")


def test_rss_dates_are_english_and_chinese_time_in_any_locale() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "zh_CN.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue  # not on this machine; C always is
            item = rss(a_seen_version(an_article(published_at=NOON)))
            assert item.findtext("pubDate") == "Thu, 11 Jun 2026 12:00:00 +0800"
    finally:
        locale.setlocale(locale.LC_ALL, before)


def test_updated_is_the_acceptance_to_the_microsecond() -> None:
    version = a_seen_version()
    assert atom(version).findtext(f"{_ATOM}updated") == "2026-06-11T12:00:00.000123+08:00"
    assert json(version)["date_modified"] == "2026-06-11T12:00:00.000123+08:00"
    assert rss(version).findtext(f"{_ATOM}updated") == "2026-06-11T12:00:00.000123+08:00"


@pytest.mark.parametrize(
    ("published_at", "shown"),
    [
        (NOON - 1_000_000, "2026-06-11T11:59:59+08:00"),
        (4_102_444_800_000_000, "2026-06-11T12:00:00.000123+08:00"),  # 2100: shown as the acceptance
        (-2_208_988_800_000_000, "1990-01-01T08:00:00+08:00"),  # 1900
    ],
)
def test_publication_is_never_shown_after_acceptance_or_before_1990(published_at: int, shown: str) -> None:
    version = a_seen_version(an_article(published_at=published_at))
    assert atom(version).findtext(f"{_ATOM}published") == json(version)["date_published"] == shown


def test_with_a_summary_the_full_text_stands_behind_it() -> None:
    item = rss(a_seen_version(an_article(summary="1 < 2", html="<p>全文</p>")))
    names = [child.tag for child in item]
    assert (item.findtext("description"), item.findtext(f"{{{CONTENT}}}encoded")) == ("1 &lt; 2", "<p>全文</p>")
    assert names.index("description") < names.index(f"{{{CONTENT}}}encoded")


def test_without_a_summary_the_full_text_is_the_description() -> None:
    item = rss(a_seen_version(an_article(summary="", html="<p>全文</p>")))
    assert item.findtext("description") == "<p>全文</p>"
    assert item.find(f"{{{CONTENT}}}encoded") is None


def test_an_article_of_plain_text_is_shown_in_paragraphs() -> None:
    version = a_seen_version(an_article(html="", text="甲 < 乙\n次行\n\n丙"))
    assert json(version)["content_html"] == "<p>甲 &lt; 乙<br/>次行</p><p>丙</p>"


def test_an_article_without_a_body_still_has_content() -> None:
    version = a_seen_version(an_article(html="", text="", summary="", title="只有 <标题>"))
    content = atom(version).find(f"{_ATOM}content")
    assert (content.text, content.get("type")) == ("<p>只有 &lt;标题&gt;</p>", "html")


def test_markup_in_a_title_is_text_and_rss_escapes_it_by_hexadecimal_references() -> None:
    version = a_seen_version(an_article(title="A & B <b>x</b>"))
    assert b"<title>A &#x26; B &#x3C;b&#x3E;x&#x3C;/b&#x3E;</title>" in render_entry(
        version, Format.RSS, base_url=BASE, publisher="Zonewire"
    )
    titles = {rss(version).findtext("title"), atom(version).findtext(f"{_ATOM}title"), json(version)["title"]}
    assert titles == {"A & B <b>x</b>"}


def test_what_xml_forbids_is_gone_and_everything_else_stays() -> None:
    version = a_seen_version(an_article(title="一\x08二\x1e三\ufffe😀 ]]>", html="<p>\x0b]]>\x85😀</p>"))
    assert atom(version).findtext(f"{_ATOM}title") == "一二三😀 ]]>"
    assert rss(version).findtext(f"{{{CONTENT}}}encoded") == json(version)["content_html"] == "<p>]]>😀</p>"


def test_what_is_no_character_is_gone_and_a_lost_one_is_shown_as_lost() -> None:
    version = a_seen_version(
        an_article(title="标\ufffd题\ufdd0\U0001fffe", html="<p>\ufffd\U0010ffff</p>", author="\ufffd")
    )
    assert rss(version).findtext("title") == atom(version).findtext(f"{_ATOM}title") == "标□题"
    assert json(version)["content_html"] == "<p>□</p>"
    assert rss(version).findtext(f"{{{DC}}}creator") == "□"


def test_what_looks_like_an_entity_is_written_by_hexadecimal_references_in_both_xml_formats() -> None:
    version = a_seen_version(an_article(title="R&D2", summary="AT&T1", author="A&B3", keywords=("C&D4",)))
    for form in (Format.RSS, Format.ATOM):
        entry = render_entry(version, form, base_url=BASE, publisher="Zonewire")
        assert b">R&#x26;D2<" in entry
        assert b">A&#x26;B3<" in entry
    assert b">AT&#x26;T1</summary>" in entry


def test_a_very_long_title_is_kept_whole() -> None:
    assert rss(a_seen_version(an_article(title="长" * 20_000))).findtext("title") == "长" * 20_000


def test_addresses_are_uris() -> None:
    article = an_article(
        url="https://例子.测试/新闻/一 二?q=中&x=1#片",
        enclosures=(Enclosure(url="https://files.example/报 告.pdf"),),
        images=(Image(url="https://files.example/图.jpg"),),
    )
    item = rss(a_seen_version(article))
    assert item.findtext("link") == (
        "https://xn--fsqu00a.xn--0zwm56d/%E6%96%B0%E9%97%BB/%E4%B8%80%20%E4%BA%8C?q=%E4%B8%AD&x=1#%E7%89%87"
    )
    assert item.find("enclosure").get("url") == "https://files.example/%E6%8A%A5%20%E5%91%8A.pdf"
    assert item.find(f"{{{MEDIA}}}content").get("url") == "https://files.example/%E5%9B%BE.jpg"


def test_an_address_that_is_a_uri_already_stays_as_it_is() -> None:
    url = "https://user:p%40ss@[2001:db8::1]:8443/a%20b;v=1/(c)?d=e&f=%E4%B8%AD#g"
    assert json(a_seen_version(an_article(url=url)))["url"] == url


def test_an_address_has_a_path_and_no_host_that_is_none() -> None:
    assert json(a_seen_version(an_article(url="https://portal.example")))["url"] == "https://portal.example/"
    assert json(a_seen_version(an_article(url="https://portal.example?a")))["url"] == "https://portal.example/?a"
    assert json(a_seen_version(an_article(url="https://a<b/")))["url"] == "https://a%3Cb/"


def test_an_enclosure_of_unknown_length_and_type_says_so() -> None:
    version = a_seen_version(an_article(enclosures=(Enclosure(url="https://files.example/x"),)))
    enclosure = rss(version).find("enclosure")
    assert dict(enclosure.attrib) == {
        "url": "https://files.example/x",
        "length": "0",
        "type": "application/octet-stream",
    }
    assert json(version)["attachments"] == [{"url": "https://files.example/x", "mime_type": "application/octet-stream"}]


def test_rss_shows_the_first_enclosure_and_atom_all_of_them() -> None:
    files = (Enclosure(url="https://f.example/1.pdf", length=5), Enclosure(url="https://f.example/2.mp3"))
    version = a_seen_version(an_article(enclosures=files))
    assert [e.get("url") for e in rss(version).findall("enclosure")] == ["https://f.example/1.pdf"]
    links = [(e.get("href"), e.get("type")) for e in atom(version) if e.get("rel") == "enclosure"]
    assert links == [("https://f.example/1.pdf", "application/pdf"), ("https://f.example/2.mp3", "audio/mpeg")]


def test_what_rss_cannot_enclose_is_media_content_and_nothing_is_lost() -> None:
    files = (
        Enclosure(url="https://user@f.example/1.pdf", type="application/pdf", length=5),
        Enclosure(url="http://intranet/2.pdf"),
        Enclosure(url="https://f.example?id=3", type="text/html"),
        Enclosure(url="https://f.example/4.mp3"),
    )
    item = rss(a_seen_version(an_article(enclosures=files)))
    assert [e.get("url") for e in item.findall("enclosure")] == ["https://f.example/?id=3"]
    assert [dict(media.attrib) for media in item.findall(f"{{{MEDIA}}}content")] == [
        {"url": files[0].url, "medium": "document", "type": "application/pdf", "fileSize": "5"},
        {"url": files[1].url, "medium": "document", "type": "application/pdf"},
        {"url": files[3].url, "medium": "audio", "type": "audio/mpeg"},
    ]


def test_files_that_are_not_on_the_web_are_left_out() -> None:
    files = (Enclosure(url="file:///etc/passwd"), Enclosure(url="javascript:alert(1)"))
    assert rss(a_seen_version(an_article(enclosures=files))).find("enclosure") is None


def test_places_and_keywords_are_categories_each_once_and_with_a_scheme() -> None:
    version = a_seen_version(an_article(zone="甲区", city="泰州", section=("新闻", "新闻"), keywords=("新闻",)))
    found = [(c.get("scheme"), c.get("term")) for c in atom(version).findall(f"{_ATOM}category")]
    assert found == [
        ("urn:zonewire:zone", "甲区"),
        ("urn:zonewire:city", "泰州"),
        ("urn:zonewire:section", "新闻"),
        ("urn:zonewire:keyword", "新闻"),
    ]
    assert json(version)["tags"] == ["甲区", "泰州", "新闻"]


@pytest.mark.parametrize(
    ("fields", "byline"),
    [
        ({"author": "张三", "source": "党政办"}, "张三"),
        ({"author": "", "source": "党政办"}, "党政办"),
        ({"author": "", "source": "", "zone": "甲区"}, "甲区"),
        ({"author": "", "source": "", "zone": ""}, "Zonewire"),
    ],
)
def test_an_atom_entry_always_has_an_author(fields: dict[str, str], byline: str) -> None:
    version = a_seen_version(an_article(**fields))
    assert atom(version).findtext(f"{_ATOM}author/{_ATOM}name") == byline
    assert rss(version).findtext(f"{{{DC}}}creator") == (byline if byline != "Zonewire" else None)
    assert rss(version).find("author") is None  # it would have to be a mail address


@pytest.mark.parametrize(
    ("author", "byline"),
    [
        ("张三 <zhang@portal.example>", "张三"),
        ("<zhang@portal.example>", "zhang@portal.example"),
        ("zhang@portal.example", "zhang@portal.example"),
        ("张三 <zhang>", "张三 <zhang>"),
    ],
)
def test_a_mailbox_behind_a_byline_is_not_shown(author: str, byline: str) -> None:
    assert json(a_seen_version(an_article(author=author)))["authors"] == [{"name": byline}]


@pytest.mark.parametrize(
    ("tag", "shown"),
    [("zh-Hant-TW", "zh-Hant-TW"), ("EN-us", "EN-us"), ("yue-HK", "zh-yue-HK"), ("cn", "zh-CN"), ("english", "zh-CN")],
)
def test_a_language_is_said_as_readers_know_it(tag: str, shown: str) -> None:
    assert json(a_seen_version(an_article(language=tag)))["language"] == shown


def test_the_language_is_marked_and_nonsense_is_not() -> None:
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert atom(a_seen_version(an_article(language="en"))).get(lang) == "en"
    # Always said: a feed whose own words are English carries Chinese articles too.
    assert atom(a_seen_version(an_article(language="zh-CN"))).get(lang) == "zh-CN"
    assert atom(a_seen_version(an_article(language='"><x'))).get(lang) == "zh-CN"


def test_an_entry_declares_no_namespace_of_its_own() -> None:
    version = a_seen_version(an_article(images=(Image(url="https://f.example/1.png"),), author="张三"))
    assert all(b"xmlns" not in render_entry(version, form, base_url=BASE, publisher="Zonewire") for form in Format)


def test_a_version_that_cannot_be_an_entry_is_an_error() -> None:
    with pytest.raises(ValueError, match="title"):
        render_entry(a_seen_version(an_article(title="\x00 \x08")), Format.RSS, base_url=BASE, publisher="Zonewire")


anything = st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\x08\x1f]>&<\"'\ufffe\x85\r\n"), max_size=40)


@given(title=anything, body=anything, name=anything, url=anything)
def test_whatever_the_words_every_format_parses(title: str, body: str, name: str, url: str) -> None:
    article = an_article(
        title=f"题{title}",
        html=body,
        summary=body,
        source=name,
        city=name,
        keywords=(name, title),
        language=name,
        url="https://portal.example/" + url,
        images=(Image(url="https://portal.example/" + url, alt=name, type=name),),
        enclosures=(Enclosure(url="https://portal.example/" + url, type=name),),
    )
    version = a_seen_version(article, entry_id="tag:portal.example,2026:1")
    item, entry, line = rss(version), atom(version), json(version)
    assert item.findtext("title") == entry.findtext(f"{_ATOM}title") == line["title"]
    assert item.findtext("link").isascii()
