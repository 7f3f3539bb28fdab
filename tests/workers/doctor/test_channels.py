"""What the doctor finds of channels, on the platforms' simulators."""

from pathlib import Path
from typing import Any

from config.settings import Settings, load
from tests.servers.redis import RedisServer
from tests.simulators.serving import Answer, Asked, Simulator
from tests.simulators.wechat_oa import APPID, SECRET, WechatOa
from workers.doctor.channels import examine_indexnow, examine_wechat
from workers.doctor.findings import Result

KEY = "0123456789abcdef"


class Site(Simulator):
    """The portal, which serves a key."""

    key = KEY

    def answer(self, asked: Asked) -> Answer:
        return Answer(self.key.encode()) if asked.path == f"/{KEY}.txt" else Answer(b"", 404)


def settings_of(folder: Path, **over: Any) -> Settings:
    return load(data_dir=folder, secret_key="a key for the tests that is long enough", **over)


def with_account(folder: Path, redis: RedisServer, platform: WechatOa, **over: Any) -> Settings:
    redis.client().flushall()
    account = {"wechat_appid": APPID, "wechat_secret": SECRET, "wechat_api": platform.base}
    return settings_of(folder, redis_url=redis.url, **(account | over))


def test_an_account_that_lets_us_in_is_well(redis_server: RedisServer, tmp_path: Path) -> None:
    with WechatOa() as platform:
        (found,) = examine_wechat(with_account(tmp_path, redis_server, platform))
    assert (found.result, found.check) == (Result.OK, "wechat")
    assert APPID in found.found


def test_one_that_does_not_list_our_address_says_which_it_is(redis_server: RedisServer, tmp_path: Path) -> None:
    with WechatOa() as platform:
        platform.whitelist = set()
        (found,) = examine_wechat(with_account(tmp_path, redis_server, platform))
    assert found.result is Result.FAIL
    assert platform.caller in found.found
    assert "白名单" in found.mend


def test_a_wrong_secret_is_told_without_showing_it(redis_server: RedisServer, tmp_path: Path) -> None:
    with WechatOa() as platform:
        (found,) = examine_wechat(with_account(tmp_path, redis_server, platform, wechat_secret="wrong-secret-0123"))
    assert found.result is Result.FAIL
    assert "ZONEWIRE_WECHAT_SECRET" in found.mend
    assert "wrong-secret-0123" not in str(found)


def test_the_key_is_looked_for_where_engines_look(tmp_path: Path) -> None:
    with Site() as site:
        settings = settings_of(tmp_path, indexnow_key=KEY, base_url=site.base, allow_private_endpoints=True)
        (well,) = examine_indexnow(settings)
        site.key = "another-one"
        (ill,) = examine_indexnow(settings)
    assert (well.result, ill.result) == (Result.OK, Result.WARN)
    assert "Serve a file of that name" in ill.mend


def test_nothing_is_said_of_channels_that_are_not_set(tmp_path: Path) -> None:
    assert [*examine_wechat(settings_of(tmp_path)), *examine_indexnow(settings_of(tmp_path))] == []
