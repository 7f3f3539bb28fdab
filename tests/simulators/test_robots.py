"""The simulated robots judged: each rule lets one message pass and refuses another, and a careless client fails."""

import base64
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.simulators.dingtalk import DingTalk
from tests.simulators.feishu import Feishu
from tests.simulators.robots import Robots
from tests.simulators.slack import Slack
from tests.simulators.wecom import WeCom

pytestmark = pytest.mark.slow  # of what tests stand on: CI runs them, not everybody each time

JSON_TYPE = "application/json; charset=utf-8"
URL = "https://news.example/a/1"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@dataclass(frozen=True)
class Told:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> Any:
        shape = json.loads(self.body)
        return shape.get("errcode", shape.get("code", shape.get("status")))


def post(url: str, body: Any, *, content_type: str = JSON_TYPE) -> Told:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(url, raw, {"content-type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return Told(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
    except urllib.error.HTTPError as error:
        return Told(error.code, {name.lower(): value for name, value in error.headers.items()}, error.read())


@pytest.fixture
def wecom() -> Iterator[WeCom]:
    with WeCom() as simulator:
        simulator.add("k")
        yield simulator


@pytest.fixture
def dingtalk() -> Iterator[DingTalk]:
    with DingTalk() as simulator:
        simulator.add("k")
        yield simulator


@pytest.fixture
def feishu() -> Iterator[Feishu]:
    with Feishu() as simulator:
        simulator.add("k")
        yield simulator


@pytest.fixture
def slack() -> Iterator[Slack]:
    with Slack() as simulator:
        simulator.add("T1/B1/X1")
        yield simulator


def wecom_text(content: str = "你好", **more: Any) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": content, **more}}


def wecom_markdown(content: str, kind: str = "markdown") -> dict[str, Any]:
    return {"msgtype": kind, kind: {"content": content}}


def wecom_news(*titles: str, **more: str) -> dict[str, Any]:
    return {"msgtype": "news", "news": {"articles": [{"title": title, "url": URL, **more} for title in titles]}}


def wecom_card(**more: Any) -> dict[str, Any]:
    card = {"card_type": "text_notice", "main_title": {"title": "园区"}, "card_action": {"type": 1, "url": URL}}
    return {"msgtype": "template_card", "template_card": card | more}


def wecom_image(raw: bytes, md5: str | None = None) -> dict[str, Any]:
    digest = md5 or hashlib.md5(raw).hexdigest()
    return {"msgtype": "image", "image": {"base64": base64.b64encode(raw).decode(), "md5": digest}}


def ding(kind: str, at: dict[str, Any] | None = None, **part: Any) -> dict[str, Any]:
    return {"msgtype": kind, kind: part} | ({"at": at} if at is not None else {})


def ding_feed(**link: str) -> dict[str, Any]:
    return ding("feedCard", links=[{"title": "园区", "messageURL": URL, "picURL": URL} | link])


def feishu_text(text: str = "你好") -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": text}}


def feishu_card(*elements: Any, **more: Any) -> dict[str, Any]:
    header = {"title": {"tag": "plain_text", "content": "园区"}, "template": "blue"}
    card = {"schema": "2.0", "header": header, "body": {"elements": list(elements) or [{"tag": "hr"}]}}
    return {"msg_type": "interactive", "card": card | more}


def feishu_old_card(**more: Any) -> dict[str, Any]:
    div = {"tag": "div", "text": {"tag": "lark_md", "content": f"[园区]({URL})"}}
    return {"msg_type": "interactive", "card": {"elements": [div]} | more}


def feishu_post(*runs: Any, language: str = "zh_cn") -> dict[str, Any]:
    return {"msg_type": "post", "content": {"post": {language: {"title": "标题", "content": [list(runs)]}}}}


def section(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, **more}}


def button(text: str = "看", url: str = URL) -> dict[str, Any]:
    return {"type": "actions", "elements": [{"type": "button", "text": plain(text), "url": url}]}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


GOOD_JUMP = {"type": 1, "title": "看", "url": URL}
NEWS_NOTICE = {"card_type": "news_notice", "card_image": {"url": URL, "aspect_ratio": 2.25}}


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        (wecom_text("字" * 682), wecom_text("字" * 683), 45002),
        (wecom_markdown("字" * 1365), wecom_markdown("字" * 1366), 45002),
        (wecom_markdown("字" * 1365, "markdown_v2"), wecom_markdown("字" * 1366, "markdown_v2"), 45002),
        (wecom_text(), wecom_text(" "), 44004),
        (wecom_text(), {"msgtype": "html", "html": {"content": "x"}}, 40008),
        (wecom_text(mentioned_list=["@all"]), wecom_text(mentioned=["@all"]), 40058),
        (wecom_text(), wecom_text() | {"at": {}}, 40058),
        (wecom_text(), {"msgtype": "text"}, 40058),
        (wecom_news(*"12345678"), wecom_news(*"123456789"), 40058),
        (wecom_news("1"), wecom_news(), 40058),
        (wecom_news("1", picurl=URL), wecom_news("1", picUrl=URL), 40058),
        (wecom_news("1"), wecom_news(""), 41016),
        (wecom_card(), wecom_card(card_action={"type": 1}), 40058),
        (wecom_card(), {"msgtype": "template_card", "template_card": {"card_type": "text_notice"}}, 40058),
        (wecom_card(main_title={}, sub_title_text="x"), wecom_card(main_title={}), 40058),
        (wecom_card(jump_list=[GOOD_JUMP] * 3), wecom_card(jump_list=[GOOD_JUMP] * 4), 40058),
        (
            wecom_card(horizontal_content_list=[{"keyname": "城市"}] * 6),
            wecom_card(horizontal_content_list=[{"keyname": "城市"}] * 7),
            40058,
        ),
        (wecom_card(jump_list=[GOOD_JUMP]), wecom_card(jump_list=[{"type": 1, "title": "看"}]), 40058),
        (wecom_card(source={"desc_color": 1}), wecom_card(source={"desc_color": "1"}), 40058),
        (wecom_card(**NEWS_NOTICE), wecom_card(card_type="news_notice"), 40058),
        (
            wecom_card(**NEWS_NOTICE, vertical_content_list=[{"title": "1"}] * 4),
            wecom_card(**NEWS_NOTICE, vertical_content_list=[{"title": "1"}] * 5),
            40058,
        ),
        (wecom_image(PNG), wecom_image(PNG, "0" * 32), 301019),
        (wecom_image(PNG), wecom_image(PNG + b"\0" * 2 * 1024 * 1024), 40009),
        (wecom_text(), b'{"msgtype": "text"', 47001),
        (wecom_text(), {"msgtype": "file", "file": {"media_id": "3a8"}}, 40007),
    ],
)
def test_wecom_takes_one_and_refuses_the_other(wecom: WeCom, good: Any, bad: Any, code: int) -> None:
    assert post(wecom.url("k"), good).code == 0
    assert post(wecom.url("k"), bad).code == code
    assert wecom.messages("k") == [good]
    assert len(wecom.refusals) == 1


BUTTONS: dict[str, Any] = {"title": "园区", "text": "正文", "btnOrientation": "0"}


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        (ding("text", content="你好"), ding("text", text="你好"), 40035),
        (ding("text", at={"isAtAll": True}, content="x"), ding("text", at={"isAtAll": "true"}, content="x"), 40035),
        (ding("text", content="x"), ding("text", at=None, content="x") | {"extra": 1}, 40035),
        (ding("text", content="x"), ding("card", content="x"), 400105),
        (ding("markdown", title="t", text="x"), ding("markdown", text="x"), 40035),
        (
            ding("link", title="t", text="x", messageUrl=URL, picUrl=""),
            ding("link", title="t", text="x", messageURL=URL, picURL=""),
            40035,
        ),
        (ding_feed(), ding_feed(messageUrl=URL), 40035),
        (ding_feed(), ding("feedCard", links=[]), 40035),
        (ding_feed(), ding_feed() | {"at": {"isAtAll": True}}, 40035),
        (
            ding("actionCard", **BUTTONS, singleTitle="看", singleURL=URL),
            ding("actionCard", **BUTTONS, singleTitle="看"),
            40035,
        ),
        (
            ding("actionCard", **BUTTONS, btns=[{"title": "看", "actionURL": URL}]),
            ding("actionCard", **BUTTONS, btns=[{"title": "看", "actionUrl": URL}]),
            40035,
        ),
        (ding("text", content="x"), ding("text", content="字" * 6_700), 460101),
        (ding("text", content="x"), b"{", 40035),
    ],
)
def test_dingtalk_takes_one_and_refuses_the_other(dingtalk: DingTalk, good: Any, bad: Any, code: int) -> None:
    assert post(dingtalk.url("k"), good).code == 0
    assert post(dingtalk.url("k"), bad).code == code
    assert dingtalk.messages("k") == [good]


LINE = {"tag": "markdown", "content": f"[园区]({URL})"}
BUTTON = {"tag": "button", "text": plain("x") | {"tag": "plain_text", "content": "看"}}


@pytest.mark.parametrize(
    ("good", "bad", "code"),
    [
        (feishu_text(), {"msg_type": "text", "text": {"content": "x"}}, 9499),
        (feishu_text(), {"msg_type": "text", "content": {"content": "x"}}, 19002),
        (feishu_text(), {"msg_type": "markdown", "content": {"text": "x"}}, 9499),
        (feishu_text(), feishu_text("字" * 6_700), 9499),
        (feishu_text(), b"[]", 9499),
        (feishu_post({"tag": "a", "text": "园区", "href": URL}), feishu_post({"tag": "a", "text": "园区"}), 19002),
        (feishu_post({"tag": "text", "text": "x"}), feishu_post({"tag": "md", "text": "x"}), 19002),
        (feishu_post({"tag": "text", "text": "x"}), feishu_post({"tag": "text", "text": "x"}, language="zh"), 19002),
        (
            {"msg_type": "image", "content": {"image_key": "img_1"}},
            {"msg_type": "image", "content": {"image": "img_1"}},
            19002,
        ),
        (feishu_card(LINE), feishu_card(LINE | {"href": {}}), 9499),
        (feishu_card(LINE), feishu_card({"tag": "note", "elements": []}), 9499),
        (feishu_card(LINE), feishu_card(LINE, fallback={}), 9499),
        (feishu_card(LINE), feishu_card(LINE, i18n_elements={}), 9499),
        (feishu_card(config={"update_multi": True}), feishu_card(config={"update_multi": False}), 9499),
        (feishu_card(), feishu_card() | {"card": json.dumps(feishu_card()["card"])}, 9499),
        (
            feishu_card({"tag": "column_set", "columns": [{"tag": "column", "elements": [LINE]}]}),
            feishu_card({"tag": "column_set", "columns": [{"tag": "column", "elements": [{"tag": "action"}]}]}),
            9499,
        ),
        (feishu_old_card(), feishu_old_card(elements=[{"tag": "div"}]), 9499),
        (feishu_old_card(), feishu_old_card(header={"title": "园区"}), 9499),
    ],
)
def test_feishu_takes_one_and_refuses_the_other(feishu: Feishu, good: Any, bad: Any, code: int) -> None:
    assert post(feishu.url("k"), good).code == 0
    assert post(feishu.url("k"), bad).code == code
    assert feishu.messages("k") == [good]
    assert not feishu.faults


def test_feishus_button_that_misspells_its_text_is_refused(feishu: Feishu) -> None:
    assert post(feishu.url("k"), feishu_card(BUTTON)).code == 9499


def test_a_field_that_card_1_ignores_is_a_fault(feishu: Feishu) -> None:
    assert post(feishu.url("k"), feishu_old_card(body={})).code == 0
    assert len(feishu.faults) == 1


TEXT = {"text": "x"}


@pytest.mark.parametrize(
    ("good", "bad", "error"),
    [
        (TEXT, {"text": ""}, "no_text"),
        (TEXT, {}, "no_text"),
        (TEXT, b"{", "invalid_payload"),
        (TEXT, {"text": 1}, "invalid_payload"),
        (TEXT | {"blocks": [{"type": "divider"}] * 50}, TEXT | {"blocks": [{"type": "divider"}] * 51}, ""),
        (TEXT | {"blocks": [section("字" * 3000)]}, TEXT | {"blocks": [section("字" * 3001)]}, ""),
        (TEXT | {"blocks": [section("x")]}, TEXT | {"blocks": [{"type": "section"}]}, ""),
        (TEXT | {"blocks": [section("x")]}, TEXT | {"blocks": [section("x") | {"title": "x"}]}, ""),
        (
            TEXT | {"blocks": [{"type": "header", "text": plain("字" * 150)}]},
            TEXT | {"blocks": [{"type": "header", "text": plain("字" * 151)}]},
            "",
        ),
        (
            TEXT | {"blocks": [{"type": "header", "text": plain("x")}]},
            TEXT | {"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]},
            "",
        ),
        (TEXT | {"blocks": [button("字" * 75)]}, TEXT | {"blocks": [button("字" * 76)]}, ""),
        (
            TEXT | {"blocks": [button(url=URL.ljust(3000, "x"))]},
            TEXT | {"blocks": [button(url=URL.ljust(3001, "x"))]},
            "",
        ),
    ],
)
def test_slack_takes_one_and_refuses_the_other(slack: Slack, good: Any, bad: Any, error: str) -> None:
    key = "T1/B1/X1"
    assert post(slack.url(key), good).body == b"ok"
    told = post(slack.url(key), bad)
    assert (told.status, told.body.decode()) == (400, error or "invalid_blocks")
    assert slack.messages(key) == [good]


def test_slack_names_what_is_wrong_with_a_webhook(slack: Slack) -> None:
    keys = ["T1/B1/X1", "T2/B2/X2", "T3/B3/X3", "T4/B4/X4"]
    for key in keys[1:]:
        slack.add(key)
    slack.remove(keys[0])
    slack.stop(keys[1])
    slack.archive(keys[2])
    slack.lose_channel(keys[3])
    told = [post(slack.url(key), TEXT) for key in [*keys, "T9/B9/X9", "T1/B1/X9"]]
    assert [(each.status, each.body) for each in told] == [
        (404, b"no_service"),
        (403, b"action_prohibited"),
        (410, b"channel_is_archived"),
        (404, b"channel_not_found"),
        (404, b"no_service"),
        (403, b"invalid_token"),
    ]


def test_slack_may_fail_when_told_to(slack: Slack) -> None:
    slack.error_next("T1/B1/X1", "rollup_error")
    assert post(slack.url("T1/B1/X1"), TEXT).status == 500
    assert post(slack.url("T1/B1/X1"), TEXT).status == 200


def test_slack_lets_bursts_pass_and_then_one_a_second(slack: Slack) -> None:
    url = slack.url("T1/B1/X1")
    assert [post(url, TEXT).status for _ in range(5)] == [200] * 5
    told = post(url, TEXT)
    assert (told.status, told.body, slack.overruns) == (429, b"rate_limited", 1)
    slack.move_clock(int(told.headers["retry-after"]))
    assert post(url, TEXT).status == 200


def test_slack_without_text_for_the_notification_is_a_fault(slack: Slack) -> None:
    assert post(slack.url("T1/B1/X1"), {"blocks": [section("x")]}).status == 200
    assert len(slack.faults) == 1


@pytest.mark.parametrize(
    ("kind", "message", "unknown", "stopped"),
    [
        (WeCom, wecom_text(), 93000, 93004),
        (DingTalk, ding("text", content="x"), 300001, 400102),
        (Feishu, feishu_text(), 19001, 19001),
    ],
)
def test_each_robot_has_its_own_fate(kind: type[Robots], message: Any, unknown: int, stopped: int) -> None:
    with kind() as simulator:
        urls = {key: simulator.add(key) for key in ("well", "gone", "stopped")}
        simulator.remove("gone")
        simulator.stop("stopped")
        assert post(urls["well"], message).code == 0
        assert post(urls["gone"], message).code == unknown
        assert post(urls["stopped"], message).code == stopped
        assert post(simulator.url("never"), message).code == unknown
        simulator.open = True
        assert post(simulator.url("never"), message).code == 0
        simulator.answer_next("well", -1)
        assert [post(urls["well"], message).code for _ in range(2)] == [-1, 0]
        assert [len(simulator.messages(key)) for key in ("well", "gone", "stopped", "never")] == [2, 0, 0, 1]


def test_wecom_over_its_rate_stays_refused_for_a_minute(wecom: WeCom) -> None:
    wecom.add("other")
    assert [post(wecom.url("k"), wecom_text()).code for _ in range(20)] == [0] * 20
    wecom.move_clock(50)
    assert post(wecom.url("k"), wecom_text()).code == 45009
    assert post(wecom.url("other"), wecom_text()).code == 0
    wecom.move_clock(20)  # the window has room again, the robot is still refused
    assert post(wecom.url("k"), wecom_text()).code == 45009
    assert wecom.overruns == 2
    wecom.move_clock(41)
    assert post(wecom.url("k"), wecom_text()).code == 0


def test_wecoms_window_slides(wecom: WeCom) -> None:
    for _ in range(2):
        for _ in range(10):
            post(wecom.url("k"), wecom_text())
        wecom.move_clock(40)
    assert [post(wecom.url("k"), wecom_text()).code for _ in range(10)] == [0] * 10
    assert wecom.overruns == 0


@pytest.mark.parametrize(("gateway", "code"), [("", 130101), ("gateway", 1111)])
def test_dingtalk_over_its_rate_is_mute_for_ten_minutes(dingtalk: DingTalk, gateway: str, code: int) -> None:
    dingtalk.gateway = bool(gateway)
    message = ding("text", content="x")
    assert [post(dingtalk.url("k"), message).code for _ in range(21)] == [0] * 20 + [code]
    dingtalk.move_clock(590)
    assert post(dingtalk.url("k"), message).code == code
    dingtalk.move_clock(11)
    assert post(dingtalk.url("k"), message).code == 0


def test_feishu_takes_five_a_second_and_a_hundred_a_minute(feishu: Feishu) -> None:
    codes = []
    for _ in range(20):
        codes += [post(feishu.url("k"), feishu_text()).code for _ in range(5)]
        feishu.move_clock(1.01)
    assert codes == [0] * 100
    assert post(feishu.url("k"), feishu_text()).code == 11232
    feishu.move_clock(41)
    assert [post(feishu.url("k"), feishu_text()).code for _ in range(6)] == [0] * 5 + [11232]
    assert feishu.overruns == 2


def test_feishus_gateway_says_when_to_come_again(feishu: Feishu) -> None:
    feishu.gateway = True
    told = [post(feishu.url("k"), feishu_text()) for _ in range(6)][-1]
    assert (told.status, told.code) == (429, 99991400)
    feishu.move_clock(int(told.headers["x-ogw-ratelimit-reset"]))
    assert post(feishu.url("k"), feishu_text()).code == 0


def ding_signed(simulator: DingTalk, ms: str, secret: str = "SECx") -> str:
    digest = hmac.digest(b"SECx", f"{ms}\n{secret}".encode(), "sha256")
    return f"{simulator.url('s')}&timestamp={ms}&sign={quote_plus(base64.b64encode(digest))}"


def test_dingtalk_checks_the_signature_and_its_age(dingtalk: DingTalk) -> None:
    dingtalk.add("s", secret="SECx")
    message = ding("text", content="x")
    now = str(int(dingtalk.now() * 1000))
    assert post(ding_signed(dingtalk, now), message).code == 0
    told = [
        post(dingtalk.url("s"), message),
        post(ding_signed(dingtalk, now[:-3]), message),
        post(ding_signed(dingtalk, now, "SECy"), message),
    ]
    dingtalk.move_clock(3_700)
    told.append(post(ding_signed(dingtalk, now), message))
    texts = ["invalid timestamp", "invalid timestamp", "sign not match", "invalid timestamp"]
    assert [json.loads(each.body) for each in told] == [{"errcode": 310000, "errmsg": text} for text in texts]


def test_a_signature_that_is_not_url_encoded_fails_or_is_a_fault(dingtalk: DingTalk) -> None:
    dingtalk.add("s", secret="SECx")
    start = int(dingtalk.now() * 1000)
    for ms in range(start, start + 400):
        raw = base64.b64encode(hmac.digest(b"SECx", f"{ms}\nSECx".encode(), "sha256")).decode()
        if "+" in raw:
            break
    message = ding("text", content="x")
    assert post(f"{dingtalk.url('s')}&timestamp={ms}&sign={raw}", message).code == 310000
    assert post(f"{dingtalk.url('s')}&timestamp={ms}&sign={quote(quote_plus(raw))}", message).code == 310000
    assert post(f"{dingtalk.url('s')}&timestamp={ms}&sign={raw.replace('+', '%2B')}", message).code == 0
    assert dingtalk.faults == ["sign is not URL-encoded"]


def feishu_signed(seconds: Any, secret: str = "s3") -> dict[str, Any]:
    digest = hmac.digest(f"{seconds}\n{secret}".encode(), b"", "sha256")
    return feishu_text() | {"timestamp": seconds, "sign": base64.b64encode(digest).decode()}


def test_feishu_checks_the_signature_and_its_age(feishu: Feishu) -> None:
    feishu.add("s", secret="s3")
    now = str(int(time.time()))
    swapped = base64.b64encode(hmac.digest(b"s3", f"{now}\ns3".encode(), "sha256")).decode()
    url = feishu.url("s")
    assert post(url, feishu_signed(now)).code == 0
    assert post(url, feishu_signed(now, "other")).code == 19021
    assert post(url, feishu_signed(int(now))).code == 19021
    assert post(url, feishu_signed(now) | {"sign": swapped}).code == 19021
    assert post(url, feishu_text()).code == 19021
    feishu.move_clock(3_700)
    assert post(url, feishu_signed(now)).code == 19021


def test_keywords_and_addresses_are_asked_for(dingtalk: DingTalk, feishu: Feishu) -> None:
    for simulator in (dingtalk, feishu):
        simulator.add("k", keywords=["园区", "news"])
        simulator.add("far", ips=["203.0.113.7"])
    link = ding("link", title="t", text="园区", messageUrl=URL)
    assert post(dingtalk.url("k"), link).code == 0
    link["link"]["text"] = "只有地址里有"  # `news` stands in the address
    assert json.loads(post(dingtalk.url("k"), link).body)["errmsg"] == "keywords not in content"
    assert json.loads(post(dingtalk.url("far"), link).body)["errmsg"] == "ip 127.0.0.1 not in whitelist"
    assert post(feishu.url("k"), feishu_card(LINE)).code == 0
    assert post(feishu.url("k"), feishu_text("没有")).code == 19024
    assert post(feishu.url("far"), feishu_text()).code == 19022


@pytest.mark.parametrize(
    ("content_type", "code", "faults"),
    [(JSON_TYPE, 0, 0), ("application/json", 0, 1), ("application/x-www-form-urlencoded", 43004, 0)],
)
def test_the_content_type_is_json_in_utf_8(dingtalk: DingTalk, content_type: str, code: int, faults: int) -> None:
    assert post(dingtalk.url("k"), ding("text", content="x"), content_type=content_type).code == code
    assert len(dingtalk.faults) == faults


@pytest.mark.parametrize(("raw", "faults"), [(r"\u6cf0", 1), ("泰", 0), (r"\u001f", 0), (r"\\u6cf0", 0)])
def test_escapes_in_place_of_utf_8_are_a_fault(wecom: WeCom, raw: str, faults: int) -> None:
    assert post(wecom.url("k"), f'{{"msgtype":"text","text":{{"content":"{raw}x"}}}}'.encode()).code == 0
    assert len(wecom.faults) == faults


def test_what_wecom_cuts_in_silence_is_kept(wecom: WeCom) -> None:
    post(wecom.url("k"), wecom_news("字" * 42, description="字" * 170))
    assert not wecom.silent_cuts
    post(wecom.url("k"), wecom_news("字" * 43, description="字" * 171))
    assert len(wecom.silent_cuts) == 2
    assert wecom.titles("k")[1] == "字" * 42 + "\ufffd"


def test_a_card_that_wecom_shows_in_part_is_a_silent_cut(wecom: WeCom) -> None:
    post(wecom.url("k"), wecom_card(main_title={"title": "字" * 26}))
    assert not wecom.silent_cuts
    post(wecom.url("k"), wecom_card(main_title={"title": "字" * 27}))
    assert len(wecom.silent_cuts) == 1


def test_wecoms_files_are_uploaded_first_and_last_three_days(wecom: WeCom) -> None:
    form = b'--b\r\ncontent-disposition: form-data; name="media"; filename="a.txt"\r\n\r\n12345\r\n--b--\r\n'
    url = f"{wecom.base}/cgi-bin/webhook/upload_media?key=k&type=file"
    media_id = json.loads(post(url, form, content_type="multipart/form-data; boundary=b").body)["media_id"]
    message = {"msgtype": "file", "file": {"media_id": media_id}}
    assert post(wecom.url("k"), message).code == 0
    wecom.move_clock(3 * 86_400 + 1)
    assert post(wecom.url("k"), message).code == 40007
    assert post(url, b"", content_type="text/plain").code == 40058
