"""Files that are kept for a time."""

import os
from collections import Counter
from pathlib import Path

from zonewire.old_files import LARGE_BYTES, Kept, forget_old_files

DAY_S = 86_400
NOW_S = 1_781_150_400.0


def a_file(path: Path, *, days: float, text: str = "x") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    os.utime(path, (NOW_S - days * DAY_S,) * 2)
    return path


def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "outbox", 90, tmp_path / "logs", 30)


def test_what_is_older_than_it_is_kept_goes_and_all_else_stays(tmp_path: Path) -> None:
    outbox, logs = tmp_path / "outbox", tmp_path / "logs"
    gone = [
        a_file(outbox / "old.eml", days=91),
        a_file(outbox / ".old.tmp", days=2),
        a_file(logs / "zonewire.log.2026-05-01", days=31),
        a_file(logs / "redis.log.1", days=31),
    ]
    stays = [
        a_file(outbox / "young.eml", days=89),
        a_file(outbox / ".young.tmp", days=0.5),
        a_file(outbox / "notes.txt", days=400),
        a_file(logs / "zonewire.log", days=31),
        a_file(logs / "zonewire.log.2026-06-01", days=10),
    ]
    assert forget_old_files(kept(tmp_path), now_s=NOW_S) == {"mails": 1, "drafts": 1, "logs": 2}
    assert (any(one.exists() for one in gone), all(one.exists() for one in stays)) == (False, True)


def test_where_no_folder_is_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert forget_old_files(kept(tmp_path), now_s=NOW_S) == Counter()


def test_the_log_of_redis_is_put_aside_before_it_fills_the_disk(tmp_path: Path) -> None:
    path = a_file(tmp_path / "logs" / "redis.log", days=0, text="small")
    forget_old_files(kept(tmp_path), now_s=NOW_S)
    assert path.exists()
    os.truncate(path, LARGE_BYTES + 1)
    forget_old_files(kept(tmp_path), now_s=NOW_S)
    assert [one.name for one in path.parent.iterdir()] == ["redis.log.1"]
