"""What may be subscribed to."""

from typing import Any

import pytest

from tests.zonewire.subscriptions.requests import a_request
from zonewire.errors import AddressRefused, WrongUsage
from zonewire.filters import Filter
from zonewire.keys import new_webhook_secret


def test_what_is_left_out_has_its_default() -> None:
    request = a_request(channel="email")
    assert (request.cadence, request.at_minute, request.weekday) == ("daily", 480, 0)
    assert (request.timezone, request.locale, request.wanted) == ("Asia/Shanghai", "zh-CN", Filter())
    assert a_request(channel="webhook").cadence == "instant"


def test_what_is_given_counts() -> None:
    request = a_request(
        channel="email", cadence="weekly", at="7:05", weekday="sun", timezone="Europe/Berlin", locale="en", zone="甲",
        city=["泰州", "苏州"], not_keyword=" a  b ",
    )  # fmt: skip
    assert (request.cadence, request.at_minute, request.weekday) == ("weekly", 425, 6)
    assert (request.timezone, request.locale) == ("Europe/Berlin", "en")
    assert request.wanted == Filter(zones=("甲",), cities=("泰州", "苏州"), not_keywords=("a b",))


@pytest.mark.parametrize(
    ("channel", "options", "state"),
    [
        ("email", {"confirmed": False}, "unconfirmed"),
        ("email", {"confirmed": True}, "active"),
        ("webhook", {"confirmed": False}, "active"),
    ],
)
def test_only_email_waits_for_its_readers_word(channel: str, options: dict[str, Any], state: str) -> None:
    assert a_request(channel=channel, **options).state == state


@pytest.mark.parametrize("cadence", ["hourly", "daily", "weekly"])
def test_webhooks_are_instant_only(cadence: str) -> None:
    with pytest.raises(WrongUsage, match="webhook cannot be"):
        a_request(cadence=cadence)


@pytest.mark.parametrize("cadence", ["instant", "hourly", "daily", "weekly"])
def test_email_takes_every_cadence(cadence: str) -> None:
    assert a_request(channel="email", cadence=cadence).cadence == cadence


@pytest.mark.parametrize(
    ("channel", "options", "said"),
    [
        ("websub", {}, "websub is subscribed at the hub"),
        ("fax", {}, "no channel"),
        (None, {}, "is missing"),
        ("wechat_oa", {"cadence": "instant"}, "wechat_oa cannot be instant"),
        ("indexnow", {"cadence": "daily"}, "indexnow cannot be daily"),
        ("baidu", {"cadence": "daily"}, "baidu cannot be daily"),
        ("wecom", {}, "no scheme"),
        ("dingtalk", {"cadence": "daily"}, "no scheme"),
        ("wecom", {"to": "https://qyapi.weixin.qq.com/x?key=1", "secret": "SEC-something"}, "wecom takes none"),
        ("feishu", {"to": "https://open.feishu.cn/x", "secret": "短"}, "secret: that can be none"),
        ("wechat_oa", {}, "is no AppID"),
        ("baidu", {"to": "no site"}, "no host of a site"),
        ("email", {"submit": True}, "only wechat_oa has drafts"),
    ],
)
def test_channels_that_cannot_be_are_refused_with_a_line(
    channel: str | None, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(WrongUsage) as refused:
        a_request(channel=channel, **({"to": "x"} | options))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("cadence", "monthly"), ("cadence", 1), ("at", "24:00"), ("at", "8"), ("at", "08:60"), ("at", "08:00\n"),
        ("weekday", "monday"), ("timezone", "Asia"), ("timezone", "Mars/Olympus"), ("timezone", "../etc/passwd"),
        ("locale", "de"), ("secret", "abc"), ("secret", "whsec_AAAA"), ("submit", True), ("confirmed", "yes"),
        ("zone", ""), ("city", [" "]), ("city", [1]), ("city", {"a": 1}), ("keyword", "x" * 201),
        ("keyword", ["x"] * 1001), ("section", "a\x00b"), ("to", None), ("zones", "x"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_by_its_name(option: str, value: Any) -> None:
    with pytest.raises(WrongUsage, match=option):
        a_request(**{option: value})


def test_a_secret_is_for_webhooks_and_never_repeated() -> None:
    secret = new_webhook_secret()
    assert a_request(secret=secret).secret == secret
    with pytest.raises(WrongUsage) as refused:
        a_request(channel="email", secret=secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("to", ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "http://localhost/"])
def test_a_webhook_that_leads_inside_is_refused(to: str) -> None:
    with pytest.raises(AddressRefused, match="leads inside"):
        a_request(to=to)


def test_an_address_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(WrongUsage, match=r"^to: "):
        a_request(channel="email", to="reader")
    with pytest.raises(WrongUsage, match=r"^to: "):
        a_request(to="partner.example")
