"""The first page: how things are, at one look."""

from pathlib import Path

from tests.builders import a_delivery
from tests.web.console.alarming import an_alarm
from tests.web.console.browsing import at_the_console, page_of, text_of
from zonewire.delivery import heartbeats, tallies
from zonewire.delivery.lanes import Lane
from zonewire.store import SECOND, Store, now


def test_an_empty_house_says_what_will_stand_here(plain_store: Store, tmp_path: Path) -> None:
    with at_the_console(plain_store, tmp_path) as chen:
        said = text_of(chen.get("/console"))
    assert "Nothing was sent in the last hour." in said
    assert "No dead letters." in said
    assert "zonewire publish" in said
    assert "No digest falls due within a day." in said
    assert "No endpoint has failed or was slow in the last hour." in said


def test_what_flows_and_what_fails_is_seen_at_one_look(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        a_delivery(db, state="dead", reason="HTTP 410")
        flows = {(tallies.LANE_IN, Lane.PUSH_HTTP.value): 3_000, (tallies.LANE_OUT, Lane.PUSH_HTTP.value): 6_000}
        tallies.add(db, flows | {(tallies.TRIES, "webhook delivered"): 5_990, (tallies.TRIES, "webhook never"): 10})
    with at_the_console(plain_store, tmp_path) as chen:
        page = page_of(chen.get("/console"))
    (row,) = page.xpath("//tr[td/a[@href='/console/lanes#push.http']]")
    came, went = float(row.xpath("string(td[6])")), float(row.xpath("string(td[7]/b)"))
    assert (9 < came < 13, 18 < went < 26) == (True, True)
    assert row.xpath("string(td[7]/svg/@aria-label)") == "The last hour; 6,001 in its busiest minute"
    assert page.xpath("//a/@href[contains(., 'error=')]") == ["/console/deliveries?state=dead&error=HTTP+410"]


def test_what_is_wrong_is_told_with_since_when_what_comes_next_and_what_to_do(
    plain_store: Store, tmp_path: Path
) -> None:
    with plain_store.writing() as db:
        for lane in Lane:
            heartbeats.beat(db, worker=f"{lane}@here", lane=lane)
        an_alarm(db, "lane-paused", "push.http", since=now(db) - 7_200 * SECOND, waiting=0, paused_s=7_200)
        an_alarm(db, "broker-gone", since=now(db) - 300 * SECOND)
    with at_the_console(plain_store, tmp_path) as chen:
        first, other = page_of(chen.get("/console")), page_of(chen.get("/console/lanes"))
    assert [one.split()[0] for one in other.xpath("//ul[@class='alarms']/li/a/text()")] == ["Redis", "Still"]
    assert "5 min ago" in other.xpath("string(//ul[@class='alarms']/li[1])")
    assert other.xpath("string(//div[contains(@class, 'how')]/p)") == "Something is wrong, though not at the lanes."
    (gone, _) = first.xpath("//div[contains(@class, 'wrong')]")
    for said in ("Redis does not answer", "By itself:", "To do:", "runbook.md#broker-gone"):
        assert said in gone.xpath("string()")


def test_the_runbook_is_a_link_where_the_settings_say_its_address(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        an_alarm(db, "broker-gone", since=now(db))
    place = "https://wiki.example/runbook"
    with at_the_console(plain_store, tmp_path, runbook=place) as chen:
        links = page_of(chen.get("/console")).xpath("//div[contains(@class, 'wrong')]//a/@href")
    assert f"{place}#broker-gone" in links


def test_where_nothing_can_be_written_it_does_not_say_that_no_worker_runs(plain_store: Store, tmp_path: Path) -> None:
    with plain_store.writing() as db:
        an_alarm(db, "disk-nearly-full", "last", since=now(db), free_mib=0, size_mib=9)
    with at_the_console(plain_store, tmp_path) as chen:
        said = page_of(chen.get("/console")).xpath("string(//div[contains(@class, 'how')]/p)")
    assert said.startswith("Whether workers run cannot be seen")
