"""Drafts: articles with all that they need, found again after an unknown outcome, changed, and published."""

from datetime import date

import pytest

from tests.simulators.serving import Mode
from tests.simulators.wechat_caller import ADD
from tests.simulators.wechat_html import faults, picture_addresses
from tests.simulators.wechat_oa import WechatOa
from tests.zonewire.wechat.articles import MemoryShelf, Written, a_code
from tests.zonewire.wechat.pictures import PictureHost, a_noise, a_picture
from tests.zonewire.wechat.workers import ANYWHERE, Worker
from zonewire.outbound.session import guarded_session
from zonewire.wechat import WechatRefused, WechatUnreachable
from zonewire.wechat.covers import make_cover
from zonewire.wechat.drafts import DraftArticle, Publication, Status, add, find, prepare, publication, submit, update
from zonewire.wechat.fetching import Fetcher
from zonewire.wechat.pictures import Pictures

SHELF = MemoryShelf()  # appids are of one test each


def prepared(worker: Worker, article: Written, *, is_first: bool = True) -> DraftArticle:
    fetcher = Fetcher(guarded_session(ANYWHERE, timeout_s=2))
    pictures = Pictures(worker.client, shelf=SHELF, fetcher=fetcher)
    return prepare(
        pictures, article, is_first=is_first, made_cover=lambda: make_cover(date(2022, 6, 6), is_first=is_first)
    )


def test_a_draft_holds_its_articles_with_pictures_code_and_cover(
    platform: WechatOa, worker: Worker, host: PictureHost
) -> None:
    addresses = (host.serve("/a?x=1&y=2", a_picture()), host.serve("/b", a_picture("WEBP", colour="#ffffff")))
    host.pictures["/a"] = a_picture()
    article = prepared(worker, Written(pictures=addresses, cover=addresses[0], qr_code=a_code()))
    media_id = add(worker.client, [article])

    (held,) = platform.drafts[media_id]
    assert (held["title"], held["content_source_url"]) == (article.title, Written().source_url)
    assert faults(held["content"]) == []
    assert len(picture_addresses(held["content"])) == 3
    assert (platform.removed_images, platform.unknown_images, platform.refusals) == ([], [], [])
    assert (platform.uploads.inside.total(), platform.uploads.cover.total()) == (3, 1)


def test_a_draft_without_a_picture_has_a_cover_of_ours_uploaded_once_a_day(platform: WechatOa, worker: Worker) -> None:
    drafts = [add(worker.client, [prepared(worker, Written()), prepared(worker, Written(), is_first=False)])] * 2
    first, other = platform.drafts[drafts[0]]
    sizes = [platform.box.materials[one["thumb_media_id"]].width for one in (first, other)]
    assert (sizes, platform.uploads.cover.total()) == ([900, 400], 2)


def test_pictures_that_cannot_be_used_leave_the_draft_without_holes(
    platform: WechatOa, worker: Worker, host: PictureHost
) -> None:
    bad = (host.base + "/none", host.serve("/page", b"<html>"), host.serve("/huge", b"z" * 30_000_000))
    good = host.serve("/good", a_noise("PNG", (1300, 900)))
    media_id = add(worker.client, [prepared(worker, Written(pictures=(*bad, good), cover=bad[0]))])
    (held,) = platform.drafts[media_id]
    assert faults(held["content"]) == []
    assert (len(picture_addresses(held["content"])), held["content"].count("说明")) == (1, 1)
    assert platform.box.materials[held["thumb_media_id"]].width == 900


def test_a_code_that_cannot_be_uploaded_is_left_out(platform: WechatOa, worker: Worker) -> None:
    platform.refuse_next(45009, path="/cgi-bin/media/uploadimg")
    media_id = add(worker.client, [prepared(worker, Written(qr_code=a_code()))])
    assert "cid:qr" not in platform.drafts[media_id][0]["content"]


def test_a_content_that_its_addresses_make_too_long_loses_its_last_pictures(
    platform: WechatOa, worker: Worker, host: PictureHost
) -> None:
    paths = [host.serve(f"/{n}", a_picture("PNG", (300, 300), colour=f"#0000{n:02x}")) for n in range(85)]
    article = Written(pictures=tuple(paths))
    assert len(article.content) < 20_000
    media_id = add(worker.client, [prepared(worker, article)])
    assert 60 < len(picture_addresses(platform.drafts[media_id][0]["content"])) < 85


def test_after_a_lost_answer_the_draft_is_found(platform: WechatOa, worker: Worker) -> None:
    article = prepared(worker, Written())
    assert find(worker.client, [article.content_source_url]) is None
    platform.mode = Mode.LOSES
    with pytest.raises(WechatUnreachable) as caught:
        add(worker.client, [article])
    platform.mode = Mode.WELL
    assert caught.value.lost
    (made,) = platform.drafts
    platform.move_clock(2)
    add(worker.client, [prepared(worker, Written(source_url="https://portal.example/editions/2"))])
    assert find(worker.client, [article.content_source_url]) == made


def test_a_draft_is_found_by_all_its_addresses_whatever_its_titles_are_now(worker: Worker) -> None:
    one, other = (prepared(worker, Written(source_url=f"https://portal.example/{n}")) for n in (1, 2))
    first, both = (add(worker.client, some) for some in ([one], [one, other]))
    urls = [one.content_source_url, other.content_source_url]
    assert find(worker.client, urls[:1]) == first
    assert find(worker.client, list(reversed(urls))) == both
    assert find(worker.client, urls, but=[both]) is None
    assert find(worker.client, urls[1:]) is None


def test_a_picture_of_no_use_gives_its_place_to_another_of_its_story(worker: Worker, host: PictureHost) -> None:
    bad, good = host.serve("/bad", b"no picture"), host.serve("/good", a_picture())
    article = prepared(worker, Written(pictures=(bad,), cover=bad, spares=((bad, ("http://127.0.0.1:9/x", good)),)))
    assert "mmbiz" in article.content
    assert article.thumb_media_id


def test_one_article_of_a_draft_is_changed(platform: WechatOa, worker: Worker) -> None:
    article = prepared(worker, Written())
    media_id = add(worker.client, [article, article])
    update(worker.client, media_id, 1, prepared(worker, Written(title="更正")))
    assert [one["title"] for one in platform.drafts[media_id]] == [article.title, "更正"]
    platform.publish_by_hand(media_id)
    with pytest.raises(WechatRefused, match="40007"):
        update(worker.client, media_id, 0, article)


def test_a_draft_is_published_where_that_is_asked_for(platform: WechatOa, worker: Worker) -> None:
    publish_id = submit(worker.client, add(worker.client, [prepared(worker, Written())]))
    assert publication(worker.client, publish_id) == Publication(Status.RUNNING)
    done = publication(worker.client, publish_id)
    assert (done.status, len(done.addresses), done.failed) == (Status.DONE, 1, ())
    assert platform.forbidden == []


def test_a_publication_that_fails_names_its_articles(platform: WechatOa, worker: Worker) -> None:
    platform.publish_states = [Status.REJECTED]
    publish_id = submit(worker.client, add(worker.client, [prepared(worker, Written())]))
    assert publication(worker.client, publish_id) == Publication(Status.REJECTED, (), (1,))


def test_answers_in_an_unknown_form_are_told_as_such(platform: WechatOa, worker: Worker) -> None:
    article = prepared(worker, Written())
    platform.mode = Mode.EMPTY
    with pytest.raises(WechatUnreachable, match="without media_id"):
        add(worker.client, [article])
    assert find(worker.client, [article.content_source_url]) is None


def test_the_quota_of_a_day_stops_a_draft_before_it_is_sent(platform: WechatOa, worker: Worker) -> None:
    platform.daily_quota[ADD] = 0
    with pytest.raises(WechatRefused, match="45009"):
        add(worker.careful, [])
    assert platform.calls[ADD] == 0
