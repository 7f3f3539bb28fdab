"""The simulated account of WeChat, held to its rules for tokens, quotas and trouble: what is taken and what is not."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulators.wechat_caller import (
    ADD,
    CLASSIC,
    COUNT,
    STABLE,
    Caller,
    code,
)
from tests.simulators.wechat_oa import APPID, SECRET, WechatOa

pytestmark = pytest.mark.slow  # of what tests stand on: CI runs them, not everybody each time

DAY_S = 86_400.0
CREDENTIAL = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}


@pytest.fixture
def platform() -> Iterator[WechatOa]:
    with WechatOa() as running:
        yield running


@pytest.fixture
def client(platform: WechatOa) -> Caller:
    made = Caller(platform)
    made.fetch_token()
    return made


def go_to_one_in_the_morning(platform: WechatOa) -> None:
    """Of tomorrow, in China."""
    since_midnight = (platform.now() + 8 * 3600) % DAY_S
    platform.move_clock(DAY_S - since_midnight + 3600)


def test_the_stable_token_stays_the_same_until_five_minutes_before_its_end(platform: WechatOa, client: Caller) -> None:
    first = client.token
    platform.move_clock(6800)
    told = client.fetch_token()
    assert (client.token, 300 <= told["expires_in"] <= 400) == (first, True)

    platform.move_clock(200)
    assert client.fetch_token()["expires_in"] == 7200
    assert client.token != first
    assert platform.tokens_issued == [first, client.token]

    client.token = first
    assert code(client.get(COUNT)) == 0, "the old one is honoured for what it has left"
    platform.move_clock(300)
    assert code(client.get(COUNT)) == 42001


def test_a_token_fetched_by_force_kills_the_former_one(platform: WechatOa, client: Caller) -> None:
    first = client.token
    client.fetch_token(force=True)
    assert code(client.get(COUNT)) == 0
    client.token = first
    assert code(client.get(COUNT)) == 40001
    assert platform.forced_refreshes == 1


def test_force_is_for_30_seconds_apart_and_20_times_a_day(platform: WechatOa, client: Caller) -> None:
    go_to_one_in_the_morning(platform)
    assert code(client.fetch_token(force=True)) == 0
    assert code(client.fetch_token(force=True)) == 45011
    for _ in range(19):
        platform.move_clock(31)
        assert code(client.fetch_token(force=True)) == 0
    platform.move_clock(31)
    assert code(client.fetch_token(force=True)) == 45009
    platform.move_clock(DAY_S)
    assert code(client.fetch_token(force=True)) == 0


def test_each_classic_token_kills_the_last_but_no_stable_one(platform: WechatOa, client: Caller) -> None:
    stable = client.token
    first = client.get(CLASSIC, **CREDENTIAL)["access_token"]
    client.get(CLASSIC, **CREDENTIAL)
    client.token = first
    assert code(client.get(COUNT)) == 40001
    client.token = stable
    assert code(client.get(COUNT)) == 0


def test_the_last_classic_token_may_overlap_for_five_minutes(platform: WechatOa, client: Caller) -> None:
    platform.classic_overlap_s = 300
    client.token = client.get(CLASSIC, **CREDENTIAL)["access_token"]
    client.get(CLASSIC, **CREDENTIAL)
    assert code(client.get(COUNT)) == 0
    platform.move_clock(301)
    assert code(client.get(COUNT)) == 40001


def test_a_rotated_token_gives_40001_and_an_expired_one_42001(platform: WechatOa, client: Caller) -> None:
    platform.rotate()
    assert code(client.get(COUNT)) == 40001
    client.fetch_token()
    assert code(client.get(COUNT)) == 0
    platform.expire()
    assert code(client.get(COUNT)) == 42001
    client.fetch_token()
    assert code(client.get(COUNT)) == 0


@pytest.mark.parametrize(("token", "expected"), [("", 41001), ("abc", 40014), (f"1_{'x' * 500}", 40001)])
def test_every_call_needs_a_token(client: Caller, token: str, expected: int) -> None:
    client.token = token
    assert code(client.get(COUNT)) == expected


@pytest.mark.parametrize(
    ("over", "expected"),
    [({"secret": "no"}, 40125), ({"appid": "wx1"}, 40013), ({"grant_type": "x"}, 40002), ({"more": 1}, 47001)],
)
def test_a_token_is_for_the_account_alone(client: Caller, over: dict[str, Any], expected: int) -> None:
    assert code(client.fetch_token(**over)) == expected


def test_a_wrong_secret_may_be_told_as_40001(platform: WechatOa, client: Caller) -> None:
    platform.wrong_secret_code = 40001
    assert code(client.fetch_token(secret="no")) == 40001


def test_the_whitelist_holds_at_the_token_call_and_its_answer_names_the_address(
    platform: WechatOa, client: Caller
) -> None:
    platform.whitelist = {"198.51.100.1"}
    told = client.fetch_token()
    assert code(told) == 40164
    assert "203.0.113.7" in told["errmsg"]
    assert " rid: " in told["errmsg"]
    platform.whitelist.add("203.0.113.7")
    assert code(client.fetch_token()) == 0


def test_a_token_is_as_long_as_they_may_be(client: Caller) -> None:
    assert len(client.token) == 512


def test_a_days_quota_begins_again_at_midnight_in_china(platform: WechatOa, client: Caller) -> None:
    go_to_one_in_the_morning(platform)
    client.fetch_token()
    article = client.an_article()
    platform.daily_quota[ADD] = 1
    assert code(client.post(ADD, {"articles": [article]})) == 0
    assert code(client.post(ADD, {"articles": [article]})) == 45009
    assert client.post("/cgi-bin/openapi/quota/get", {"cgi_path": ADD})["quota"] == {
        "daily_limit": 1, "used": 1, "remain": 0,
    }  # fmt: skip
    platform.move_clock(22 * 3600)
    client.fetch_token()
    assert code(client.post(ADD, {"articles": [article]})) == 45009, "23:00"
    platform.move_clock(3600 + 60)
    client.fetch_token()
    assert code(client.post(ADD, {"articles": [article]})) == 0


def test_a_minutes_quota_slides(platform: WechatOa, client: Caller) -> None:
    platform.minute_quota[STABLE] = 2
    assert code(client.fetch_token()) == 0
    assert code(client.fetch_token()) == 45011
    platform.move_clock(60)
    assert code(client.fetch_token()) == 0


def test_a_quota_is_cleared_ten_times_a_month(platform: WechatOa, client: Caller) -> None:
    platform.daily_quota[COUNT] = 1
    for _ in range(10):
        assert code(client.get(COUNT)) == 0
        assert code(client.post("/cgi-bin/clear_quota", {"appid": APPID})) == 0
    assert code(client.post("/cgi-bin/clear_quota", {"appid": APPID})) == 48006
    assert code(client.post("/cgi-bin/clear_quota", {"appid": "x"})) == 40013
    assert code(client.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/x"})) == 76021


def test_it_can_be_busy_for_some_calls(platform: WechatOa, client: Caller) -> None:
    platform.be_busy(2, path=COUNT)
    assert code(client.fetch_token()) == 0
    assert [code(client.get(COUNT)) for _ in range(3)] == [-1, -1, 0]
    platform.refuse_next(87014)
    assert [code(client.get(COUNT)) for _ in range(2)] == [87014, 0]


def test_mass_sending_and_unknown_calls_are_forbidden(platform: WechatOa, client: Caller) -> None:
    for path in ("/cgi-bin/message/mass/sendall", "/cgi-bin/freepublish/delete"):
        assert code(client.post(path, {})) == 48001
    assert platform.forbidden == ["/cgi-bin/message/mass/sendall", "/cgi-bin/freepublish/delete"]
    assert platform.calls[STABLE] == 1


def test_a_call_has_its_method(client: Caller) -> None:
    assert code(client.get(ADD)) == 43002
    assert code(client.post(COUNT, {})) == 43001
