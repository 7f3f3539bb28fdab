"""Robots and search engines on the running system, by the commands that an operator uses."""

from collections.abc import Iterator

import pytest

from tests.builders import an_article
from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.simulators.dingtalk import DingTalk
from tests.simulators.wecom import WeCom

pytestmark = pytest.mark.slow  # an installation of its own

SECRET = "SEC9c1f0a2b3d4e5f60718293a4b5c6d7e8f9"
KEY = "5d0a7b1e-0c2f-4a3d-9e8b-7f6a5c4d3e2b"


@pytest.fixture(scope="module")
def wecom() -> Iterator[WeCom]:
    with WeCom() as running:
        yield running


def test_a_robot_is_greeted_told_and_told_again_what_was_put_right(installation: Installation, wecom: WeCom) -> None:
    made = installation.subscribe("wecom", wecom.add(KEY), "--zone", "机器人产业园")
    assert KEY not in str(made)
    installation.json("endpoints", "test", made["endpoint"])
    eventually(lambda: len(wecom.messages(KEY)) == 1, within_s=5)
    article = an_article(zone="机器人产业园")
    installation.publish([article])
    eventually(lambda: article.title in wecom.titles(KEY), within_s=5)
    installation.cli("withdraw", article.guid)
    eventually(lambda: "撤稿" in str(wecom.messages(KEY)[-1]), within_s=5)
    assert not wecom.refusals
    assert not wecom.faults


def test_forty_articles_at_once_come_in_few_cards_each_once(installation: Installation, wecom: WeCom) -> None:
    key = "6e1b8c2f-1d30-4b4e-8f9c-807b6d5e4f3c"
    installation.subscribe("wecom", wecom.add(key), "--zone", "合并产业园")
    articles = [an_article(zone="合并产业园") for _ in range(40)]
    installation.publish(articles)
    eventually(lambda: sorted(wecom.titles(key)) == sorted(one.title for one in articles), within_s=30)
    assert len(wecom.messages(key)) <= 14
    assert not wecom.overruns


def test_neither_address_nor_secret_of_a_robot_stands_in_the_data_folder(installation: Installation) -> None:
    token = "a1b2c3d4" * 8
    with DingTalk() as dingtalk:
        address = dingtalk.add(token, secret=SECRET)
        made = installation.subscribe("dingtalk", address, "--zone", "保密产业园", "--secret", SECRET)
        installation.publish([an_article(zone="保密产业园")])
        eventually(lambda: dingtalk.messages(token), within_s=5)
        dingtalk.remove(token)
        installation.publish([an_article(zone="保密产业园")])
        shown = eventually(lambda: _disabled(installation, made["endpoint"]), within_s=5)
    files = [path for path in installation.data_dir.rglob("*") if path.is_file()] + [installation.log]
    for needle in (token, SECRET):
        assert not [path.name for path in files if needle.encode() in path.read_bytes()]
        assert needle not in str(shown)


def _disabled(installation: Installation, endpoint: str) -> dict[str, object] | None:
    shown = installation.json("endpoints", "show", endpoint)
    return shown if shown["state"] == "disabled" else None
