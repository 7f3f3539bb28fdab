"""The simulated account of WeChat, held to its rules for pictures, drafts and publishing: what is taken, what not."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from tests.simulators.wechat_caller import (
    ADD,
    BATCH,
    COUNT,
    DELETE,
    GET,
    INSIDE,
    MATERIAL,
    STATUS,
    SUBMIT,
    TEMPORARY,
    UPDATE,
    Caller,
    a_picture,
    code,
)
from tests.simulators.wechat_oa import WechatOa

pytestmark = pytest.mark.slow  # of what tests stand on: CI runs them, not everybody each time


@pytest.fixture
def platform() -> Iterator[WechatOa]:
    with WechatOa() as running:
        yield running


@pytest.fixture
def client(platform: WechatOa) -> Caller:
    made = Caller(platform)
    made.fetch_token()
    return made


@pytest.mark.parametrize(("kind", "name", "mime"), [("PNG", "a.png", "image/png"), ("JPEG", "a.jpg", "image/jpeg")])
def test_a_picture_for_inside_gets_an_address(
    platform: WechatOa, client: Caller, kind: str, name: str, mime: str
) -> None:
    told = client.upload(INSIDE, a_picture(kind), name=name, mime=mime)
    assert told["url"].startswith("https://mmbiz.qpic.cn/")
    assert list(platform.uploads.inside.values()) == [1]
    assert not platform.uploads.cover


@pytest.mark.parametrize(
    ("body", "over", "expected"),
    [
        (a_picture("GIF"), {"name": "a.gif", "mime": "image/gif"}, 40005),
        (a_picture("WEBP"), {"name": "a.webp", "mime": "image/webp"}, 40005),
        (a_picture("WEBP"), {}, 40005),
        (a_picture("JPEG"), {}, 40005),
        (a_picture(), {"name": "a"}, 40005),
        (a_picture()[:60], {}, 40005),
        (b"<svg/>", {}, 40005),
        (a_picture("BMP", (600, 600)), {"name": "a.bmp", "mime": "image/bmp"}, 40009),
        (a_picture(), {"part": "file"}, 41005),
        (a_picture(), {"name": ""}, 41005),
        (b"", {}, 41005),
    ],
)
def test_what_cannot_stand_inside_is_refused(client: Caller, body: bytes, over: dict[str, str], expected: int) -> None:
    assert code(client.upload(INSIDE, body, **over)) == expected


def test_a_body_that_is_no_multipart_is_refused(client: Caller) -> None:
    assert code(client.send(INSIDE, a_picture())) == 41005


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_a_cover_is_kept_for_good(platform: WechatOa, client: Caller, kind: str) -> None:
    told = client.upload(
        MATERIAL, a_picture(kind), name=f"a.{kind.lower()}", mime=f"image/{kind.lower()}", type="image"
    )
    assert platform.box.materials[told["media_id"]].kind == kind
    assert code(client.draft(thumb_media_id=told["media_id"])) == 0
    assert sum(platform.uploads.cover.values()) == 1


def test_a_cover_is_a_picture_of_ten_megabytes_at_most(client: Caller) -> None:
    assert code(client.upload(MATERIAL, a_picture())) == 40004, "type=image is missing"
    assert code(client.upload(MATERIAL, a_picture("WEBP"), type="image")) == 40005
    large = a_picture("BMP", (2000, 1800))
    assert code(client.upload(MATERIAL, large, name="a.bmp", mime="image/bmp", type="image")) == 40009


def test_a_temporary_picture_is_no_cover(client: Caller) -> None:
    media_id = client.upload(TEMPORARY, a_picture(), type="image")["media_id"]
    assert code(client.draft(thumb_media_id=media_id)) == 40007


def test_a_draft_is_kept_as_it_was_sent(platform: WechatOa, client: Caller) -> None:
    media_id = client.draft(author="投促局")["media_id"]
    assert [one["author"] for one in platform.drafts[media_id]] == ["投促局"]
    assert client.post(GET, {"media_id": media_id})["news_item"][0]["author"] == "投促局"
    assert client.get(COUNT) == {"total_count": 1}
    assert platform.refusals == []


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"title": "长" * 33}, 45003),
        ({"title": " "}, 47001),
        ({"title": 5}, 47001),
        ({"author": "长" * 17}, 45110),
        ({"digest": "长" * 129}, 45004),
        ({"content": ""}, 44003),
        ({"content": "<p> </p>"}, 44003),
        ({"content": f"<p>{'x' * 19_993}</p>"}, 45002),
        ({"content": "<p>正文</p><script>x()</script>"}, 45166),
        ({"content": '<p class="x">正文</p>'}, 45166),
        ({"content_source_url": f"https://e.example/{'x' * 1000}"}, 45005),
        ({"content_source_url": "/a"}, 45005),
        ({"thumb_media_id": "nobody"}, 40007),
        ({"pic_crop_1_1": "0_0_2_1"}, 53402),
        ({"pic_crop_1_1": "0.5_0_0.5_1"}, 53402),
        ({"need_open_comment": True}, 47001),
        ({"need_open_comment": 1}, 88000),
        ({"article_type": "video"}, 47001),
        ({"show_cover_pic": 1}, 47001),
    ],
)
def test_each_field_has_its_rule(platform: WechatOa, client: Caller, over: dict[str, Any], expected: int) -> None:
    assert code(client.draft(**over)) == expected
    assert platform.drafts == {}
    assert len(platform.refusals) == 1


@pytest.mark.parametrize(
    "over",
    [
        {"title": "长" * 32},
        {"author": "长" * 16},
        {"digest": "长" * 128},
        {"content": f"<p>{'x' * 19_992}</p>"},
        {"content_source_url": f"https://e.example/{'x' * 982}"},
        {"pic_crop_235_1": "0_0.25_1_0.75"},
        {"need_open_comment": 0, "article_type": "news"},
    ],
)
def test_each_field_may_be_as_long_as_its_rule_says(client: Caller, over: dict[str, Any]) -> None:
    assert code(client.draft(**over)) == 0


def test_a_cover_has_200_pixels_on_each_side(client: Caller) -> None:
    assert code(client.draft(thumb_media_id=client.cover(a_picture(size=(199, 900))))) == 53402
    article = client.an_article()
    del article["thumb_media_id"]
    assert code(client.post(ADD, {"articles": [article]})) == 41006


def test_a_draft_has_one_to_eight_articles(client: Caller) -> None:
    article = client.an_article()
    assert code(client.post(ADD, {"articles": [article] * 8})) == 0
    assert code(client.post(ADD, {"articles": [article] * 9})) == 45008
    assert code(client.post(ADD, {"articles": []})) == 45008
    assert code(client.post(ADD, {"articles": article})) == 47001


def test_escapes_in_the_body_are_refused_but_an_escaped_backslash_is_none(client: Caller) -> None:
    body = orjson.dumps({"articles": [client.an_article(author="ab")]})
    assert code(client.send(ADD, body.replace(b'"ab"', b'"\\u0061b"'))) == 40033
    assert code(client.send(ADD, body.replace(b'"ab"', b'"\\\\u0061b"'))) == 0
    assert code(client.send(ADD, body[:-1])) == 47001
    assert code(client.send(ADD, b"[]")) == 47001


def test_foreign_pictures_are_removed_and_told(platform: WechatOa, client: Caller) -> None:
    ours = client.upload(INSIDE, a_picture())["url"].replace("&", "&amp;")
    content = f'<p>正文<img src="{ours}"><img src="https://e.example/a.png"></p>'
    media_id = client.draft(content=content)["media_id"]
    assert platform.removed_images == ["https://e.example/a.png"]
    assert platform.unknown_images == []
    assert platform.drafts[media_id][0]["content"] == f'<p>正文<img src="{ours}"></p>'


def test_an_address_on_mmbiz_that_was_never_given_out_is_told(platform: WechatOa, client: Caller) -> None:
    client.draft(content='<p>正文<img src="https://mmbiz.qpic.cn/x"></p>')
    assert platform.unknown_images == ["https://mmbiz.qpic.cn/x"]


def test_a_draft_is_updated_article_by_article(platform: WechatOa, client: Caller) -> None:
    article = client.an_article()
    media_id = client.post(ADD, {"articles": [article, article]})["media_id"]
    changed = article | {"title": "更正"}
    assert code(client.post(UPDATE, {"media_id": media_id, "index": 1, "articles": changed})) == 0
    assert [one["title"] for one in platform.drafts[media_id]] == [article["title"], "更正"]
    for over, expected in (
        ({"articles": [changed]}, 47001),
        ({"index": 2}, 40114),
        ({"index": "0"}, 47001),
        ({"media_id": "x"}, 40007),
        ({"media_id": ""}, 41006),
        ({"articles": changed | {"title": "长" * 33}}, 45003),
    ):
        assert code(client.post(UPDATE, {"media_id": media_id, "index": 1, "articles": changed} | over)) == expected


def test_a_deleted_draft_is_gone(client: Caller) -> None:
    media_id = client.draft()["media_id"]
    assert code(client.post(DELETE, {"media_id": media_id})) == 0
    assert code(client.post(DELETE, {"media_id": media_id})) == 40007


def test_drafts_are_listed_newest_first(platform: WechatOa, client: Caller) -> None:
    first = client.draft()["media_id"]
    platform.move_clock(5)
    second = client.draft()["media_id"]
    listed = client.post(BATCH, {"offset": 0, "count": 20, "no_content": 1})
    assert [one["media_id"] for one in listed["item"]] == [second, first]
    assert "content" not in listed["item"][0]["content"]["news_item"][0]
    assert code(client.post(BATCH, {"offset": 0, "count": 21})) == 47001


def test_a_draft_that_the_owner_took_away_gives_40007(platform: WechatOa, client: Caller) -> None:
    published, deleted = client.draft()["media_id"], client.draft()["media_id"]
    platform.publish_by_hand(published)
    platform.delete_by_hand(deleted)
    assert [code(client.post(GET, {"media_id": one})) for one in (published, deleted)] == [40007, 40007]
    assert list(platform.published) == [published]


def test_a_picture_message_has_pictures_and_plain_text(client: Caller) -> None:
    shown = {"image_list": [{"image_media_id": client.cover()}]}
    kind: dict[str, Any] = {"article_type": "newspic", "content": "字"}
    assert code(client.draft(**kind, image_info=shown)) == 0
    assert code(client.draft(**kind)) == 47001
    assert code(client.draft(**kind, image_info={"image_list": [{"image_media_id": "x"}]})) == 40007
    assert code(client.draft(article_type="newspic", content="<p>字</p>", image_info=shown)) == 45166


def test_publishing_takes_the_draft_from_the_box_and_tells_its_state_at_each_poll(
    platform: WechatOa, client: Caller
) -> None:
    platform.publish_states = (1, 1, 0)
    media_id = client.draft()["media_id"]
    publish_id = client.post(SUBMIT, {"media_id": media_id})["publish_id"]
    assert platform.drafts == {}
    assert code(client.post(SUBMIT, {"media_id": media_id})) == 40007
    told = [client.post(STATUS, {"publish_id": publish_id}) for _ in range(4)]
    assert [one["publish_status"] for one in told] == [1, 1, 0, 0]
    assert told[-1]["article_detail"]["item"][0]["article_url"].startswith("http://mp.weixin.qq.com/s/")
    assert list(platform.published) == [media_id]
    assert code(client.post(STATUS, {"publish_id": "1"})) == 53600


def test_what_fails_is_not_published(platform: WechatOa, client: Caller) -> None:
    platform.publish_states = (4,)
    publish_id = client.post(SUBMIT, {"media_id": client.draft()["media_id"]})["publish_id"]
    assert client.post(STATUS, {"publish_id": publish_id})["publish_status"] == 4
    assert platform.published == {}


def test_an_account_may_be_without_publishing_or_without_drafts(platform: WechatOa, client: Caller) -> None:
    media_id = client.draft()["media_id"]
    platform.may_publish = False
    assert code(client.post(SUBMIT, {"media_id": media_id})) == 48001
    assert code(client.draft()) == 0
    platform.certified = False
    assert code(client.draft()) == 48001
