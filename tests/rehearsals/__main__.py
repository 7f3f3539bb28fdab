"""`python -m tests.rehearsals`: stage each fault, watch it, mend it, and print what was seen; exit 1 if one fails."""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.rehearsals import around, inside, outside
from tests.rehearsals.scene import Scene

Fault = Callable[[Path, Path | None], Scene]

FAULTS: dict[str, Fault] = {
    "redis-gone": around.redis_gone,
    "database-slow": around.database_slow,
    "database-locked": around.database_locked,
    "smtp-refusing": outside.smtp_refusing,
    "receiver-hanging": outside.receiver_hanging,
    "poison-article": inside.poison_article,
    "lane-forgotten": inside.lane_forgotten,
    "disk-full": around.disk_full,
    "token-invalid": outside.token_invalid,
    "beat-dead": around.beat_dead,
    "flood": inside.flood,
}


def main() -> int:
    """Rehearse; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsals", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="FAULT", help=f"{', '.join(FAULTS)}; all without one")
    parser.add_argument("--at-once", type=int, default=3, help="how many installations run at the same time")
    parser.add_argument("--pictures", type=Path, help="a folder for photographs of the console")
    wanted = parser.parse_args()
    names = wanted.names or list(FAULTS)
    with ThreadPoolExecutor(wanted.at_once) as pool:
        done = [pool.submit(_rehearsed, name, wanted.pictures) for name in names]
    return 0 if all(one.result() for one in done) else 1


def _rehearsed(name: str, pictures: Path | None) -> bool:
    with tempfile.TemporaryDirectory(prefix="zw-reh-", ignore_cleanup_errors=True) as folder:
        try:
            scene = FAULTS[name](Path(folder), pictures)
        except Exception:
            sys.stdout.write(f"\n== {name}: not as it should be\n{traceback.format_exc()}\n")
            return False
    sys.stdout.write("\n".join(_told(scene)) + "\n")
    sys.stdout.flush()
    return True


def _told(scene: Scene) -> Sequence[str]:
    """What was seen, in the order in which it was; seconds from the fault on, and from its mend on."""
    mended = scene.mended_at or time.monotonic()
    lines = [f"\n== {scene.name}"]
    for one in sorted(scene.watcher.seen, key=lambda seen: seen.at):
        if one.at >= scene.staged_at:
            when = f"{one.at - scene.staged_at:5.0f} s" if one.at < mended else f" +{one.at - mended:4.0f} s"
            lines.append(f"  {when}  {one.where:10}  {one.text[:300]}")
    lines += [f"  {line}" for note in scene.notes for line in note.splitlines()]
    if "prometheus" not in scene.watcher.looks:
        lines.append("  no Prometheus is installed here, so its alerts were not seen")
    lines.append(f"  articles: {scene.reckoning}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
