"""The sample robots: strict as their platforms, and what they took is shown as their groups see it."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import requests
from lxml import html as markup

from workers import sample_robots
from workers.chats import Kind, Reading, Run, reading_of
from workers.sample_desk import DeskServer
from workers.sample_robots import KEPT, PLATFORMS, robot_url
from zonewire.keys import new_webhook_secret

HEADERS = {"Content-Type": "application/json; charset=utf-8"}
TEXTS: dict[str, dict[str, Any]] = {
    "wecom": {"msgtype": "text", "text": {"content": "泰州"}},
    "dingtalk": {"msgtype": "text", "text": {"content": "泰州"}},
    "feishu": {"msg_type": "text", "content": {"text": "泰州"}},
    "slack": {"text": "泰州"},
}
TAKEN = {"wecom": {"errcode": 0}, "dingtalk": {"errcode": 0}, "feishu": {"code": 0}}
HOSTILE = "<script>alert(1)</script>[x](javascript:alert)"


@dataclass(frozen=True)
class Desk:
    url: str

    def send(self, platform: str, message: Any, address: str = "") -> requests.Response:
        url = address or robot_url(self.url, platform)
        return requests.post(url, data=orjson.dumps(message), headers=HEADERS, timeout=5)

    def chats(self) -> markup.HtmlElement:
        answer = requests.get(f"{self.url}/chats", headers={"Accept-Language": "en"}, timeout=5)
        assert answer.status_code == 200
        return markup.document_fromstring(answer.text)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    server = DeskServer(socket.create_server(("127.0.0.1", 0)), outbox=tmp_path, secret=new_webhook_secret())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Desk(server.url)
    server.shutdown()
    thread.join()
    server.server_close()


def bubbles(page: markup.HtmlElement) -> list[str]:
    return [" ".join(one.text_content().split()) for one in page.find_class("bubble")]


def links(reading: Reading) -> list[str]:
    runs = [run.url for piece in reading.pieces for run in piece.runs]
    return [url for url in (reading.url, *(piece.url for piece in reading.pieces), *runs) if url]


def words(reading: Reading) -> str:
    return "".join(run.text for piece in reading.pieces for run in piece.runs)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_came_is_shown_with_its_platform(desk: Desk, platform: str) -> None:
    answer = desk.send(platform, TEXTS[platform])

    page = desk.chats()

    assert answer.text == "ok" if platform == "slack" else TAKEN[platform].items() <= answer.json().items()
    assert bubbles(page) == ["泰州"]
    assert page.find_class("seal") == []


def test_the_newest_message_stands_first(desk: Desk) -> None:
    for n in range(3):
        desk.send("wecom", {"msgtype": "text", "text": {"content": f"第 {n} 条"}})

    assert bubbles(desk.chats()) == ["第 2 条", "第 1 条", "第 0 条"]


@pytest.mark.parametrize(
    ("platform", "message", "said"),
    [
        ("wecom", {"msgtype": "news", "news": {"articles": [{"title": "", "url": "x"}]}}, '"errcode":41016'),
        ("wecom", {"msgtype": "text", "text": {"content": "长" * 3_000}}, '"errcode":45002'),
        ("dingtalk", {"msgtype": "poem"}, '"errcode":400105'),
        ("feishu", {"msg_type": "post", "content": {"post": {}}}, '"code":19002'),
        ("slack", {"blocks": [{"type": "poem"}], "text": "x"}, "invalid_blocks"),
        ("slack", [], "invalid_payload"),
    ],
)
def test_what_a_platform_refuses_is_answered_so_and_shown_as_refused(
    desk: Desk, platform: str, message: Any, said: str
) -> None:
    assert said in desk.send(platform, message).text

    refused = desk.chats().find_class("refused")

    assert len(refused) == 1
    assert "The platform refused it" in refused[0].text_content()


def test_a_robot_of_another_key_is_not_there(desk: Desk) -> None:
    answer = desk.send("wecom", TEXTS["wecom"], f"{desk.url}/robots/wecom?key=other")

    assert answer.json()["errcode"] == 93000


def test_a_robot_is_muted_as_its_platform_does_it(desk: Desk) -> None:
    codes = [desk.send("wecom", TEXTS["wecom"]).json()["errcode"] for _ in range(21)]

    assert codes == [0] * 20 + [45009]


@pytest.mark.parametrize("path", ["/robots/irc?key=sample-robot", "/robots", "/robots/wecom/x"])
def test_nothing_else_takes_messages(desk: Desk, path: str) -> None:
    assert desk.send("wecom", TEXTS["wecom"], f"{desk.url}{path}").status_code == 404


def test_what_a_message_says_cannot_become_markup_or_a_script_link(desk: Desk) -> None:
    desk.send("wecom", {"msgtype": "markdown", "markdown": {"content": HOSTILE}})
    desk.send("dingtalk", {"msgtype": "markdown", "markdown": {"title": HOSTILE, "text": HOSTILE}})
    desk.send("slack", {"text": "<javascript:alert(1)|x> <script>alert(1)</script>"})

    page = desk.chats()

    assert list(page.iter("script")) == []
    assert [link for link in page.iter("a") if "javascript" in link.get("href", "")] == []
    assert "<script>alert(1)</script>x" in bubbles(page)[1]


def test_only_the_newest_are_kept() -> None:
    robots = sample_robots.sample_robots()
    assert robots
    for n in range(KEPT + 5):
        robots.take("wecom", "sample-robot", orjson.dumps({"msgtype": f"no {n}"}), HEADERS)

    kept = robots.newest_first()

    assert [len(kept), kept[0].reading.form] == [KEPT, f"no {KEPT + 4}"]
    assert not any(simulator.refusals or simulator.asked for simulator in robots.simulators.values())


def test_a_checkout_without_simulators_has_a_desk_without_robots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_robots, "simulators", lambda: None)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = DeskServer(sock, outbox=tmp_path, secret=new_webhook_secret())
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        desk = Desk(server.url)
        assert requests.get(f"{desk.url}/chats", timeout=5).status_code == 404
        assert "/chats" not in requests.get(desk.url, timeout=5).text
        assert desk.send("wecom", TEXTS["wecom"]).status_code == 404
        server.shutdown()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "dingtalk://x/y", "//a.example/", "http://", "https://[", ""])
def test_a_link_leads_to_the_web_or_nowhere(url: str) -> None:
    articles = [{"title": "一", "url": url}, {"title": "二", "url": url}]
    notice = {"card_type": "text_notice", "main_title": {"title": "一"}, "card_action": {"type": 1, "url": url}}
    action = {"title": "一", "text": "一", "singleTitle": "看", "singleURL": url}

    read = [
        reading_of("wecom", {"msgtype": "news", "news": {"articles": articles}}),
        reading_of("wecom", {"msgtype": "template_card", "template_card": notice}),
        reading_of("dingtalk", {"msgtype": "actionCard", "actionCard": action}),
        reading_of("slack", {"text": f"<{url}|看>"}),
    ]

    assert [links(one) for one in read] == [[], [], [], []]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "message",
    [
        {"msgtype": "news", "news": {"articles": []}},
        {"msgtype": "actionCard", "actionCard": None},
        {"msg_type": "interactive", "card": {"schema": "2.0", "body": {"elements": []}}},
        {"msg_type": "interactive", "card": {"elements": [{"tag": 5}]}},
        {"msg_type": "post", "content": {"post": {}}},
        {"msgtype": ["a"], "blocks": [5]},
        {"blocks": [{"type": "poem"}]},
        {"msgtype": "template_card", "template_card": {"card_type": "vote_interaction"}},
    ],
)
def test_what_nothing_here_knows_is_shown_as_its_json(platform: str, message: dict[str, Any]) -> None:
    reading = reading_of(platform, message)

    if platform != "slack" or "blocks" in message:
        assert Kind.JSON in {piece.kind for piece in reading.pieces}


def test_marks_become_looks_and_entities_their_characters() -> None:
    text = '### 题\n\n<font color="#B3261E">更正：</font>[标题 &amp; 副题](https://a.example/1)\n- **粗** `码`\n> 引'
    reading = reading_of("dingtalk", {"msgtype": "markdown", "markdown": {"title": "题", "text": text}})

    assert [piece.kind for piece in reading.pieces] == [Kind.TITLE, Kind.TEXT, Kind.ITEM, Kind.QUOTE]
    assert reading.pieces[1].runs == (
        Run(text="更正：", tone="seal"),
        Run(text="标题 & 副题", url="https://a.example/1"),
    )
    assert [run.look for run in reading.pieces[2].runs] == ["strong", "", "code"]


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        ("wecom", {"msgtype": "markdown", "markdown": {"content": "一 <@all>"}}),
        ("feishu", {"msg_type": "text", "content": {"text": '一 <at user_id="all">所有人</at>'}}),
        ("slack", {"text": "一 <!all>"}),
    ],
)
def test_a_mention_is_seen(platform: str, message: dict[str, Any]) -> None:
    assert reading_of(platform, message).pieces[0].runs == (Run(text="一 "), Run(text="@all", tone="link"))


def test_bare_addresses_are_links_but_in_a_section_of_slack_that_is_verbatim() -> None:
    text = "看 https://a.example/1。"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}

    assert links(reading_of("wecom", {"msgtype": "text", "text": {"content": text}})) == ["https://a.example/1"]
    assert links(reading_of("slack", {"text": text, "blocks": [section]})) == []
    assert words(reading_of("slack", {"text": text, "blocks": [section]})) == text


def test_a_link_of_slack_in_bold_is_both() -> None:
    (piece,) = reading_of("slack", {"text": "*<https://news.example/*1|泰州>*"}).pieces

    assert [(run.text, run.url, run.look) for run in piece.runs] == [("泰州", "https://news.example/*1", "strong")]
