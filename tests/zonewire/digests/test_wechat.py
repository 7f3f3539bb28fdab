"""An edition as one digest for a WeChat Official Account."""

from io import BytesIO

import pytest
from PIL import Image as Picture
from sqlalchemy import Connection

from tests.builders import a_version, an_article
from tests.zonewire.digests.wechat_editions import (
    BASE,
    HOSTILE,
    LONG,
    PORTAL,
    an_edition_of,
    an_edition_with,
    faults_of,
    rendered,
)
from zonewire.articles.model import Image
from zonewire.digests import QR, with_pictures
from zonewire.rendering.portal import Portal
from zonewire.rendering.translation import LOCALES

WORST_PICTURE = "https://p.example/?" + "&" * 770 + ".jpg"
PICTURE = (Image(url="https://p.example/1.jpg?a=1&b=2", alt="签约<现场>", type="image/jpeg"),)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "over", [{}, HOSTILE, LONG, {"summary": "", "html": "", "text": ""}], ids=("plain", "hostile", "long", "bare")
)
def test_wechat_finds_no_fault_in_a_digest(db: Connection, locale: str, over: dict[str, object]) -> None:
    carried = [a_version(db, an_article(**over)) for _ in range(12)]
    gone = an_article(title="撤下的稿")
    a_version(db, gone)
    corrections = (a_version(db), a_version(db, gone, withdrawn=True))
    edition = an_edition_of(db, *carried, corrections=corrections, locale=locale)

    assert faults_of(rendered(db, edition).article()) == []


def test_each_story_has_its_title_once_and_its_address_by_number(db: Connection) -> None:
    stories = [a_version(db, an_article(city=city)) for city in ("泰州", "苏州", "苏州")]
    content = rendered(db, an_edition_of(db, *stories)).wechat

    for story in stories:
        assert content.count(f"<strong>{story.article.title}</strong>") == 1
        assert content.count(f"<br>{story.article.url}</p>") == 1
    assert [content.count(f">[{n}]<") for n in (1, 2, 3, 4)] == [2, 2, 2, 0]


def test_nothing_in_an_article_becomes_markup(db: Connection) -> None:
    gone = an_article(title=HOSTILE["title"])
    a_version(db, gone)
    story = a_version(db, an_article(**HOSTILE))
    edition = an_edition_of(db, story, a_version(db), corrections=(a_version(db, gone, withdrawn=True),))
    content = rendered(db, edition).wechat

    assert "<script" not in content
    assert content.count("&lt;img src=x onerror=alert(1)&gt;") >= 3
    assert content.count("<img") == 2, "the picture and the code"


def test_300_long_stories_stay_below_the_limit_with_each_place_among_them(db: Connection) -> None:
    places = [f"第{n % 5}市" for n in range(300)]
    stories = [a_version(db, an_article(city=city, title="标题" * 40, summary="摘要，" * 60)) for city in places]
    content = rendered(db, an_edition_of(db, *stories)).wechat
    shown = content.count("<strong>标题")

    assert 19_000 < len(content) < 20_000, "as much as has room"
    assert shown > 40, "titles come before summaries"
    assert f"还有 {300 - shown} 条，点击左下角“阅读原文”" in content
    assert all(place in content for place in set(places))


def test_later_summaries_go_first_then_addresses_then_the_first_summaries(db: Connection) -> None:
    def kept(n: int) -> tuple[int, int, int]:
        content = rendered(db, an_edition_with(db, n, summary="每条摘要都说得很清楚，" * 10)).wechat
        return content.count("签约</strong>"), content.count("<br>https"), content.count(">每条摘要")

    assert kept(12) == (12, 12, 12)
    titles, addresses, summaries = kept(35)
    assert (titles, addresses, 8 < summaries < 35) == (35, 35, True)
    titles, addresses, summaries = kept(60)
    assert (titles, 0 < addresses < 60, summaries) == (60, True, 8)
    titles, addresses, summaries = kept(100)
    assert (75 < titles < 100, addresses, summaries) == (True, 0, 0)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_worst_that_can_be_sent_still_leaves_eight_titles(db: Connection, locale: str) -> None:
    worst = {"title": '"' * 900, "summary": "<" * 900, "source": "&" * 900, "images": (Image(url=WORST_PICTURE),)}
    stories = [a_version(db, an_article(**worst, zone="'" * 90, city=f"{n}" + "'" * 90)) for n in range(40)]
    wrong = tuple(a_version(db, an_article(title='"' * 900)) for _ in range(200))
    article = rendered(db, an_edition_of(db, *stories, corrections=wrong, locale=locale)).article()

    assert len(article.content) < 20_000
    assert article.content.count("&#34;" * 100) >= 8
    assert "阅读原文" in article.content


def test_a_long_word_does_not_leave_less_than_twenty_characters_of_a_title(db: Connection) -> None:
    title = "某某开发区与一家企业签约：" + "Hochgeschwindigkeit" * 12
    article = rendered(db, an_edition_of(db, a_version(db, an_article(title=title)))).article()

    assert f"<strong>{title[:20]}" in article.content
    assert article.title.startswith(title[:20])


def test_it_has_the_portals_colour_name_source_and_filing(db: Connection) -> None:
    portal = Portal(name="投促网", accent="#123456", seal="#654321", contact="editor@p.example", icp="苏ICP备0号")
    corrections = (a_version(db, an_article(title="改过的稿")),)
    stories = [a_version(db, an_article(source=name)) for name in ("泰州日报", "苏州日报", "泰州日报")]
    content = rendered(db, an_edition_of(db, *stories, corrections=corrections), portal).wechat

    assert "border-left:4px solid #123456" in content
    assert '改过的稿 <span style="color:#654321">更正</span>' in content
    assert all(said in content for said in ("投促网", "editor@p.example", "苏ICP备0号", "2026年6月11日 星期四"))
    assert "来源：泰州日报、苏州日报<" in content
    assert "#0B6B5B" not in content


def test_title_and_digest_line_have_their_lengths(db: Connection) -> None:
    long = [
        a_version(db, an_article(title=title))
        for title in ("标题" * 40, "A Long Title of Many Words " * 5, "👨‍👩‍👧‍👦" * 60)
    ]
    for one in long:
        article = rendered(db, an_edition_of(db, one)).article()
        assert (20 < len(article.title) <= 32, article.title[-1]) == (True, "…")
    many = rendered(db, an_edition_of(db, a_version(db, an_article(title="一号项目签约")), *long)).article()
    assert len(many.digest) <= 120
    assert many.digest.startswith("4 条新闻")


@pytest.mark.parametrize(("length", "ends"), [(32, "题"), (33, "…")])
def test_a_title_of_32_characters_is_whole(db: Connection, length: int, ends: str) -> None:
    article = rendered(
        db, an_edition_of(db, a_version(db, an_article(title="标题" * 16 + "题" * (length - 32))))
    ).article()
    assert (len(article.title), article.title[-1]) == (32, ends)


@pytest.mark.parametrize(
    ("name", "english", "author"),
    [("投促网", "", "投促网"), ("投促网", "Jianghai Investment", "投促网"), ("长" * 20, "", "长" * 15 + "…")],
)
def test_an_author_has_16_characters_at_most(db: Connection, name: str, english: str, author: str) -> None:
    portal = Portal(name=name, english=english)
    assert rendered(db, an_edition_with(db, 2, locale="en"), portal).article().author == author


def test_the_picture_has_a_caption_and_is_the_cover(db: Connection) -> None:
    article = rendered(db, an_edition_with(db, 3, images=PICTURE)).article()

    assert article.pictures == (PICTURE[0].url,) * 3
    assert article.cover == PICTURE[0].url
    assert ">签约&lt;现场&gt;</p></section>" in article.content


def test_the_code_leads_to_the_editions_page_and_can_be_scanned(db: Connection) -> None:
    edition = an_edition_with(db, 2)
    article = rendered(db, edition).article()
    picture = Picture.open(BytesIO(article.qr_code))

    assert article.source_url == f"{BASE}/editions/{edition}"
    assert picture.width >= 300
    assert picture.convert("L").getpixel((0, 0)) == 255, "a quiet zone on white"
    assert article.content.count(f'src="{QR}"') == 1
    assert 'src="data:image/png;base64,iVBOR' in article.shown_here


def test_pictures_get_the_addresses_that_they_are_given_and_the_others_go_with_their_captions(db: Connection) -> None:
    article = rendered(db, an_edition_with(db, 2, images=PICTURE)).article()
    there = with_pictures(article.content, {PICTURE[0].url: "https://mmbiz.qpic.cn/a?b&c"})

    assert 'src="https://mmbiz.qpic.cn/a?b&amp;c"' in there
    assert there.count("<img") == 2
    assert "长按识别二维码" not in there
    assert "签约&lt;现场&gt;" not in with_pictures(article.content, {})


def test_what_is_withdrawn_leaves_no_word_and_no_address(db: Connection) -> None:
    gone, stays = an_article(title="要撤的稿", source="要撤的来源"), an_article(title="留下的稿")
    edition = an_edition_of(db, a_version(db, gone), a_version(db, stays))
    a_version(db, gone, withdrawn=True)
    content = rendered(db, edition).wechat

    assert all(said not in content for said in ("要撤的", gone.url))


def test_an_english_edition_reads_as_english(db: Connection) -> None:
    article = rendered(db, an_edition_with(db, 2, locale="en", title=" Park Opens", language="en"), PORTAL).article()

    assert "For the full stories, tap 阅读原文 (Read more)" in article.content
    assert all(said in article.content for said in (">Links<", "Press and hold the code", "line-height:1.6"))
    assert "letter-spacing:0;" in article.content
