"""What operators do at the console, and that it is written down."""

from pathlib import Path

from sqlalchemy import select

from tests.builders import a_delivery, an_endpoint
from tests.web.console.browsing import WORD, at_the_console, page_of, text_of
from web.console.audit import act_in_words
from zonewire import operators
from zonewire.delivery import pauses
from zonewire.delivery.bulk import step_all
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.lanes import Lane
from zonewire.operators import Act, Role, recorded
from zonewire.rendering.translation import LOCALES, words
from zonewire.store import Store, migrate, now
from zonewire.store.pacing import Pace
from zonewire.store.tables import deliveries


def acts(store: Store) -> list[tuple[str, str]]:
    with store.reading() as db:
        return [(one.act, one.about) for one in recorded(db)]


def named(store: Store, key: int) -> str:
    with store.reading() as db:
        made = db.execute(select(deliveries.c.created_at).where(deliveries.c.id == key)).scalar_one()
        return delivery_uuid(migrate.installation_number(db), key, made)


def test_a_lane_is_paused_with_a_reason_and_resumed(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        paused = chen.send(
            "/console/lanes/push.http", page="/console/lanes", action="pause", span="1h", reason="they move"
        )
        assert "they move" in text_of(paused)
        with plain_store.reading() as db:
            pause = pauses.is_paused(db, Lane.PUSH_HTTP, now=now(db))
            assert pause is not None
            assert pause.operator == "chen"
        assert "works again" in text_of(chen.send("/console/lanes/push.http", page="/console/lanes", action="resume"))
        refused = chen.send("/console/lanes/upkeep", page="/console/lanes", action="pause")
    assert (refused.status_code, "cannot be paused" in text_of(refused)) == (409, True)
    assert acts(plain_store) == [(Act.RESUMED_LANE, "push.http"), (Act.PAUSED_LANE, "push.http")]


def test_a_dead_letter_is_looked_at_and_replayed(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        key = a_delivery(db, state="dead", reason="HTTP 404", attempts=3)
    name = named(plain_store, key)
    with at_the_console(plain_store, tmp_path) as chen:
        listed = chen.get("/console/deliveries?state=dead")
        assert page_of(listed).xpath(f"//a[contains(@href, '{name}')]")
        assert "HTTP 404" in text_of(chen.get(f"/console/deliveries/{name}"))
        assert "Put back" in text_of(chen.send(f"/console/deliveries/{name}", action="replay"))
        again = chen.send(f"/console/deliveries/{name}", page="/console/lanes", action="replay")
        assert again.status_code == 409
        assert "Cancelled." in text_of(chen.send(f"/console/deliveries/{name}", action="cancel"))
    assert acts(plain_store) == [(Act.CANCELLED, name), (Act.REPLAYED, name)]


def test_all_that_a_filter_shows_is_counted_then_replayed_at_a_pace(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        one = an_endpoint(db)
        for _ in range(3):
            a_delivery(db, endpoint_id=one, state="dead")
        a_delivery(db, state="dead")
    with at_the_console(plain_store, tmp_path) as chen:
        asked = f"/console/bulk?act=replay&state=dead&endpoint=e{one}"
        assert "3 deliveries would be replayed, to 1 endpoints" in text_of(chen.get(asked))
        fields = {"act": "replay", "state": "dead", "endpoint": f"e{one}", "expected": "3", "per_minute": "0"}
        begun = chen.send("/console/bulk", page=asked, **fields)
        assert "running" in text_of(begun)
        step_all(plain_store, Pace(pauses=False))
        assert "3 of 3" in text_of(chen.get("/console/bulk/b1"))
        assert "Bulk replay" in text_of(chen.get("/console/bulk"))
    with plain_store.reading() as db:
        assert sorted(db.execute(select(deliveries.c.state)).scalars()) == ["dead", "pending", "pending", "pending"]
    assert acts(plain_store) == [(Act.BEGAN_BULK, "b1")]


def test_a_bulk_action_is_stopped_and_one_on_an_unreadable_filter_never_begins(
    plain_store: Store, tmp_path: Path
) -> None:
    with plain_store.writing() as db:
        a_delivery(db, state="dead")
    with at_the_console(plain_store, tmp_path) as chen:
        begun = chen.send("/console/bulk", page="/console", act="replay", state="dead", per_minute="60")
        assert begun.url.endswith("/console/bulk/b1")
        assert "stopped" in text_of(chen.send("/console/bulk/b1"))
        refused = chen.send("/console/bulk", page="/console", act="replay", state="dead", endpoint="e99")
        assert (refused.status_code, "filter" in text_of(refused)) == (400, True)
        assert chen.get("/console/bulk?act=replay&state=dead&since=soon").status_code == 400
        assert chen.get("/console/bulk/b7").status_code == 404


def test_what_is_wrong_in_a_filter_stands_beside_its_field(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        page = text_of(chen.get("/console/deliveries?endpoint=e99&article=nothing&since=soon&before=x"))
    for said in ("no such endpoint", "No article has this guid", "Write a time"):
        assert said in page


def test_operators_are_added_changed_and_removed_by_who_administers(plain_store: Store, tmp_path: Path) -> None:
    path = "/console/operators"
    with at_the_console(plain_store, tmp_path, Role.ADMINISTER) as chen:
        added = chen.send(path, action="add", name="li", role="look")
        (password,) = page_of(added).xpath("//code[@class='secret']/text()")
        assert operators.log_in(plain_store, "li", password, came_from="", software="")
        assert "another role" in text_of(chen.send(path, action="role", name="li", role="operate"))
        assert chen.send(path, action="add", name="li", role="look").status_code == 409
        assert chen.send(path, action="remove", name="chen").status_code == 409
        assert "no more" in text_of(chen.send(path, action="remove", name="li"))
        assert "added an operator" in text_of(chen.get("/console/audit?about=li"))
    with plain_store.reading() as db:
        assert [one.name for one in operators.list_operators(db)] == ["chen"]
    assert WORD not in str(acts(plain_store))


def test_every_act_has_words_in_each_language() -> None:
    wordless = [(locale, act) for locale in LOCALES for act in Act if act_in_words(words(locale), act) == act]
    assert wordless == []
