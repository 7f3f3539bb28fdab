"""Faults of what Zonewire stands on: Redis, the database, the disk, beat."""

import contextlib
import shutil
import sqlite3
import threading
from pathlib import Path

import psycopg

from tests.e2e.installation import Installation
from tests.eventually import eventually
from tests.rehearsals.scene import Scene, a_scene
from tests.servers.postgres import running_postgres
from tests.servers.redis import running_redis
from tests.servers.small_disk import SmallDisk, a_small_disk
from zonewire.keys import new_secret_key

MEBIBYTE = 1024**2
DISK_MB, LEFT_MB = 1_500, 200


def redis_gone(folder: Path, pictures: Path | None) -> Scene:
    """Redis is killed, and stays away."""
    with (
        running_redis(over_tcp=True) as redis,
        a_scene("redis-gone", folder, pictures, redis_url=redis.url) as scene,
    ):
        redis.kill()
        scene.staged()
        scene.until("readyz", "broker", within_s=60)
        scene.until("alarms", "Alarm: Redis does not answer", within_s=400)
        scene.note(scene.ours.cli("doctor", check=False).stdout)
        scene.look("/console", "/console/lanes", "/console/tasks")
        redis.start()
        scene.mended("started Redis again, as it was")
        scene.until_over()
    return scene


def database_slow(folder: Path, pictures: Path | None) -> Scene:
    """Another program holds SQLite's write lock for 4 of every 4.5 seconds."""
    with a_scene("database-slow", folder, pictures) as scene:
        over = threading.Event()
        holder = threading.Thread(target=_hold, args=(scene.ours.data_dir / "zonewire.db", over), daemon=True)
        holder.start()
        scene.staged()
        scene.until("alarms", "Alarm: The database is slow", within_s=900)
        scene.note(scene.ours.cli("doctor", check=False).stdout)
        scene.look("/console", "/console/lanes")
        over.set()
        holder.join()
        scene.mended("ended the program that had the file open")
        scene.until_over()
    return scene


def _hold(path: Path, over: threading.Event) -> None:
    db = sqlite3.connect(path, isolation_level=None, timeout=60)
    while not over.is_set():
        db.execute("BEGIN IMMEDIATE")
        over.wait(4.0)
        db.execute("COMMIT")
        over.wait(0.5)
    db.close()


def database_locked(folder: Path, pictures: Path | None) -> Scene:
    """On PostgreSQL somebody's session has locked a table, and was left open."""
    with (
        running_postgres() as server,
        a_scene("database-locked", folder, pictures, database_url=server.fresh()) as scene,
    ):
        url = scene.ours.environment["ZONEWIRE_DATABASE_URL"]
        with contextlib.closing(psycopg.connect(url)) as forgotten:
            forgotten.execute("LOCK TABLE deliveries, versions, outbox, tallies IN SHARE MODE")
            scene.staged()
            scene.until("alarms", "Alarm: The database is slow", within_s=600)
            scene.until("console", "The database is slow", within_s=60)
            scene.note(scene.ours.cli("doctor", check=False).stdout)
            scene.look("/console", "/console/lanes")
            pid = _oldest(scene, url)
            scene.mended(f"SELECT pg_terminate_backend({pid}), the oldest session of the runbook's list")
        scene.until_over()
    return scene


def _oldest(scene: Scene, url: str) -> int:
    """The runbook's own statement, and the end of the session that it shows first."""
    listed = """SELECT pid, state, wait_event_type, now() - xact_start AS since, left(query, 80) FROM pg_stat_activity
 WHERE state <> 'idle' ORDER BY xact_start LIMIT 10"""
    with psycopg.connect(url, autocommit=True) as psql:
        rows = psql.execute(listed).fetchall()
        scene.note("\n".join(str(row) for row in rows))
        psql.execute("SELECT pg_terminate_backend(%s)", (rows[0][0],))
    return int(rows[0][0])


def disk_full(folder: Path, pictures: Path | None) -> Scene:
    """The disk of the data folder is filled: first to its last 200 MiB, then to the last byte."""
    with (
        a_small_disk(folder / "disk", megabytes=DISK_MB) as disk,
        a_scene("disk-full", folder / "disk", pictures) as scene,
    ):
        _leave(disk, LEFT_MB)
        scene.staged()
        scene.until("alarms", "Alarm: The disk is all but full", within_s=600)
        scene.note(scene.ours.cli("doctor", check=False).stdout)
        scene.look("/console", "/console/lanes")
        disk.fill()
        eventually(lambda: scene.portal.answers["507"], within_s=300, what="articles are refused")
        scene.note(f"filled to the last byte; the portal was answered {dict(scene.portal.answers)}")
        scene.note(f"the console says: {scene.watcher.last('console')}")
        disk.free()
        scene.mended("removed the file that filled it")
        scene.until_over()
    return scene


def _leave(disk: SmallDisk, megabytes: int) -> None:
    chunk = b"\0" * MEBIBYTE
    with (disk.folder / "filler").open("ab", buffering=0) as file:
        while shutil.disk_usage(disk.folder).free > megabytes * MEBIBYTE:
            file.write(chunk)


def beat_dead(folder: Path, pictures: Path | None) -> Scene:
    """The one beat of an installation in parts is killed, and nobody starts it again."""
    with (
        running_redis(over_tcp=True) as redis,
        a_scene("beat-dead", folder, pictures, start=_in_parts, redis_url=redis.url, **SECRETS) as scene,
    ):
        beat = scene.ours.beat  # type: ignore[attr-defined]  # set by _in_parts
        scene.ours.forget(beat)
        beat.kill()
        beat.wait()
        scene.staged()
        scene.until("alarms", "No beat runs", within_s=900)
        scene.note(scene.ours.cli("doctor", check=False).stdout)
        scene.look("/console", "/console/tasks", "/console/lanes")
        scene.ours.start("beat")
        scene.mended("started beat")
        scene.until_over()
    return scene


SECRETS = {"event_token": "an-event-token-for-rehearsing", "secret_key": new_secret_key()}
"""What `up` would make by itself."""


def _in_parts(ours: Installation) -> None:
    ours.cli("db", "upgrade")
    ours.start("web", "--port", str(ours.port))
    ours.start("worker")
    ours.beat = ours.start("beat")  # type: ignore[attr-defined]
    ours.wait_until_ready()
