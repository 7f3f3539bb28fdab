"""Calls: what is sent, what comes of trouble, and that no trouble shows a token or the secret."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.servers.ports import free_port
from tests.servers.redis import RedisServer
from tests.simulators.serving import Mode
from tests.simulators.wechat_caller import ADD, MATERIAL, a_picture
from tests.simulators.wechat_oa import SECRET, WechatOa
from tests.zonewire.wechat.workers import COUNT, RING, STABLE, Worker, a_line, a_worker
from zonewire.outbound.guard import Guard
from zonewire.outbound.session import guarded_session
from zonewire.wechat import Account, TokenKeeper, WechatClient, WechatError, WechatRefused, WechatUnreachable


def test_json_goes_out_as_raw_utf8_with_the_token_in_the_address(platform: WechatOa, worker: Worker) -> None:
    with pytest.raises(WechatRefused) as caught:
        worker.client.call(ADD, json={"articles": [{"title": "泰州医药高新区 🏭"}]})
    sent = platform.asked[-1]
    assert "泰州医药高新区 🏭".encode() in sent.body
    assert sent.headers["content-type"] == "application/json; charset=utf-8"
    assert sent.query == {"access_token": platform.tokens_issued[0]}
    assert caught.value.errcode == 44003


def test_a_refusal_keeps_the_code_the_message_and_its_rid(worker: Worker) -> None:
    with pytest.raises(WechatRefused) as caught:
        worker.client.call(ADD, json={"articles": []})
    assert (caught.value.errcode, caught.value.path) == (45008, ADD)
    assert str(caught.value).startswith("/cgi-bin/draft/add: errcode 45008: article size out of limit rid: ")


def test_a_file_goes_out_with_its_name_and_type(platform: WechatOa, worker: Worker) -> None:
    told = worker.client.call(MATERIAL, files={"media": ("a.png", a_picture(), "image/png")}, query={"type": "image"})
    assert told["media_id"] in platform.box.materials


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (Mode.ERRORS, "HTTP 500"),
        (Mode.HTML, "an answer that is no JSON object"),
        (Mode.LOSES, "the connection broke off"),
        (Mode.HANGS, "no answer in time"),
    ],
)
def test_an_answer_that_says_nothing_leaves_open_what_was_done(
    platform: WechatOa, redis_server: RedisServer, mode: Mode, said: str
) -> None:
    worker = a_worker(platform, redis_server.client(), timeout_s=1.0)
    worker.tokens.current()
    platform.mode = mode
    with pytest.raises(WechatUnreachable) as caught:
        worker.client.call(COUNT)
    assert (caught.value.what, caught.value.lost, caught.value.path) == (said, True, COUNT)


def test_a_platform_that_is_not_there_has_got_nothing(redis_server: RedisServer) -> None:
    account = Account("wx-nobody", SECRET, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(WechatUnreachable) as caught:
        Worker(account, redis_server.client()).client.call(COUNT)
    assert (caught.value.path, caught.value.lost) == (STABLE, False)


def test_an_api_that_leads_inside_is_not_called(platform: WechatOa, worker: Worker) -> None:
    session = guarded_session(Guard(), timeout_s=1.0)
    tokens = TokenKeeper(worker.client.account, session=session, shared=worker.shared, ring=RING)
    with pytest.raises(WechatUnreachable, match="leads inside"):
        WechatClient(worker.client.account, session=session, tokens=tokens).call(COUNT)
    assert not platform.asked


def refused(platform: WechatOa, _worker: Worker) -> None:
    platform.refuse_next(40001, f"invalid token {platform.tokens_issued[0]}", times=9)


def failing(mode: Mode) -> Callable[[WechatOa, Worker], None]:
    def set_up(platform: WechatOa, _worker: Worker) -> None:
        platform.mode = mode

    return set_up


def gone(platform: WechatOa, worker: Worker) -> None:
    platform.go_down()
    worker.session.close()


TROUBLES = [refused, gone, *map(failing, (Mode.ERRORS, Mode.HTML, Mode.EMPTY, Mode.LOSES, Mode.HANGS))]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_no_trouble_shows_the_token_or_the_secret(
    platform: WechatOa, redis_server: RedisServer, caplog: pytest.LogCaptureFixture, trouble: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    worker = a_worker(platform, a_line(redis_server.url), timeout_s=0.5)
    said: list[object] = [worker.tokens, worker.client, worker.client.account]
    with capture_logs() as lines:
        said.append(worker.tokens.current())
        trouble(platform, worker)
        for path in (COUNT, ADD):
            said += what_it_says(worker, path)
    shown = "\n".join([*map(repr, said), *map(repr, lines), caplog.text])
    assert "urllib3" in caplog.text, "what the HTTP library says was looked at too"
    for secret in (platform.secret, *platform.tokens_issued):
        assert secret not in shown
        assert secret[:40] not in shown


def what_it_says(worker: Worker, path: str) -> list[str]:
    """Of a call that fails, and of one that cannot fetch a token: message, trace, and the errors behind it."""
    said = []
    for _ in range(2):
        try:
            worker.client.call(path, json={} if path == ADD else None)
        except WechatError as error:
            chain = [error, error.__cause__, error.__context__]
            said += [str(error), *map(repr, chain), *traceback.format_exception(error, chain=True)]
        if worker.tokens._mine is not None:
            worker.tokens.drop(worker.tokens._mine)
    return said


def test_an_answer_with_odd_headers_puts_no_token_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    guarded_session(Guard(), timeout_s=1.0)
    address = "https://api.example/cgi-bin/draft/add?access_token=84_abcdef"
    for name in ("urllib3.connection", "urllib3.connectionpool"):
        logging.getLogger(name).warning("Failed to parse headers (url=%s): %s", address, "odd")
    assert "84_abcdef" not in caplog.text
    assert caplog.text.count("access_token=…") == 2
