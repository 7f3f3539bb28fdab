"""What a receiver was sent, built anew for every channel; nothing is changed by looking, and nothing secret is seen."""

from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, delete, insert, select, update

from tests.builders import (
    DAY,
    NOON,
    a_delivery,
    a_subscription,
    a_version,
    an_article,
    an_edition,
    an_endpoint,
)
from tests.zonewire.robots.rig import KEY_OF
from zonewire.channels import webhook
from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import EndpointWanted, find_or_make_endpoints
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.mailing import Mailing
from zonewire.errors import NotFound
from zonewire.feeds import mark_touched, publish_due
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.loading import Services
from zonewire.rendering.portal import Portal
from zonewire.rendering.translation import LOCALES, words
from zonewire.store import Store
from zonewire.store.tables import (
    attempts,
    deliveries,
    edition_versions,
    endpoints,
    feeds,
    hub_requests,
    hub_subscriptions,
    versions,
)
from zonewire.trail import Remark, Sent, request_of

OURS = 4711
KEYS = KeyRing(("a key for tests",))
BASE = "https://wire.example"
SECRET = new_webhook_secret()
SERVICES = Services(
    baidu="https://baidu.example/urls",
    baidu_token="baidus-token-1234",
    indexnow="https://indexnow.example/indexnow",
    indexnow_key="indexnows-key-1234",
)
ADDRESS_OF = {
    "wecom": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={KEY_OF['wecom']}",
    "dingtalk": f"https://oapi.dingtalk.com/robot/send?access_token={KEY_OF['dingtalk']}",
    "feishu": f"https://open.feishu.cn/open-apis/bot/v2/hook/{KEY_OF['feishu']}",
    "slack": f"https://hooks.slack.com/services/{KEY_OF['slack']}",
    "indexnow": "portal.example",
    "baidu": "portal.example",
    "wechat_oa": "wx0123456789abcdef",
}


def looked_at(store: Store, key: int) -> Sent:
    """The request of a delivery, and that nothing has changed by looking at it."""
    row = select(deliveries).where(deliveries.c.id == key)
    with store.reading() as db:
        before = db.execute(row).one()
    mailing = Mailing(BASE, "投促网 <digest@wire.example>", KEYS, portal=Portal(name="投促网"))
    name = delivery_uuid(OURS, key, before.created_at)
    sent = request_of(store, name, installation=OURS, mailing=mailing, services=SERVICES)
    with store.reading() as db:
        assert db.execute(row).one() == before
    return sent


def shown(sent: Sent) -> dict[str, Any]:
    """As JSON, its headers by name."""
    assert sent.why_not is None, sent
    made = sent.as_json()
    return made | {"headers": dict(made["headers"])}


def a_robot(db: Connection, channel: str) -> int:
    """An endpoint as `subscribe` makes it, with somebody who reads there."""
    secret = "SEC-of-the-robot" if channel in {"dingtalk", "feishu"} else None
    wanted = EndpointWanted(normalised(channel, ADDRESS_OF[channel]), secret)
    ((_, found),) = find_or_make_endpoints(db, [wanted], keys=KEYS, now=NOON).items()
    a_subscription(db, endpoint_id=found.id)
    return found.id


def a_digest(db: Connection, endpoint_id: int, *, articles: int = 1, **over: Any) -> int:
    """A digest, cut at NOON."""
    edition = an_edition(db)
    rows = [{"edition_id": edition, "number": a_version(db).number, "role": "story"} for _ in range(articles)]
    db.execute(insert(edition_versions), rows)
    subscription = a_subscription(db, endpoint_id=endpoint_id, cadence="daily")
    fields = {"edition_id": edition, "subscription_id": subscription} | over
    return a_delivery(db, endpoint_id=endpoint_id, kind="digest", **fields)


def test_a_webhook_is_shown_as_it_went_but_for_its_signature(store: Store) -> None:
    with store.writing() as db:
        endpoint = an_endpoint(db, address="https://partner.example/hook", secret=KEYS.seal(SECRET.encode()))
        version = a_version(db)
        told: dict[str, Any] = {"state": "delivered", "event_type": "article.published", "sequence": 7, "attempts": 1}
        key = a_delivery(db, endpoint_id=endpoint, version=version, **told)

    found = shown(looked_at(store, key))

    assert (found["method"], found["to"]) == ("POST", "https://partner.example/hook")
    assert found["headers"]["webhook-id"] == delivery_uuid(OURS, key, NOON)
    assert (found["headers"]["webhook-signature"], found["headers"]["zonewire-sequence"]) == ("…", "7")
    assert found["body"] == webhook.body_of(version, "article.published", version.article.url or "").decode()
    assert found["remarks"] == []


def test_what_was_not_tried_yet_is_shown_as_its_claim_would_make_it(store: Store) -> None:
    article = an_article()
    with store.writing() as db:
        endpoint = an_endpoint(db, secret=KEYS.seal(SECRET.encode()))
        a_delivery(db, endpoint_id=endpoint, version=a_version(db, article), state="delivered")
        key = a_delivery(db, endpoint_id=endpoint, version=a_version(db, article))

    found = shown(looked_at(store, key))

    assert orjson.loads(found["body"])["type"] == "article.updated"
    assert found["headers"]["zonewire-sequence"] == "…"
    assert found["remarks"] == ["It was not tried yet: this is what would be sent now."]


def test_of_a_long_body_the_beginning_is_shown(plain_store: Store) -> None:
    with plain_store.writing() as db:
        endpoint = an_endpoint(db, secret=KEYS.seal(SECRET.encode()))
        key = a_delivery(db, endpoint_id=endpoint, version=a_version(db, an_article(text="泰州" * 3_000)))

    found = shown(looked_at(plain_store, key))

    assert found["body_bytes"] > 18_000
    assert found["remarks"][-1] == f"The body has {found['body_bytes']:,} bytes; these are the first."
    assert 4_000 < len(found["body"].encode()) <= 4_096


def test_a_mail_is_shown_as_it_was_on_its_day_and_without_its_readers_links(plain_store: Store) -> None:
    with plain_store.writing() as db:
        reader = an_endpoint(db, channel="email", address="li@mail.example")
        key = a_digest(db, reader, state="delivered", attempts=1)

    found = shown(looked_at(plain_store, key))

    assert (found["method"], found["to"], found["headers"]["To"]) == ("MAIL", "li@mail.example", "li@mail.example")
    assert "投促网" in found["headers"]["From"]
    assert found["headers"]["List-Unsubscribe"] == f"<{BASE}/unsubscribe/…>"
    assert found["headers"]["Date"].startswith("Thu, 11 Jun 2026")
    assert "产业项目签约" in found["body"]
    assert f"{BASE}/manage/…\n" in found["body"]
    assert "迟" not in found["body"], "it is not later by the days that have passed since"


def test_links_to_all_of_somebodys_subscriptions_are_hidden_too(plain_store: Store) -> None:
    with plain_store.writing() as db:
        reader = an_endpoint(db, channel="email")
        a_subscription(db, endpoint_id=reader, cadence="daily")
        key = a_delivery(db, endpoint_id=reader, kind="links", state="delivered")

    found = shown(looked_at(plain_store, key))

    assert f"{BASE}/manage/…\n" in found["body"]


@pytest.mark.parametrize("channel", ["wecom", "dingtalk", "feishu", "slack"])
@pytest.mark.parametrize("kind", ["news", "digest"])
def test_a_robots_card_is_shown_without_what_would_let_anybody_write_there(
    plain_store: Store, channel: str, kind: str
) -> None:
    with plain_store.writing() as db:
        robot = a_robot(db, channel)
        key = a_digest(db, robot) if kind == "digest" else a_delivery(db, endpoint_id=robot)

    found = shown(looked_at(plain_store, key))

    assert "产业项目签约" in found["body"]
    assert found["to"].startswith(ADDRESS_OF[channel].split("/", 3)[0] + "//")
    text = orjson.dumps(found).decode()
    assert not [piece for piece in (*KEY_OF[channel].split("/"), "SEC-of-the-robot") if piece in text]
    assert ('"sign":"…"' in found["body"]) is (channel == "feishu")


def test_the_page_of_a_long_digest_is_hidden_too(plain_store: Store) -> None:
    with plain_store.writing() as db:
        key = a_digest(db, a_robot(db, "slack"), articles=41)

    assert f"{BASE}/editions/…" in shown(looked_at(plain_store, key))["body"]


def test_a_card_of_several_articles_is_shown_with_all_that_it_carried(store: Store) -> None:
    with store.writing() as db:
        robot = a_robot(db, "feishu")
        made = [a_version(db) for _ in range(3)]
        told: dict[str, Any] = {"endpoint_id": robot, "event_type": "article.published", "attempts": 1}
        keys = [a_delivery(db, version=one, state="delivered", **told) for one in made]
        a_delivery(db, state="delivered", settled_at=NOON + DAY, **told)
        tried = [a_delivery(db, state="retrying", **told) for _ in range(2)]
        row = {"request": tried[0], "at": NOON, "took_ms": 1, "outcome": "later", "error": "busy"}
        db.execute(insert(attempts), [row | {"delivery_id": one} for one in tried])

    delivered, failed = looked_at(store, keys[1]), looked_at(store, tried[1])

    assert (delivered.together, failed.together) == (3, 2)
    assert all(one.article.title in shown(delivered)["body"] for one in made)


@pytest.mark.parametrize("channel", ["indexnow", "baidu"])
def test_a_search_engine_is_shown_without_the_key_that_it_believes(plain_store: Store, channel: str) -> None:
    with plain_store.writing() as db:
        site, version = a_robot(db, channel), a_version(db)
        key = a_delivery(db, endpoint_id=site, version=version, state="delivered", event_type="article.published")

    found = shown(looked_at(plain_store, key))

    assert found["to"].startswith(f"https://{channel}.example/")
    assert version.article.url in found["body"]
    assert "1234" not in orjson.dumps(found["to"] + found["body"]).decode().replace(version.article.url, "")


def a_callback(db: Connection) -> dict[str, Any]:
    """What a subscription at the hub and a request there have in common."""
    feed = db.execute(select(feeds.c.id).where(feeds.c.name == "all")).scalar_one()
    common = {"endpoint_id": an_endpoint(db, channel="websub"), "feed_id": feed, "feed": "all", "format": "atom"}
    return common | {"requested_by": "", "created_at": NOON, "state_at": NOON, "secret": KEYS.seal(b"hush")}


@pytest.fixture
def published(plain_store: Store) -> Store:
    """A store with feeds."""
    with plain_store.writing() as db:
        mark_touched(db, a_version(db), now=NOON)
    publish_due(plain_store, base_url=BASE, window_s=0, now=NOON)
    return plain_store


def test_a_notice_is_shown_with_the_present_document(published: Store) -> None:
    with published.writing() as db:
        row = a_callback(db)
        told = db.execute(insert(hub_subscriptions).values(row | {"state": "active"}).returning(hub_subscriptions.c.id))
        about = {"endpoint_id": row["endpoint_id"], "subscription_id": told.scalar_one()}
        key = a_delivery(db, kind="notice", state="delivered", **about)

    found = shown(looked_at(published, key))

    assert found["body"].startswith("<?xml")
    assert found["headers"]["x-hub-signature"] == "…"
    assert [remark[:29] for remark in found["remarks"]] == ["A notice carries the document"]


def test_a_question_of_the_hub_is_shown_without_its_challenge(published: Store) -> None:
    with published.writing() as db:
        row = a_callback(db)
        more = {"mode": "subscribe", "lease_s": 60, "challenge": "say-this-again", "tag": "t", "state": "pending"}
        asked = db.execute(insert(hub_requests).values(row | more).returning(hub_requests.c.id)).scalar_one()
        key = a_delivery(db, endpoint_id=row["endpoint_id"], kind="verification", subscription_id=asked)
        db.execute(update(hub_requests).values(delivery_id=key))

    found = shown(looked_at(published, key))

    assert (found["method"], found["body"]) == ("GET", "")
    assert "hub.mode=subscribe" in found["to"]
    assert "hub.challenge=…" in found["to"]


def test_what_cannot_be_built_anew_says_so(plain_store: Store) -> None:
    with plain_store.writing() as db:
        erased, pruned = a_delivery(db), a_delivery(db)
        draft = a_digest(db, a_robot(db, "wechat_oa"))
        confirmed = a_subscription(db, channel="email")
        mailbox = an_endpoint(db, channel="email")
        over = a_delivery(db, endpoint_id=mailbox, kind="confirmation", subscription_id=confirmed, state="delivered")
        gone = select(deliveries.c.endpoint_id).where(deliveries.c.id == erased)
        db.execute(update(endpoints).where(endpoints.c.id.in_(gone)).values(address=None))
        old = select(deliveries.c.number).where(deliveries.c.id == pruned)
        db.execute(delete(versions).where(versions.c.number.in_(old)))

    why = {key: looked_at(plain_store, key).why_not for key in (erased, pruned, draft, over)}

    assert list(why.values()) == [Remark.ERASED, Remark.PRUNED, Remark.CONVERSATION, Remark.OVER]


def test_a_channel_that_lacks_its_setting_says_which(plain_store: Store) -> None:
    with plain_store.writing() as db:
        key = a_delivery(db, endpoint_id=a_robot(db, "baidu"))
    name, mailing = delivery_uuid(OURS, key, NOON), Mailing(BASE, "a@wire.example", KEYS)

    sent = request_of(plain_store, name, installation=OURS, mailing=mailing, services=Services())

    assert sent.why_not is Remark.UNBUILDABLE
    assert "ZONEWIRE_BAIDU_TOKEN" in sent.detail


def test_what_is_not_there_is_not_found(plain_store: Store) -> None:
    name, mailing = delivery_uuid(OURS, 99, NOON), Mailing(BASE, "a@wire.example", KEYS)

    with pytest.raises(NotFound):
        request_of(plain_store, name, installation=OURS, mailing=mailing, services=SERVICES)


def test_every_remark_has_its_words() -> None:
    assert not [remark for t in map(words, LOCALES) for remark in Remark if f"sent.{remark}" not in t.sentences]
