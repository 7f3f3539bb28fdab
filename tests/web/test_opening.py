"""A link opens the subscription that it was made for, and no other that has got its key since."""

from pathlib import Path

import pytest
import requests

from tests.builders import a_subscription
from tests.web.faces import a_face
from tests.web.serving import serve
from web.app import create_app
from web.public.opening import CLOCKS_APART_S
from zonewire.delivery.mailing import CONFIRM_TOKEN, MANAGE_TOKEN, OWNER_TOKEN, UNSUBSCRIBE_TOKEN
from zonewire.keys import make_token
from zonewire.store import SECOND, Store, now
from zonewire.subscriptions import find

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("purpose", "state"),
    [(CONFIRM_TOKEN, "unconfirmed"), (MANAGE_TOKEN, "active"), (OWNER_TOKEN, "active"), (UNSUBSCRIBE_TOKEN, "active")],
)
def test_a_link_of_before_leads_nowhere_once_its_key_is_anothers(
    store: Store, tmp_path: Path, purpose: str, state: str
) -> None:
    with store.writing() as db:
        made_at = now(db)
        key = a_subscription(db, channel="email", state=state, created_at=made_at, state_at=made_at)
    face = a_face(store, tmp_path)
    page = "manage" if purpose == OWNER_TOKEN else purpose
    with serve(create_app(face)) as url:
        for late_s, status in ((-CLOCKS_APART_S - 2, 404), (1 - CLOCKS_APART_S, 200)):
            token = make_token(face.keys, purpose, key, now_s=made_at // SECOND + late_s)
            assert requests.get(f"{url}/{page}/{token}", timeout=5).status_code == status
        old = make_token(face.keys, purpose, key, now_s=made_at // SECOND - CLOCKS_APART_S - 2)
        requests.post(f"{url}/{page}/{old}", data={"action": "end"}, timeout=5)
    with store.reading() as db:
        assert find(db, key).state == state
