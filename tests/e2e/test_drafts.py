"""An Official Account on the running system: a digest in the box, put right there, and published by nobody."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation, an_installation
from tests.eventually import eventually
from tests.simulators.wechat_oa import APPID, SECRET, WechatOa

pytestmark = pytest.mark.slow  # an installation of its own

CORRECTED = "更正后的标题：二期厂房今日封顶，明年投产"


@pytest.fixture(scope="module")
def platform() -> Iterator[WechatOa]:
    with WechatOa() as running:
        yield running


@pytest.fixture(scope="module")
def installation(platform: WechatOa, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    account = {"wechat_appid": APPID, "wechat_secret": SECRET, "wechat_api": platform.base}
    folder: Path = tmp_path_factory.mktemp("account")
    with an_installation(folder / "data", allow_private_endpoints="false", **account) as running:
        running.up()
        yield running


def text_of(platform: WechatOa) -> str:
    return "".join(str(one) for draft in platform.drafts.values() for one in draft)


def test_a_digest_is_drafted_corrected_and_emptied_in_its_box(installation: Installation, platform: WechatOa) -> None:
    installation.subscribe("wechat_oa", APPID, "--zone", "公众号产业园")
    some = [an_article(zone="公众号产业园") for _ in range(3)]
    installation.publish(some)
    installation.cli("digests", "run", "--at", "2027-01-01T08:00:00+08:00")
    eventually(lambda: len(platform.drafts) == 1, within_s=15)
    assert all(one.title in text_of(platform) for one in some)
    installation.publish([replace(some[0], title=CORRECTED)])
    eventually(lambda: CORRECTED in text_of(platform), within_s=15)
    installation.cli("withdraw", some[1].guid)
    eventually(lambda: some[1].title not in text_of(platform), within_s=15)
    assert some[0].title not in text_of(platform)
    assert some[2].title in text_of(platform)
    assert len(platform.drafts) == 1
    assert not platform.forbidden
    assert not platform.published


def test_neither_secret_nor_token_stands_in_the_data_folder(installation: Installation, platform: WechatOa) -> None:
    files = [path for path in installation.data_dir.rglob("*") if path.is_file() and path.name != "secrets.env"]
    for needle in (SECRET, *platform.tokens_issued):
        assert not [path.name for path in [*files, installation.log] if needle.encode() in path.read_bytes()]


def test_another_account_is_refused_with_a_line_that_says_so(installation: Installation) -> None:
    done = installation.cli("subscribe", "--channel", "wechat_oa", "--to", "wx9999999999999999", check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert APPID in done.stderr
