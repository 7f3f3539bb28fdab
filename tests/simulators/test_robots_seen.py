"""What readers see of a robot's message: titles, links and mentions, and the tricks in a title that must not work."""

from typing import Any

import pytest

from tests.simulators import dingtalk, feishu, markdown, slack, wecom
from tests.simulators.markdown import DINGTALK, FEISHU, WECOM, WECOM_V2, Seen, read, read_mrkdwn
from tests.simulators.robots import Robots
from tests.simulators.test_robots import (
    LINE,
    PNG,
    URL,
    button,
    ding,
    ding_feed,
    feishu_card,
    feishu_old_card,
    feishu_post,
    feishu_text,
    plain,
    post,
    section,
    wecom_card,
    wecom_image,
    wecom_markdown,
    wecom_news,
    wecom_text,
)

pytestmark = pytest.mark.slow  # of what tests stand on: CI runs them, not everybody each time

OPEN_URL = [{"type": "open_url", "default_url": URL}]
BUTTON = {"tag": "button", "text": {"tag": "plain_text", "content": "看"}, "behaviors": OPEN_URL}
WRAPPED = "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fnews.example%2Fa%2F1&pc_slide=false"
ONE = [("园区", URL)]


@pytest.mark.parametrize(
    ("platform", "message", "links"),
    [
        (wecom.WeCom(), wecom_text(f"园区\n{URL}\n二：{URL}"), [*ONE, ("二", URL)]),
        (wecom.WeCom(), wecom_markdown(f"# 周报\n> 1. [**园区**]({URL})"), ONE),
        (wecom.WeCom(), wecom_news("园区"), ONE),
        (wecom.WeCom(), wecom_card(jump_list=[{"type": 1, "title": "二", "url": URL}]), [*ONE, ("二", URL)]),
        (wecom.WeCom(), wecom_image(PNG), []),
        (dingtalk.DingTalk(), ding("text", content=f"园区 {URL}"), ONE),
        (dingtalk.DingTalk(), ding("markdown", title="通知", text=f"- [园\\区]({URL})".replace("\\", "")), ONE),
        (dingtalk.DingTalk(), ding("link", title="园区", text="x", messageUrl=URL), ONE),
        (dingtalk.DingTalk(), ding_feed(), ONE),
        (dingtalk.DingTalk(), ding("actionCard", title="t", text="x", singleTitle="园区", singleURL=URL), ONE),
        (feishu.Feishu(), feishu_text(f"园区\n{URL}"), ONE),
        (feishu.Feishu(), feishu_post({"tag": "a", "text": "园区", "href": URL}), ONE),
        (feishu.Feishu(), feishu_card(LINE), ONE),
        (feishu.Feishu(), feishu_card(BUTTON), [("看", URL)]),
        (feishu.Feishu(), feishu_old_card(), ONE),
        (slack.Slack(), {"text": f"<{URL}|园区>"}, ONE),
        (slack.Slack(), {"text": f"<{URL}|别>", "blocks": [section(f"<{URL}|园区>"), button()]}, [*ONE, ("看", URL)]),
    ],
)
def test_links_are_seen_with_their_titles(platform: Robots, message: Any, links: list[tuple[str, str]]) -> None:
    assert platform.look(message).links == links


@pytest.mark.parametrize(
    ("platform", "message", "titles"),
    [
        (feishu.Feishu(), feishu_card(LINE), ["园区"]),  # the header repeats the link
        (feishu.Feishu(), feishu_card(BUTTON), ["看", "园区"]),
        (feishu.Feishu(), feishu_card({"tag": "markdown", "content": "## 二"}), ["园区", "二"]),
        (dingtalk.DingTalk(), ding("markdown", title="通知", text="### 园区\n\n正文"), ["园区"]),
        (wecom.WeCom(), wecom_markdown("**园区**\n正文"), ["园区"]),
        (slack.Slack(), {"text": "x", "blocks": [{"type": "header", "text": plain("A &amp; B")}]}, ["A & B"]),
        (slack.Slack(), {"text": "*园区*\n正文"}, ["园区"]),
    ],
)
def test_headings_are_titles_too(platform: Robots, message: Any, titles: list[str]) -> None:
    assert platform.look(message).titles == titles


@pytest.mark.parametrize(
    ("platform", "message", "whom"),
    [
        (wecom.WeCom(), wecom_text(mentioned_list=["@all"], mentioned_mobile_list=["138"]), ["@all", "138"]),
        (wecom.WeCom(), wecom_markdown("<@li>"), ["li"]),
        (wecom.WeCom(), wecom_markdown("<@li>", "markdown_v2"), []),
        (dingtalk.DingTalk(), ding("markdown", {"atMobiles": ["138", "139"]}, title="t", text="@138"), ["138"]),
        (dingtalk.DingTalk(), ding("text", {"isAtAll": True}, content="x"), ["@all"]),
        (dingtalk.DingTalk(), ding("text", content="@138 @所有人"), []),
        (feishu.Feishu(), feishu_text('<at user_id="all">所有人</at>'), ["all"]),
        (feishu.Feishu(), feishu_post({"tag": "at", "user_id": "ou_1"}), ["ou_1"]),
        (feishu.Feishu(), feishu_card({"tag": "markdown", "content": "<at id=all></at>"}), ["all"]),
        (feishu.Feishu(), feishu_card({"tag": "markdown", "content": "&lt;at id=all&gt;&lt;/at&gt;"}), []),
        (slack.Slack(), {"text": "<!here> <@U1> <!date^1^x|y>"}, ["!here", "@U1"]),
        (slack.Slack(), {"text": "&lt;!here&gt; @channel"}, []),
        (slack.Slack(), {"text": "x", "blocks": [section("@channel")]}, ["@channel"]),
        (slack.Slack(), {"text": "x", "blocks": [section("@channel", verbatim=True)]}, []),
    ],
)
def test_mentions_are_seen(platform: Robots, message: Any, whom: list[str]) -> None:
    assert platform.look(message).mentions == whom


@pytest.mark.parametrize(
    ("text", "dialect", "title"),
    [
        (f"[a\\*b\\[1\\](2)]({URL})", DINGTALK, "a*b[1](2)"),
        (f"[\\<b\\>&lt;]({URL})", DINGTALK, "<b><"),
        (f"[`*a*`]({URL})", DINGTALK, "*a*"),
        (f"[*a*]({URL})", DINGTALK, "a"),
        (f"[&#91;1&#93;(2)&#42;&#42;a&#42;&#42;]({URL})", FEISHU, "[1](2)**a**"),
        (f"[\\*a]({URL})", FEISHU, "\\*a"),
        (f"<a href='{URL}'>园区</a>", FEISHU, "园区"),
        (f"[\\*a &lt;]({URL})", WECOM, "\\*a &lt;"),
        (f'[【独家】<font color="info">a</font> **b** `c`]({URL})', WECOM, "【独家】a b c"),
        (f"[<font>*a*]({URL})", WECOM_V2, "<font>a"),
        (f"[[独家] a]({URL})", DINGTALK, "[独家] a"),
        (f'**[a]({URL} "t")**', DINGTALK, "a"),
    ],
)
def test_each_dialect_escapes_in_its_own_way(text: str, dialect: markdown.Dialect, title: str) -> None:
    assert read(text, dialect).links == [(title, URL)]


@pytest.mark.parametrize(
    ("seen", "rendered"),
    [
        (read("[1](2)", DINGTALK), ["2"]),
        (read("\\[1\\](2)", DINGTALK), []),
        (read("`[1](2)`", DINGTALK), []),
        (read("`[1](2)`", WECOM), ["2"]),  # nothing protects there
        (read("![1](2)", WECOM), ["2"]),
        (read("![1](2)", FEISHU), []),  # a picture
        (read(f"[a [1](2) b]({URL})", DINGTALK), ["2", URL]),  # the inner link wins, and the outer address stands bare
        (read("<https://evil.example>", DINGTALK), ["https://evil.example"]),
        (read("见 www.evil.example。", FEISHU), ["www.evil.example"]),
        (read_mrkdwn("<#C1|x> <https://a.example>"), ["#C1", "https://a.example"]),
        (read_mrkdwn("https://a.example", verbatim=True), []),
        (read_mrkdwn("a < b > c &lt;https&gt;"), []),
    ],
)
def test_whatever_can_be_tapped_is_seen(seen: Seen, rendered: list[str]) -> None:
    assert seen.rendered == rendered


def test_dingtalks_own_addresses_are_unwrapped_for_links_only() -> None:

    with dingtalk.DingTalk() as simulator:
        post(simulator.add("k"), ding_feed(messageURL=WRAPPED))
    assert simulator.links("k") == ONE
    assert simulator.rendered_links("k") == [WRAPPED]
    assert simulator.titles("k") == ["园区"]
