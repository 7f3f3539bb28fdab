"""公众号: digests become drafts, which are rewritten, published and lost. A real pusher, courier and Redis."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from config.settings import load
from config.wechat import errands_of
from tests.builders import a_version, an_article
from tests.eventually import eventually
from tests.servers.redis import RedisServer
from tests.simulators.serving import Answer, Asked, Mode
from tests.simulators.wechat_html import faults
from tests.simulators.wechat_oa import APPID, SECRET, WechatOa
from tests.zonewire.robots.rig import KEYS, Chat, some_articles
from zonewire.delivery import owing
from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.loading import Services
from zonewire.outbound.couriers.errands import ErrandCourier
from zonewire.push import Pusher
from zonewire.store import Store, now
from zonewire.store.tables import articles, deliveries, paces, subscriptions, wechat_drafts

pytestmark = pytest.mark.slow

ADD, UPDATE, SUBMIT = "/cgi-bin/draft/add", "/cgi-bin/draft/update", "/cgi-bin/freepublish/submit"


class Box(Chat):
    """An account, and a pusher that goes to it."""

    def __init__(self, store: Store, platform: WechatOa, redis: RedisServer, folder: Path) -> None:
        super().__init__(store, "wechat_oa", platform, Services(wechat_appid=APPID))
        self.settings = load(
            data_dir=folder,
            redis_url=redis.url,
            wechat_appid=APPID,
            wechat_secret=SECRET,
            wechat_api=platform.base,
            allow_private_endpoints=True,
            secret_key="a key for the tests that is long enough",
        )

    def pusher(self, **over: Any) -> Pusher:
        made = super().pusher(**over)
        errands = errands_of(self.settings, self.store)
        assert errands is not None
        made.courier = ErrandCourier(made.courier, errands.carry)  # type: ignore[arg-type]  # an HttpCourier
        return made

    def account(self) -> int:
        with self.store.writing() as db:
            wanted = EndpointWanted(normalised("wechat_oa", APPID))
            ((_, found),) = find_or_make_endpoints(db, [wanted], keys=KEYS, now=now(db)).items()
            return found.id

    def change(self, article: Any, *, withdrawn: bool = False) -> None:
        """A newer version is accepted, and reacted to."""
        with self.store.writing() as db:
            a_version(db, article, withdrawn=withdrawn)
            article_id = db.execute(select(articles.c.id).where(articles.c.guid == article.guid)).scalar_one()
            owing.owe_revisions(db, article_id=article_id, now=now(db))

    def kept(self) -> Any:
        with self.store.reading() as db:
            return db.execute(select(wechat_drafts)).one()

    def text(self) -> str:
        return "".join(str(one) for draft in self.platform.drafts.values() for one in draft)


@pytest.fixture
def platform() -> Iterator[WechatOa]:
    with WechatOa() as running:
        yield running


@pytest.fixture
def box(store: Store, platform: WechatOa, redis_server: RedisServer, tmp_path: Path) -> Iterator[Box]:
    redis_server.client().flushall()
    made = Box(store, platform, redis_server, tmp_path)
    yield made
    for pusher in made.made:
        pusher.courier.close(grace_s=0)


def test_a_digest_becomes_one_draft_with_every_title(box: Box) -> None:
    some = some_articles(9)
    key, _ = box.owe_digest(box.account(), some)

    box.until({"delivered": 1}, box.pusher())

    ((media_id, (article,)),) = box.platform.drafts.items()
    assert all(one.title in article["content"] for one in some)
    assert article["content_source_url"].startswith("https://news.example/editions/")
    assert faults(article["content"]) == []
    assert (box.kept().delivery_id, box.kept().media_id, box.kept().state) == (key, media_id, "draft")
    assert not box.platform.refusals
    assert not box.platform.forbidden


def test_a_correction_rewrites_the_draft_and_leaves_nothing_of_the_old_text(box: Box) -> None:
    some, pusher = some_articles(3), box.pusher()
    box.owe_digest(box.account(), some)
    box.until({"delivered": 1}, pusher)

    box.change(
        replace(some[1], title="更正后的标题：产业园二期项目今日开工", summary="改过的摘要，说明了新的情况和数字。")
    )
    box.until({"delivered": 2}, pusher)

    assert "更正后的标题" in box.text()
    assert some[1].title not in box.text()
    assert box.platform.calls[ADD] == 1


def test_a_withdrawn_article_leaves_the_draft(box: Box) -> None:
    some, pusher = some_articles(3), box.pusher()
    box.owe_digest(box.account(), some)
    box.until({"delivered": 1}, pusher)

    box.change(some[0], withdrawn=True)
    box.until({"delivered": 2}, pusher)

    assert some[0].title not in box.text()
    assert some[1].title in box.text()


def test_a_draft_whose_articles_are_all_withdrawn_says_so_and_nothing_else(box: Box) -> None:
    (article,), pusher = some_articles(1), box.pusher()
    box.owe_digest(box.account(), [article])
    box.until({"delivered": 1}, pusher)

    box.change(article, withdrawn=True)
    box.until({"delivered": 2}, pusher)

    assert article.title not in box.text()
    assert "撤稿" in box.text()


def test_what_changes_while_a_draft_is_made_is_in_it_soon_after(box: Box) -> None:
    some, pusher = some_articles(2), box.pusher()
    box.owe_digest(box.account(), some)
    box.platform.slow_s = 0.2
    pusher.turn()
    with box.store.writing() as db:
        a_version(db, replace(some[0], title="在途中改过的标题，应当出现在草稿里"))

    box.until({"delivered": 2}, pusher)

    assert "在途中改过的标题" in box.text()


def test_a_draft_that_has_left_its_box_is_given_up_and_never_made_again(box: Box) -> None:
    some, pusher = some_articles(2), box.pusher()
    box.owe_digest(box.account(), some)
    box.until({"delivered": 1}, pusher)
    box.platform.publish_by_hand(next(iter(box.platform.drafts)))

    box.change(replace(some[0], title="草稿已经发布之后的更正，不会再有草稿"))
    box.until({"delivered": 1, "cancelled": 1}, pusher)
    box.change(some[1], withdrawn=True)

    assert pusher.turn() is None
    assert (box.platform.calls[ADD], box.platform.calls[UPDATE]) == (1, 2)  # the second with another cover
    assert box.kept().state == "gone"


def test_nothing_is_submitted_unless_the_subscription_asks_for_it(box: Box) -> None:
    box.owe_digest(box.account(), some_articles(2))
    box.until({"delivered": 1}, box.pusher())
    assert box.platform.calls[SUBMIT] == 0


def test_a_draft_that_is_to_be_published_is_submitted_and_asked_after_until_it_is_out(box: Box) -> None:
    box.platform.publish_states = (1, 0)
    key, _ = box.owe_digest(box.account(), some_articles(2))
    with box.store.writing() as db:
        db.execute(update(subscriptions).values(submit=True))
    pusher = box.pusher()
    eventually(lambda: (pusher.turn(), box.row(key).part)[1] == 2, within_s=10)
    assert box.kept().state == "submitted"

    for part in (2, 3):
        hurry(box, pusher, key, past=part)

    assert box.states() == {"delivered": 1}
    assert (box.kept().state, box.platform.calls[SUBMIT]) == ("published", 1)
    assert "http" in box.kept().addresses


def hurry(box: Box, pusher: Pusher, key: int, *, past: int) -> None:
    """Let the wait before the next question be over, and have it asked."""
    with box.store.writing() as db:
        db.execute(update(deliveries).where(deliveries.c.ready == 0).values(due_at=now(db)))
        db.execute(paces.delete())
    eventually(
        lambda: (pusher.turn(), box.row(key))[1].part > past or box.row(key).state in {"delivered", "dead"}, within_s=10
    )


def test_a_publication_that_the_platform_rejects_is_a_dead_letter_that_says_why(box: Box) -> None:
    box.platform.publish_states = (4,)
    key, _ = box.owe_digest(box.account(), some_articles(2))
    with box.store.writing() as db:
        db.execute(update(subscriptions).values(submit=True))
    pusher = box.pusher()
    eventually(lambda: (pusher.turn(), box.row(key).part)[1] == 2, within_s=10)

    hurry(box, pusher, key, past=2)

    assert box.states() == {"dead": 1}
    assert "publish_status 4" in box.errors()[-1]
    assert box.kept().state == "failed"


class Forgetful(WechatOa):
    """Makes the first draft, and loses the answer."""

    def answer(self, asked: Asked) -> Answer:
        answer = super().answer(asked)
        self.mode = Mode.LOSES if asked.path == ADD and self.calls[ADD] == 1 else Mode.WELL
        return answer


def test_a_lost_answer_makes_no_second_draft(store: Store, redis_server: RedisServer, tmp_path: Path) -> None:
    redis_server.client().flushall()
    with Forgetful() as platform:
        box = Box(store, platform, redis_server, tmp_path)
        key, _ = box.owe_digest(box.account(), some_articles(2))
        pusher = box.pusher()
        box.until({"delivered": 1}, pusher)
        assert box.row(key).attempts == 2
        assert (platform.calls[ADD], list(platform.drafts)) == (1, [box.kept().media_id])
        pusher.courier.close(grace_s=0)


def test_a_spent_quota_leaves_the_draft_to_the_next_day_without_another_call(box: Box) -> None:
    box.platform.daily_quota[ADD] = 0
    key, _ = box.owe_digest(box.account(), some_articles(2))
    pusher = box.pusher()

    box.until({"retrying": 1}, pusher)

    calls = box.platform.calls[ADD]
    assert box.row(key).attempts == 0
    assert "45009" in box.errors()[0]
    assert pusher.turn() is None
    assert box.platform.calls[ADD] == calls


def test_a_wrong_secret_disables_the_account_until_somebody_mends_it(box: Box) -> None:
    box.settings = box.settings.model_copy(update={"wechat_secret": None})
    account = box.account()
    box.owe_digest(account, some_articles(1))

    box.until({"dead": 1}, box.pusher())

    assert (box.endpoint(account).state, box.endpoint(account).gone) == ("disabled", False)
    assert "SECRET" in box.endpoint(account).reason


def test_a_machine_that_is_not_listed_waits_and_says_its_address(box: Box) -> None:
    box.platform.whitelist = set()
    box.owe_digest(box.account(), some_articles(1))

    box.until({"retrying": 1}, box.pusher())

    assert "40164" in box.errors()[0]
    assert box.platform.caller in box.errors()[0]


def test_a_test_asks_the_account_and_makes_no_draft(box: Box) -> None:
    box.owe_test(box.account())
    box.until({"delivered": 1}, box.pusher())
    assert not box.platform.drafts
    assert box.platform.calls["/cgi-bin/draft/count"] == 1


def test_an_account_without_a_picture_has_a_cover_of_ours(box: Box) -> None:
    box.owe_digest(box.account(), [an_article()])
    box.until({"delivered": 1}, box.pusher())
    assert box.platform.uploads.cover.total() == 1
