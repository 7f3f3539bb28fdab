"""Each page of the console's head on both databases: the others of its tests are content with SQLite."""

from pathlib import Path

from tests.builders import a_delivery, a_subscription, a_version
from tests.web.console.browsing import at_the_console
from web.console.frame import PLACES
from zonewire.operators import Role
from zonewire.store import SECOND, Store, now


def test_each_page_opens(store: Store, tmp_path: Path) -> None:
    with store.writing() as db:
        a_version(db)
        a_delivery(db, state="dead", reason="HTTP 410")
        a_subscription(db, channel="email", next_at=now(db) + 60 * SECOND)
    paths = [place.path for place in PLACES] + ["/console/tasks"]
    with at_the_console(store, tmp_path, Role.ADMINISTER) as chen:
        answers = {path: chen.get(path).status_code for path in paths}
    assert answers == dict.fromkeys(paths, 200)
