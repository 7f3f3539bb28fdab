"""A webhook's secret is replaced while pushes go on."""

import pytest
from sqlalchemy import Connection, select

from tests.builders import NOON, an_endpoint
from tests.zonewire.test_push import KEYS, SECRET, Pushing, pushing  # noqa: F401  # a fixture
from zonewire.delivery.rotating import BOTH_FOR, rotate
from zonewire.errors import Conflict, InvalidInput
from zonewire.keys import new_webhook_secret
from zonewire.store import now
from zonewire.store.tables import endpoints


def test_for_a_day_both_secrets_sign_and_then_the_new_one_alone(pushing: Pushing) -> None:  # noqa: F811
    pusher = pushing.pusher()
    pushing.owe("/before")
    pushing.until({"delivered": 1}, pusher)
    fresh = new_webhook_secret()
    with pushing.store.writing() as db:
        endpoint = db.execute(select(endpoints.c.id)).scalar_one()
        rotate(db, endpoint, keys=KEYS, secret=fresh, now=now(db))
    pushing.owe_again(endpoint)
    pushing.until({"delivered": 2}, pusher)
    with pushing.store.writing() as db:
        rotate(db, endpoint, keys=KEYS, secret=new_webhook_secret(), now=now(db) - BOTH_FOR - 1)
    pushing.owe_again(endpoint)
    pushing.until({"delivered": 3}, pusher)
    _, during, after = pushing.receiver.received("/before")
    assert during.is_signed_with(fresh)
    assert during.is_signed_with(SECRET)
    assert len(during.headers["webhook-signature"].split()) == 2
    assert not after.is_signed_with(fresh)
    assert len(after.headers["webhook-signature"].split()) == 1


def test_a_second_rotation_within_the_day_ends_the_first_secret_and_says_so(db: Connection) -> None:
    endpoint = an_endpoint(db, secret=KEYS.seal(SECRET.encode()))
    assert not rotate(db, endpoint, keys=KEYS, secret=None, now=NOON).is_early
    assert rotate(db, endpoint, keys=KEYS, secret=None, now=NOON + 1).is_early
    assert not rotate(db, endpoint, keys=KEYS, secret=None, now=NOON + 1 + BOTH_FOR + 1).is_early


def test_what_signs_nothing_has_no_secret_to_replace_and_no_secret_is_none(db: Connection) -> None:
    with pytest.raises(Conflict, match="where nothing is signed"):
        rotate(db, an_endpoint(db, channel="email"), keys=KEYS, secret=None, now=NOON)
    with pytest.raises(InvalidInput, match="whsec_"):
        rotate(db, an_endpoint(db), keys=KEYS, secret="short", now=NOON)
