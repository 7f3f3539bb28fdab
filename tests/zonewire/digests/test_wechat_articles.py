"""An edition as a message of up to eight articles for a WeChat Official Account."""

import pytest
from sqlalchemy import Connection

from tests.builders import DAY, NOON, a_version, an_article
from tests.zonewire.digests.wechat_editions import (
    BASE,
    HOSTILE,
    LONG,
    PORTAL,
    SEVERAL,
    an_edition_of,
    an_edition_with,
    faults_of,
    rendered,
)
from zonewire.articles.model import Image
from zonewire.rendering.translation import LOCALES


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "over", [{}, HOSTILE, LONG, {"summary": "", "html": "", "text": ""}], ids=("plain", "hostile", "long", "bare")
)
def test_wechat_finds_no_fault_in_any_of_them(db: Connection, locale: str, over: dict[str, object]) -> None:
    carried = [a_version(db, an_article(**over)) for _ in range(12)]
    edition = an_edition_of(db, *carried, corrections=(a_version(db),), locale=locale)
    articles = rendered(db, edition, SEVERAL).articles()

    assert [faults_of(one) for one in articles] == [[]] * len(articles)
    assert all(one.source_url.startswith("https://") and "阅读原文" in one.content for one in articles)


def test_a_portal_that_says_nothing_gets_one_digest(db: Connection) -> None:
    edition = rendered(db, an_edition_with(db, 12))
    assert edition.articles() == (edition.article(),)


@pytest.mark.parametrize(("stories", "articles", "rest"), [(1, 1, 0), (7, 7, 0), (8, 8, 0), (9, 8, 2), (40, 8, 33)])
def test_seven_are_told_in_full_and_more_than_one_other_in_a_digest(
    db: Connection, stories: int, articles: int, rest: int
) -> None:
    written = rendered(db, an_edition_with(db, stories), SEVERAL).articles()

    assert len(written) == articles
    assert sum("预计明年投产。</p>" in one.content for one in written) == articles - bool(rest)
    if rest:
        assert written[-1].title.startswith(f"另有 {rest} 条新闻")
        assert written[-1].source_url.startswith(f"{BASE}/editions/")


def test_every_story_is_named_in_one_of_them(db: Connection) -> None:
    stories = [a_version(db, an_article(city=f"城{n % 9}")) for n in range(30)]
    written = rendered(db, an_edition_of(db, *stories), SEVERAL).articles()
    said = "".join(one.title + one.content for one in written)

    assert all(story.article.title in said for story in stories)


def test_each_leads_to_its_own_story_and_names_its_source(db: Connection) -> None:
    story = an_article(title="一号项目签约", source="泰州日报")
    (article,) = rendered(db, an_edition_of(db, a_version(db, story)), SEVERAL).articles()

    assert (article.title, article.author, article.source_url) == ("一号项目签约", "泰州日报", story.url)
    assert article.digest == story.summary
    assert "来源：泰州日报" in article.content
    assert article.qr_code.startswith(b"\x89PNG")


def test_a_story_without_a_text_is_told_in_the_digest(db: Connection) -> None:
    bare = [a_version(db, an_article(title=f"简讯{n}", html="", text="", published_at=NOON)) for n in range(3)]
    told = [a_version(db, an_article(published_at=NOON - DAY)) for _ in range(3)]
    written = rendered(db, an_edition_of(db, *bare, *told), SEVERAL).articles()

    assert [one.title for one in written[1:-1]] == [one.article.title for one in reversed(told)]
    assert all(one.article.title in written[-1].content for one in bare[:2])


@pytest.mark.parametrize("stories", [3, 12])
def test_corrections_stand_in_the_digest_or_else_below_the_lead(db: Connection, stories: int) -> None:
    carried = [a_version(db) for _ in range(stories)]
    edition = an_edition_of(db, *carried, corrections=(a_version(db, an_article(title="改过的稿")),))
    written = rendered(db, edition, SEVERAL).articles()

    assert ["改过的稿" in one.content for one in written].index(True) == (0 if stories == 3 else 7)
    assert sum("改过的稿" in one.content for one in written) == 1


def test_what_is_withdrawn_is_in_none_of_them(db: Connection) -> None:
    gone = an_article(title="要撤的稿", html="<p>要撤的话</p>")
    edition = an_edition_of(db, a_version(db, gone), *(a_version(db) for _ in range(12)))
    a_version(db, gone, withdrawn=True)

    assert all("要撤的" not in one.title + one.content for one in rendered(db, edition, SEVERAL).articles())


def test_a_long_text_ends_where_there_is_no_more_room_and_says_so(db: Connection) -> None:
    (long,) = rendered(db, an_edition_with(db, 1, **LONG | {"title": "长文"}), SEVERAL).articles()
    (short,) = rendered(db, an_edition_with(db, 1), SEVERAL).articles()

    assert 19_600 < len(long.content) < 20_000
    assert "全文未完，点击左下角“阅读原文”" in long.content
    assert "全文未完" not in short.content


def test_one_paragraph_that_is_longer_than_an_article_leaves_the_summary(db: Connection) -> None:
    over = {"html": f"<p>{'说了又说' * 6_000}</p>", "summary": "摘要说得很清楚，也有二十来个字，不多不少。"}
    (article,) = rendered(db, an_edition_with(db, 1, **over), SEVERAL).articles()

    assert "摘要说得很清楚" in article.content
    assert "全文未完" in article.content


def test_a_title_that_was_cut_stands_in_full_above_the_text(db: Connection) -> None:
    title = "江海沿线多个开发区的产业项目同时签约，开工以后计划在明年六月之前投产"
    (article,) = rendered(db, an_edition_of(db, a_version(db, an_article(title=title))), SEVERAL).articles()

    assert article.title.startswith(title[:20])
    assert f"<strong>{title}</strong>" in article.content


def test_the_pictures_of_the_text_come_in_order_and_the_storys_own_where_it_has_none(db: Connection) -> None:
    own = (Image(url="https://p.example/own.jpg", alt="现场"),)
    html = '<p>一</p><img src="https://p.example/a.png" alt="甲"><img src="https://p.example/b.webp"><p>二</p>'
    (inside,) = rendered(db, an_edition_with(db, 1, html=html, images=own), SEVERAL).articles()
    (above,) = rendered(db, an_edition_with(db, 1, images=own), SEVERAL).articles()

    assert (inside.pictures, inside.cover) == (
        ("https://p.example/a.png", "https://p.example/b.webp"),
        "https://p.example/a.png",
    )
    assert (above.pictures, above.cover) == ((own[0].url,), own[0].url)


def test_in_the_rest_no_story_is_told_again(db: Connection) -> None:
    written = rendered(db, an_edition_with(db, 20), SEVERAL).articles()
    assert all(f"<strong>{one.title}</strong>" not in written[-1].content for one in written[:-1])
    assert PORTAL.icp not in written[-1].content
