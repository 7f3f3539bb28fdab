"""The picture: what is read of the database for the judges."""

from pathlib import Path

from sqlalchemy import Connection

from config.alarms import look_around
from config.settings import Settings
from tests.builders import a_delivery, an_endpoint
from tests.zonewire.alarms.pictures import WELL
from zonewire.alarms import Surroundings, Tries
from zonewire.delivery import heartbeats, pauses, readings, tallies
from zonewire.delivery.lanes import Lane
from zonewire.picturing import take_picture
from zonewire.store import SECOND, Store
from zonewire.store import now as clock

BASE = "https://wire.example"
MINUTE = 60 * SECOND


def test_the_picture_tells_of_each_lane_what_waits_who_works_and_what_flowed(store: Store) -> None:
    with store.writing() as db:
        now = clock(db)
        email = an_endpoint(db, channel="email")
        a_delivery(db, endpoint_id=email, due_at=now - 90 * SECOND)
        heartbeats.beat(db, worker="w", lane=Lane.PUSH_EMAIL, tasked_ago_s=0.0)
        pauses.pause(db, Lane.FEEDS, operator="li", reason="", until_at=None, now=now - 70 * SECOND)
        tallies.add(db, {(tallies.LANE_IN, "push.email"): 5, (tallies.DEAD, "push.email"): 3}, now=now - 14 * MINUTE)
        tallies.add(db, {(tallies.LANE_IN, "push.email"): 9, (tallies.DEAD, "push.email"): 4}, now=now - 20 * MINUTE)
        seen = take_picture(db, WELL.around, base_url=BASE, now=now).lanes
    mail = seen[Lane.PUSH_EMAIL]
    assert (mail.waiting, mail.workers, mail.came_in, mail.died) == (1, 1, 6, 7)
    assert 90 <= mail.age_s < 91
    assert (seen[Lane.FEEDS].paused_s, seen[Lane.DIGESTS].workers) == (70.0, 0)


def test_the_picture_tells_what_tries_ended_in_and_how_long_writes_took(store: Store) -> None:
    tried = {
        (tallies.TRIES, "email delivered"): 4,
        (tallies.TRIES, "email later"): 5,
        (tallies.TRIES, "email never"): 1,
    }
    with store.writing() as db:
        now = clock(db)
        tallies.add(db, tried | {(tallies.WRITES, "n"): 2, (tallies.WRITES, "us"): 3_000_000}, now=now)
        tallies.add(db, {(tallies.TRIES, "wecom later"): 50}, now=now - 32 * MINUTE)
        readings.note(
            db, {(readings.CERTIFICATE_UNTIL_S, BASE): now // SECOND + 600, (readings.TOKEN_REFUSED, "wx"): 7}
        )
        picture = take_picture(db, WELL.around, base_url=BASE, now=now)
    assert (picture.tries, picture.write_s, picture.tokens_refused) == ({"email": Tries(10, 6)}, 1.5, {"wx": 7})
    assert picture.certificate_s is not None
    assert 599 <= picture.certificate_s <= 600


def test_a_label_of_another_release_spoils_no_picture(db: Connection) -> None:
    tallies.add(db, {(tallies.TRIES, "wecom"): 1, (tallies.TRIES, "email later again"): 2}, now=clock(db))
    assert take_picture(db, WELL.around, base_url=BASE).tries == {"wecom": Tries(1, 1), "email": Tries(2, 2)}


def test_a_disk_that_cannot_be_asked_is_not_looked_at(tmp_path: Path) -> None:
    settings = Settings.model_construct(data_dir=tmp_path / "unmounted")
    assert look_around(settings, lambda: True) == Surroundings(is_broker_up=True)


def test_a_fresh_database_has_a_picture(store: Store) -> None:
    with store.reading() as db:
        picture = take_picture(db, WELL.around, base_url=BASE)
    assert (picture.beat_s, picture.write_s, picture.certificate_s, picture.tries) == (None, None, None, {})
