"""Everything that the ring has sealed or marked comes under its first key."""

from collections import Counter

import pytest
from sqlalchemy import LargeBinary, insert, select, update

from tests.builders import NOON, a_subscriber, a_subscription, an_endpoint
from zonewire.delivery.addresses import Address, normalised
from zonewire.delivery.endpoints import EndpointWanted, find_endpoint, find_or_make_endpoints, marks_of
from zonewire.delivery.rotating import rotate
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.resealing import NONE, SEALED, reseal, uses_of
from zonewire.store import Store
from zonewire.store.tables import endpoints, hub_requests, hub_subscriptions, metadata, private_feeds, subscribers
from zonewire.subscriptions import make_private_feed, private_feed_of

OLD, BOTH, NEW = KeyRing(("old",)), KeyRing(("new", "old")), KeyRing(("new",))

HOOK = normalised("webhook", "https://a.example/hook")
ROBOT = normalised("dingtalk", "https://oapi.dingtalk.example/robot/send?access_token=abcdefghijkl")
MAILBOX = normalised("email", "reader@mail.example")

MARKS = {"endpoints.address_key", "subscribers.address_mark", "asks.receiver"}
"""Keyed hashes. An erased subscriber's cannot be made again; what was asked for is forgotten after a day."""
NO_KEY_IN_IT = {
    "versions.digest",
    "private_feeds.token_hash",
    "entry_renderings.body",
    "documents.body",
    "wechat_media.digest",
    "operator_sessions.token_hash",
    "login_tries.name",
}


def a_sealed_desk(store: Store) -> int:
    """Something in every sealed column, under the old key; a subscription's id."""
    with store.writing() as db:
        wanted = [EndpointWanted(HOOK), EndpointWanted(ROBOT, "SEC123456"), EndpointWanted(MAILBOX)]
        found = find_or_make_endpoints(db, wanted, keys=OLD, now=NOON)
        hook = found[HOOK].id
        rotate(db, hook, keys=OLD, secret=None, now=NOON)
        subscription = a_subscription(db, endpoint_id=found[MAILBOX].id)
        make_private_feed(db, subscription, keys=OLD, now=NOON)
        of_hub = {"endpoint_id": hook, "feed_id": 1, "feed": "all", "format": "rss", "secret": OLD.seal(b"hub")}
        of_hub |= {"state": "ended", "created_at": NOON, "state_at": NOON}
        db.execute(insert(hub_subscriptions).values(of_hub))
        asked = {"mode": "subscribe", "lease_s": 1, "challenge": "c", "tag": "t", "requested_by": "x"}
        db.execute(insert(hub_requests).values(of_hub | asked))
    return subscription


def address_of(store: Store, address: Address, keys: KeyRing) -> int | None:
    with store.reading() as db:
        return find_endpoint(db, address, keys=keys)


def test_what_was_sealed_and_marked_needs_the_new_key_alone(store: Store) -> None:
    subscription = a_sealed_desk(store)
    assert uses_of(store, BOTH) == {1: 6}

    assert reseal(store, BOTH).written == 6

    assert uses_of(store, NEW) == {0: 6}
    assert all(address_of(store, one, NEW) for one in (HOOK, ROBOT, MAILBOX))
    with store.reading() as db:
        assert NEW.open(db.execute(select(hub_requests.c.secret)).scalar_one()) == b"hub"
        feed = private_feed_of(db, subscription, keys=NEW)
        hook = db.execute(select(endpoints).where(endpoints.c.previous_secret.is_not(None))).one()
    assert feed is not None
    assert NEW.open(hook.secret) != NEW.open(hook.previous_secret)
    assert reseal(store, BOTH).written == 0


def test_whoever_is_stopped_goes_on_with_what_is_left(store: Store) -> None:
    a_sealed_desk(store)
    looked: list[int] = []

    def killed(rows: int) -> None:
        looked.append(rows)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal(store, BOTH, told=killed)
    assert uses_of(store, BOTH) == {0: 3, 1: 3}  # the endpoints are done, and all of it opens
    assert reseal(store, BOTH).written == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_no_key_opens_is_counted_and_left(store: Store) -> None:
    a_sealed_desk(store)
    strange = KeyRing(("strange",)).seal(b"x")
    with store.writing() as db:
        db.execute(update(private_feeds).values(sealed_token=strange))
    assert uses_of(store, BOTH)[NONE] == 1
    assert reseal(store, BOTH).unopened == 1
    with store.reading() as db:
        assert db.execute(select(private_feeds.c.sealed_token)).scalar_one() == strange


def test_an_erased_subscriber_keeps_its_mark_and_twins_keep_theirs(store: Store) -> None:
    with store.writing() as db:
        gone = a_subscriber(db, "gone.example")
        erased = {"address": None, "address_mark": OLD.mark(b"subscriber gone"), "erased_at": NOON}
        db.execute(update(subscribers).where(subscribers.c.id == gone).values(erased))
        an_endpoint(db, address=None, address_key=b"erased 1", subscriber_id=gone)
        db.execute(update(endpoints).values(address=None))
        for keys in (OLD, NEW):  # two processes that knew different rings, at once
            an_endpoint(db, address=HOOK.text, address_key=marks_of("webhook", HOOK.text, keys)[0])
    done = reseal(store, BOTH)
    assert (done.written, done.twins, done.unopened) == (0, 1, 0)
    with store.reading() as db:
        left = Counter(bytes(key) for key in db.execute(select(endpoints.c.address_key)).scalars())
        assert left == Counter([b"erased 1", *marks_of("webhook", HOOK.text, BOTH)])
        assert db.execute(select(subscribers.c.address_mark).where(subscribers.c.id == gone)).scalar_one()


def test_whatever_is_sealed_is_sealed_again() -> None:
    """A new column of bytes is sealed, a mark, or neither: say which."""
    bytes_in = {
        str(column) for table in metadata.tables.values() for column in table.c if isinstance(column.type, LargeBinary)
    }
    sealed = {str(column) for one in SEALED for column in one.columns}
    assert bytes_in == sealed | MARKS | NO_KEY_IN_IT


def test_a_secret_that_is_replaced_meanwhile_is_the_one_that_stays(store: Store) -> None:
    a_sealed_desk(store)
    fresh = new_webhook_secret()

    def replaced(_: int) -> None:
        with store.writing() as db:
            hook = find_endpoint(db, HOOK, keys=BOTH)
            assert hook is not None
            rotate(db, hook, keys=OLD, secret=fresh, now=NOON)  # by a process that knows no better yet

    reseal(store, BOTH, told=replaced)
    with store.reading() as db:
        secrets = [BOTH.open(one) for one in db.execute(select(endpoints.c.secret)).scalars() if one is not None]
    assert fresh.encode() in secrets
