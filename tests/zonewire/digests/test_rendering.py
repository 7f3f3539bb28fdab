"""What a reader sees: subject, plain part, HTML part."""

import re
from typing import Any

import pytest
from lxml import html as markup
from sqlalchemy import Connection, insert

from tests.builders import DAY, NOON, a_filter, a_version, an_article, an_edition
from zonewire.articles.model import Image, Version
from zonewire.digests import Edition, render_edition
from zonewire.digests.rendering import MOST_CORRECTIONS, MOST_STORIES
from zonewire.filters import Filter, intern
from zonewire.rendering.portal import Portal
from zonewire.rendering.translation import LOCALES
from zonewire.store.tables import edition_versions

BASE = "https://wire.example"
PORTAL = Portal(name="投促网")


def an_edition_of(db: Connection, *versions: Version, corrections: tuple[Version, ...] = (), **over: Any) -> int:
    edition_id = an_edition(db, up_to=max(v.number for v in (*versions, *corrections)), **over)
    rows = [{"edition_id": edition_id, "number": v.number, "role": "story"} for v in versions]
    for version in corrections:
        role = "withdrawal" if version.withdrawn else "correction"
        rows.append({"edition_id": edition_id, "number": version.number, "role": role})
    db.execute(insert(edition_versions), rows)
    return edition_id


def rendered(db: Connection, edition_id: int) -> Edition:
    edition = render_edition(db, edition_id, base_url=BASE, portal=PORTAL, sender="digest@wire.example")
    assert edition is not None
    return edition


def hrefs(edition: Edition) -> list[str]:
    return [link.get("href", "") for link in markup.fromstring(edition.html).iter("a")]


def test_the_subject_says_what_is_inside(db: Connection) -> None:
    one = a_version(db, an_article(title="一号项目签约"))
    two = a_version(db, an_article(title="二号项目开工", published_at=NOON - 2 * DAY))

    assert rendered(db, an_edition_of(db, one)).subject == "一号项目签约"
    assert rendered(db, an_edition_of(db, one, two)).subject == "一号项目签约，另有 1 条"
    assert rendered(db, an_edition_of(db, one, two, locale="en")).subject == "一号项目签约 and 1 more"


def test_a_long_title_is_cut_in_the_subject_only(db: Connection) -> None:
    title = "泰州" * 40
    edition = rendered(db, an_edition_of(db, a_version(db, an_article(title=title))))

    assert len(edition.subject) == 30
    assert edition.subject.endswith("…")
    assert title in edition.html
    assert title in edition.text


@pytest.mark.parametrize("locale", LOCALES)
def test_both_parts_name_every_story_with_its_address(db: Connection, locale: str) -> None:
    stories = [a_version(db, an_article(city=city)) for city in ("泰州", "苏州", "苏州", "")]
    edition = rendered(db, an_edition_of(db, *stories, locale=locale))

    for story in stories:
        assert story.article.title in edition.text
        assert story.article.url in edition.text.splitlines(), "an address stands on a line of its own"
        assert story.article.url in hrefs(edition)
    assert f'lang="{locale}"' in edition.html


def test_each_story_is_named_once(db: Connection) -> None:
    stories = [a_version(db, an_article(city=city)) for city in ("泰州", "苏州", "苏州")]
    edition = rendered(db, an_edition_of(db, *stories))

    for story in stories:
        assert edition.text.count(story.article.title) == 1
        assert hrefs(edition).count(story.article.url) == 1


def test_the_unsubscribe_link_stands_in_both_parts_once_as_a_slot(db: Connection) -> None:
    edition = rendered(db, an_edition_of(db, a_version(db)))
    mark = edition.slots.mark("unsubscribe")

    assert mark in edition.text.splitlines()
    assert hrefs(edition).count(mark) == 1


def test_the_reason_for_the_mail_is_the_filter_as_it_was_written(db: Connection) -> None:
    filter_id = intern(db, Filter(cities=("泰州", "苏州"), keywords=("BYD 汽车",)))
    story = a_version(db)

    assert "城市：泰州、苏州；关键词：BYD 汽车" in rendered(db, an_edition_of(db, story, filter_id=filter_id)).text
    english = rendered(db, an_edition_of(db, story, filter_id=filter_id, locale="en")).text
    assert "city: 泰州, 苏州; keyword: BYD 汽车" in english


def test_nothing_in_an_article_becomes_markup_or_a_slot(db: Connection) -> None:
    nasty = "<script>alert(1)</script>\"&'{{ portal }}"
    story = a_version(db, an_article(title=nasty, summary=nasty * 2, source=nasty, zone=nasty))
    edition = rendered(db, an_edition_of(db, story))

    tree = markup.fromstring(edition.html)
    assert list(tree.iter("script")) == []
    assert nasty in str(tree.xpath("string()"))
    assert nasty in edition.text
    assert "<script" not in edition.wechat


def test_what_is_withdrawn_by_now_is_left_out(db: Connection) -> None:
    gone, stays = an_article(title="要撤的稿"), an_article(title="留下的稿")
    carried = [a_version(db, gone), a_version(db, stays)]
    edition_id = an_edition_of(db, *carried)
    a_version(db, gone, withdrawn=True)

    edition = rendered(db, edition_id)

    assert edition.stories == 1
    assert all("要撤的稿" not in text for text in (edition.subject, edition.html, edition.text, edition.wechat))


def test_an_edition_that_has_lost_all_its_stories_says_nothing(db: Connection) -> None:
    article = an_article()
    edition_id = an_edition_of(db, a_version(db, article))
    a_version(db, article, withdrawn=True)

    assert render_edition(db, edition_id, base_url=BASE, portal=PORTAL) is None


def test_corrections_are_short_and_a_withdrawn_article_is_not_linked(db: Connection) -> None:
    old, gone = (
        an_article(title="更正了的稿", summary="更正稿的摘要不会出现在更正栏里面。"),
        an_article(title="撤下的稿"),
    )
    corrected = a_version(db, old)
    a_version(db, gone)
    withdrawn = a_version(db, gone, withdrawn=True)
    edition = rendered(db, an_edition_of(db, a_version(db), corrections=(corrected, withdrawn)))

    assert "▍更正" in edition.text
    assert "更正了的稿（有更正）" in edition.text
    assert "撤下的稿（已撤稿）" in edition.text
    assert old.url in hrefs(edition)
    assert gone.url not in hrefs(edition)
    assert "不会出现在更正栏" not in edition.text


def test_a_very_full_edition_stays_below_what_gmail_shows_and_says_what_it_left_out(db: Connection) -> None:
    stories = [a_version(db, an_article(summary="摘要" * 58, title="标题" * 60)) for _ in range(150)]
    edition = rendered(db, an_edition_of(db, *stories))

    shown = len(re.findall("标题" * 60, edition.text))
    assert len(edition.html.encode()) < 90_000
    assert 20 < shown <= 40
    assert f"还有 {150 - shown} 条" in edition.text
    assert f"{BASE}/" in edition.text.splitlines()
    assert "，另有 149 条" in edition.subject


def test_many_corrections_are_told_short_and_the_rest_on_the_page(db: Connection) -> None:
    story, changed = a_version(db), [a_version(db, an_article(title=f"第{n}条" + "长" * 100)) for n in range(300)]
    edition = rendered(db, an_edition_of(db, story, corrections=tuple(changed)))

    assert len(edition.html.encode()) < 40_000
    assert edition.text.count("（有更正）") == MOST_CORRECTIONS
    assert f"另有 {300 - MOST_CORRECTIONS} 条更正。" in edition.html
    assert f"另有 {300 - MOST_CORRECTIONS} 条更正。" in edition.text


def test_a_filter_of_very_many_words_leaves_room_for_the_news(db: Connection) -> None:
    filter_id = intern(db, Filter(keywords=tuple(f"{n} {'长' * 150}" for n in range(1_000))))
    stories = [a_version(db) for _ in range(30)]
    edition = rendered(db, an_edition_of(db, *stories, filter_id=filter_id))

    assert all(one.article.title in edition.html for one in stories)
    assert len(edition.html.encode()) < 90_000


def test_an_article_without_an_address_is_linked_to_our_page_of_it(db: Connection) -> None:
    story = a_version(db, an_article(url=""))
    edition = rendered(db, an_edition_of(db, story))

    assert f"{BASE}/articles/a{story.article_id}" in edition.text.splitlines()


def test_styles_are_inline_for_mail_programs_that_drop_style_sheets(db: Connection) -> None:
    tree = markup.fromstring(rendered(db, an_edition_of(db, a_version(db))).html)

    assert "font-size:22px" in next(tree.iter("h1")).get("style", "")
    assert all(table.get("role") == "presentation" for table in tree.iter("table"))
    assert len(list(tree.iter("h1"))) == 1


def test_a_picture_that_a_mail_can_show_leads_and_has_its_words(db: Connection) -> None:
    webp = an_article(images=(Image(url="https://p.example/a.webp"), Image(url="http://p.example/b.jpg")))
    jpeg = an_article(images=(Image(url="https://p.example/c.jpg", alt="签约现场"),), published_at=NOON - 9 * DAY)
    tree = markup.fromstring(rendered(db, an_edition_of(db, a_version(db, webp), a_version(db, jpeg))).html)

    (picture,) = tree.iter("img")
    assert (picture.get("src"), picture.get("alt")) == ("https://p.example/c.jpg", "签约现场")


def a_picture(n: int = 1) -> tuple[Image, ...]:
    return (Image(url=f"https://p.example/{n}.jpg", alt=f"现场 {n}"),)


def test_the_lead_is_in_the_readers_language_then_has_a_picture_then_a_summary_then_is_the_newest(
    db: Connection,
) -> None:
    abroad = a_version(db, an_article(title="In English", language="en", images=a_picture(), published_at=NOON))
    bare = a_version(db, an_article(title="没有摘要", summary="", html="", text="", published_at=NOON))
    plain = a_version(db, an_article(title="没有图片", published_at=NOON - 1))
    older = a_version(db, an_article(title="旧图", images=a_picture(), published_at=NOON - 3))
    newer = a_version(db, an_article(title="新图", images=a_picture(), published_at=NOON - 2))

    assert rendered(db, an_edition_of(db, abroad, bare, plain, older, newer)).subject.startswith("新图，")
    assert rendered(db, an_edition_of(db, abroad, bare, plain)).subject.startswith("没有图片，")
    assert rendered(db, an_edition_of(db, abroad, bare)).subject.startswith("没有摘要，")
    assert rendered(db, an_edition_of(db, abroad, newer, locale="en")).subject.startswith("In English and")


def test_where_not_all_fit_each_place_gives_its_newest_in_turn_and_says_what_is_left(db: Connection) -> None:
    many = [a_version(db, an_article(city="泰州", published_at=NOON - n)) for n in range(100)]
    few = [a_version(db, an_article(city="苏州", published_at=NOON - 90 * DAY - n)) for n in range(3)]
    edition = rendered(db, an_edition_of(db, *many, *few))

    assert all(one.article.title in edition.text for one in few)
    assert sum(one.article.title in edition.text for one in many) == MOST_STORIES - 3
    assert f"泰州还有 {100 - MOST_STORIES + 3} 条" in edition.html
    assert "苏州还有" not in edition.html


def test_the_head_says_what_it_was_chosen_by_in_few_words(db: Connection) -> None:
    filter_id = intern(db, Filter(cities=("泰州", "苏州"), keywords=("汽车",), not_zones=("靖江",)))

    assert (
        "您订阅了：泰州、苏州 · 汽车 · 不含靖江"
        in rendered(db, an_edition_of(db, a_version(db), filter_id=filter_id)).text
    )
    assert "您订阅了：全部新闻" in rendered(db, an_edition_of(db, a_version(db))).text


def test_a_list_of_mails_shows_what_else_is_inside(db: Connection) -> None:
    lead = a_version(db, an_article(title="头条"))
    other = a_version(db, an_article(title="第二条", published_at=NOON - DAY))
    tree = markup.fromstring(rendered(db, an_edition_of(db, lead, other)).html)

    (early,) = [one for one in tree.iter("div") if one.get("class") == "early"]
    assert early.text == "第二条"
    assert "display:none" in early.get("style", "")


def test_an_updated_story_says_so(db: Connection) -> None:
    article = an_article()
    a_version(db, article)
    updated = a_version(db, article)

    assert "· 有更新" in rendered(db, an_edition_of(db, updated)).text
    assert "· updated" in rendered(db, an_edition_of(db, updated, locale="en")).text
    assert "有更新" not in rendered(db, an_edition_of(db, a_version(db))).text


def test_a_time_is_shown_where_the_sender_gave_one(db: Connection) -> None:
    timed = a_version(db, an_article(published_at=NOON))
    dated = a_version(db, an_article(published_at=NOON - 12 * 3_600_000_000))

    assert "6月11日 (周四) 12:00 ·" in rendered(db, an_edition_of(db, timed)).text
    assert "6月11日 (周四) ·" in rendered(db, an_edition_of(db, dated)).text


def test_the_portals_own_name_colours_and_filing_stand_in_its_mails(db: Connection) -> None:
    portal = Portal(
        name="江海投促网",
        english="Jianghai",
        home="https://portal.example/",
        logo="https://portal.example/logo.png",
        accent="#123456",
        contact="editor@portal.example",
        copyright="© 江海",
        icp="苏ICP备00000000号",
    )
    edition_id = an_edition_of(db, a_version(db), locale="en")
    edition = render_edition(db, edition_id, base_url=BASE, portal=portal, sender="digest@wire.example")
    assert edition is not None

    logo = next(markup.fromstring(edition.html).iter("img"))
    assert (logo.get("src"), logo.get("alt")) == ("https://portal.example/logo.png", "Jianghai")
    assert "#123456" in edition.html
    assert "#0B6B5B" not in edition.html
    assert "https://beian.miit.gov.cn/" in hrefs(edition)
    for said in ("Jianghai", "editor@portal.example", "© 江海", "苏ICP备00000000号"):
        assert said in edition.text


def test_places_have_the_english_names_that_the_portal_gives(db: Connection) -> None:
    portal = Portal(english_places=(("泰州", "Taizhou"), ("江苏泰州港经济开发区", "Taizhou Port EDZ")))
    stories = [a_version(db, an_article(city=city)) for city in ("泰州", "泰州", "合肥")]
    told = {
        locale: render_edition(db, an_edition_of(db, *stories, locale=locale), base_url=BASE, portal=portal)
        for locale in LOCALES
    }

    english, chinese = told["en"], told["zh-CN"]
    assert english is not None
    assert chinese is not None
    assert "3 stories: Taizhou 2, 合肥 1" in english.text
    assert "▍Taizhou\n" in english.text
    assert "Taizhou Port EDZ ·" in english.text
    assert "Taizhou" not in chinese.text


def test_dark_mode_and_narrow_windows_have_sheets_of_their_own(db: Connection) -> None:
    html = rendered(db, an_edition_of(db, a_version(db))).html
    sheets = [style.text or "" for style in markup.fromstring(html).iter("style")]

    assert [("max-width" in one, "prefers-color-scheme" in one, "data-ogsc" in one) for one in sheets] == [
        (True, False, False), (False, True, False), (False, False, True)
    ]  # fmt: skip
    assert max(len(one) for one in sheets) < 8_000, "Gmail takes 16 KB a sheet"


def test_dates_are_written_as_people_write_them(db: Connection) -> None:
    story = a_version(db, an_article(published_at=NOON, source="泰州日报"))

    assert "6月11日 (周四)" in rendered(db, an_edition_of(db, story)).text
    assert "Thursday 11 June" in rendered(db, an_edition_of(db, story, locale="en")).text


def test_a_date_of_another_year_says_so(db: Connection) -> None:
    story = a_version(db, an_article(published_at=NOON - 400 * DAY))

    assert "2025年5月7日" in rendered(db, an_edition_of(db, story)).text


def test_a_filter_that_wants_all_is_called_all_news(db: Connection) -> None:
    edition_id = an_edition_of(db, a_version(db), filter_id=a_filter(db))

    assert "全部新闻" in rendered(db, edition_id).text
