"""Article JSON, read strictly."""

from typing import Any

import orjson
import pytest

from tests.builders import an_article
from zonewire.articles import Enclosure, Image, as_json
from zonewire.errors import InvalidInput
from zonewire.intake import read_article
from zonewire.intake.moments import read_moment

URL = "https://portal.example/news/17.html"


def an_object(**over: Any) -> dict[str, Any]:
    return {"guid": "17", "url": URL, "title": "题"} | over


def wrong(thing: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        read_article(thing)
    return [(error.field, error.detail) for error in caught.value.errors]


def test_three_fields_make_an_article() -> None:
    article = read_article(an_object())
    assert (article.guid, article.url, article.title, article.language) == ("17", URL, "题", "zh-CN")
    assert (article.html, article.text, article.published_at) == ("", "", 0)


def test_what_we_send_can_be_read_again() -> None:
    article = an_article(
        images=(Image(url="https://p.example/a.png", type="image/png", length=9, alt="图"),),
        enclosures=(Enclosure(url="https://p.example/a.pdf", type="application/pdf", length=7),),
        author="张三",
        updated_at=read_moment("2026-06-07"),
        language="en",
    )
    assert read_article(orjson.loads(orjson.dumps(as_json(article)))) == article


def test_unknown_keys_and_nulls_are_ignored() -> None:
    assert read_article(an_object(colour="red", summary=None, images=None, section=None)) == read_article(an_object())


@pytest.mark.parametrize("field", ["guid", "url", "title"])
def test_what_is_required_is_named_when_it_is_missing(field: str) -> None:
    thing = an_object()
    del thing[field]
    assert wrong(thing) == [(field, "is missing")]


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("guid", 17, "guid"),
        ("guid", " ", "guid"),
        ("guid", "a\tb", "guid"),
        ("guid", "a" * 1_025, "guid"),
        ("url", "ftp://portal.example/", "url"),
        ("url", "/news/17", "url"),
        ("url", "https://", "url"),
        ("url", "https://[x", "url"),
        ("url", "https://a.example:99999/", "url"),
        ("url", "https://a.example/\x00", "url"),
        ("url", "https://a.example/a b", "url"),
        ("title", "<b></b> ", "title"),
        ("title", ["题"], "title"),
        ("html", 1, "html"),
        ("section", "要闻", "section"),
        ("section", ["要闻", 1], "section.1"),
        ("keywords", {"a": 1}, "keywords"),
        ("zone", "区" * 201, "zone"),
        ("published_at", "2026-02-31", "published_at"),
        ("published_at", 1_781_150_400, "published_at"),
        ("updated_at", "", "updated_at"),
        ("language", "chinese language", "language"),
        ("images", [{"alt": "图"}], "images.0.url"),
        ("images", [{"url": "data:x"}], "images.0.url"),
        ("images", ["https://p.example/a.png"], "images.0"),
        ("images", [{"url": "a.png", "length": -1}], "images.0.length"),
        ("enclosures", [{"url": "a.pdf"}, {"url": "a\nb"}], "enclosures.1.url"),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any, where: str) -> None:
    ((found, detail),) = wrong(an_object(**{field: value}))
    assert found == where
    assert detail
    assert "Value error" not in detail


def test_all_wrong_fields_are_named_at_once() -> None:
    assert [field for field, _ in wrong({"title": 1, "url": "x"})] == ["guid", "url", "title"]


@pytest.mark.parametrize("thing", [None, [], "x", 1])
def test_what_is_no_object_is_refused(thing: Any) -> None:
    assert wrong(thing) == [("", "must be a JSON object")]


def test_a_bare_date_is_midnight_in_china() -> None:
    assert read_article(an_object(published_at="2026-06-06")).published_at == read_moment("2026-06-05T16:00:00Z")


def test_texts_are_cleaned_and_html_is_made_safe_and_absolute() -> None:
    article = read_article(
        an_object(
            title="<b>泰州&amp;</b>\x08",
            summary="一<br>&lt;二&gt;",
            html="<p onclick='x'>一<a href='b.html'>二</a></p>",
            zone=" 甲\x00区 ",
            section=["要闻", " "],
            keywords=["甲", "乙", "甲"],
        )
    )
    assert (article.title, article.summary) == ("泰州&", "一<二>")
    assert article.html == '<p>一<a href="https://portal.example/news/b.html">二</a></p>'
    assert (article.text, article.zone, article.section) == ("一二", "甲区", ("要闻",))
    assert article.keywords == ("甲", "乙")


def test_text_alone_becomes_html() -> None:
    article = read_article(an_object(text="一 <b>\n\n二"))
    assert (article.html, article.text) == ("<p>一 &lt;b&gt;</p><p>二</p>", "一 <b>\n\n二")


def test_html_of_which_nothing_is_left_gives_way_to_the_text() -> None:
    article = read_article(an_object(html="<script>x</script>", text="一"))
    assert (article.html, article.text) == ("<p>一</p>", "一")


def test_files_are_made_absolute_and_a_type_that_is_none_is_left_out() -> None:
    article = read_article(an_object(images=[{"url": "a.png", "type": "图"}], enclosures=[{"url": "/b.pdf"}]))
    assert article.images == (Image(url="https://portal.example/news/a.png"),)
    assert article.enclosures == (Enclosure(url="https://portal.example/b.pdf"),)


@pytest.mark.parametrize("host", ["a<b", 'a"b', "a|b", "{a}", "a^b", "a`b", "a\\b"])
def test_an_address_whose_host_is_none_is_refused(host: str) -> None:
    assert [field for field, _ in wrong(an_object(url=f"https://{host}/17"))] == ["url"]


def test_names_are_plain_text_as_titles_are() -> None:
    fields = {"author": '<a href="/x">张三</a>', "source": "A &amp; B", "zone": "甲 <乙>", "city": "一 < 二"}
    article = read_article(an_object(**fields, keywords=["<b>词</b>"], section=["<i></i>", "节"]))
    assert (article.author, article.source, article.zone, article.city) == ("张三", "A & B", "甲 <乙>", "一 < 二")
    assert (article.keywords, article.section) == (("词",), ("节",))


def test_an_address_that_no_browser_takes_still_has_its_text_read() -> None:
    article = read_article(an_object(url="https://portal.example%20/17", html='<p>文<img src="/a.png" alt="图"></p>'))
    assert article.html == "<p>文图</p>"
