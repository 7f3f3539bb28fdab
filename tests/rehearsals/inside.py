"""Faults within: an article that cannot be worked with, a lane that somebody paused and forgot, a flood of articles."""

from pathlib import Path

from sqlalchemy import select, update

from tests.builders import an_article
from tests.eventually import eventually
from tests.rehearsals.portal import HOOK, ZONE
from tests.rehearsals.scene import Scene, a_scene
from zonewire.store import SECOND
from zonewire.store.tables import articles, pauses, versions

FLOOD, AT_ONCE = 10_000, 500


def poison_article(folder: Path, pictures: Path | None) -> Scene:
    """What is stored of an article can be read by nobody any more: every step that touches it fails, each time."""
    with a_scene("poison-article", folder, pictures) as scene:
        scene.ours.cli("lanes", "pause", "events", "--reason", "to stage the fault")
        poison = an_article(zone=ZONE)
        scene.ours.publish([poison])
        with scene.ours.store() as store, store.writing() as db:
            number = db.execute(select(articles.c.newest).where(articles.c.guid == poison.guid)).scalar_one()
            db.execute(update(versions).where(versions.c.number == number).values(content=b"spoiled"))
        scene.staged()
        scene.ours.cli("lanes", "resume", "events")
        scene.until("alarms", "Alarm:", within_s=600)
        came = len(scene.hook.received(HOOK))
        eventually(lambda: len(scene.hook.received(HOOK)) > came + 3, within_s=60, what="others go past it")
        scene.note(f"meanwhile {len(scene.hook.received(HOOK)) - came} others came")
        scene.look("/console", "/console/tasks", "/console/lanes", "/console/articles")
        scene.note(scene.ours.cli("articles", "list", "--limit", "5", check=False).stdout)
        withdrawn = scene.ours.cli("withdraw", poison.guid, check=False)
        scene.mended(f"zonewire withdraw GUID ({(withdrawn.stdout + withdrawn.stderr).strip()})")
        scene.until_over()
    return scene


def lane_forgotten(folder: Path, pictures: Path | None) -> Scene:
    """An operator paused the lane of mail and went home."""
    with a_scene("lane-forgotten", folder, pictures) as scene:
        scene.staged()
        scene.ours.cli("lanes", "pause", "push.email", "--reason", "their server moves")
        scene.until("console", "Paused", within_s=60)
        earlier = update(pauses).values(began_at=pauses.c.began_at - 3_600 * SECOND)
        with scene.ours.store() as store, store.writing() as db:
            db.execute(earlier)
        scene.note("the pause was made an hour older, by writing its moment into the database")
        scene.until("webhook", "Still paused", within_s=600)
        scene.look("/console", "/console/lanes", "/console/audit")
        scene.note(scene.ours.cli("lanes", "list").stdout)
        scene.ours.cli("lanes", "resume", "push.email")
        scene.mended("zonewire lanes resume push.email")
        scene.until_over()
    return scene


def flood(folder: Path, pictures: Path | None) -> Scene:
    """Ten thousand articles within a minute or two, each for a webhook and for feeds."""
    with a_scene("flood", folder, pictures) as scene:
        scene.ours.subscribe("webhook", scene.hook.url("/flood"), "--zone", "洪水产业园")
        scene.staged()
        for _ in range(FLOOD // AT_ONCE):
            scene.ours.publish([an_article(zone="洪水产业园") for _ in range(AT_ONCE)])
        scene.note(f"{FLOOD} articles accepted")
        scene.look("/console", "/console/lanes", "/console/articles")
        scene.mended("nothing: waited")
        eventually(lambda: len(scene.hook.ids("/flood")) == FLOOD, within_s=900, what="all came")
        scene.note(f"{FLOOD} pushed, {len(scene.hook.received('/flood')) - FLOOD} of them again")
        scene.until_well(within_s=600)
    return scene
