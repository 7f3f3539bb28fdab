"""The services of docker-compose.yml as processes of this machine: each with its own command, environment and health.

No container engine runs here, so what an engine would do is done by hand: host names become addresses of the test's
own servers, published ports free ones, /run/secrets a folder that config/deploy/prepare.sh has filled. Where this
process may (as root, on Linux), each runs as the image's user on a root that cannot be written, with nothing but its
data folder and a /tmp of its own, as `read_only` and `tmpfs` say.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from config.settings import PREFIX
from tests.servers.ports import free_port
from zonewire import ROOT

COMPOSE: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
OURS = [name for name, service in COMPOSE["services"].items() if "build" in service]
BIN = Path(sys.executable).parent
PREPARE = ROOT / "config" / "deploy" / "prepare.sh"
UID = 10001  # the Dockerfile's

# $1 is the folder that stays writable; $2, this checkout, is there too where it stands below /tmp. What root alone may
# enter (this machine's Python may stand there) can be read all the same: the image's Python may be read by everybody.
CONFINE = f"""set -e
mount --make-rprivate /
mount --bind "$1" /mnt
mount --bind "$2" /media
mount -t tmpfs -o mode=1777,size=64m tmpfs /tmp
mkdir -p "$2"
mount --move /media "$2"
mkdir -p "$1"
mount --move /mnt "$1"
mount -n -o remount,bind,ro "$2"
mount -n -o remount,bind,ro /
shift 2
exec setpriv --reuid {UID} --regid {UID} --clear-groups --no-new-privs --bounding-set -all,+dac_read_search \\
  --inh-caps -all,+dac_read_search --ambient-caps +dac_read_search "$@"
"""


def is_confinable(folder: Path) -> bool:
    """Whether this process may confine others to *folder* so."""
    if os.geteuid() != 0:
        return False
    tried = subprocess.run([*_confined(folder), "true"], capture_output=True, check=False)
    return tried.returncode == 0


def _confined(folder: Path) -> list[str]:
    return ["unshare", "--mount", "sh", "-c", CONFINE, "sh", str(folder), str(ROOT)]


@dataclass(slots=True)
class Services:
    """What runs of the file, and where."""

    folder: Path
    there: dict[str, str]  # words of the file, and what they are here
    more: dict[str, str]  # settings that a test adds
    is_confined: bool
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        """What all of them printed."""
        return self.folder / "services.log"

    def start(self, name: str) -> None:
        """Start *name*, by its command; returns at once."""
        words = [self._here(word) for word in COMPOSE["services"][name]["command"]]
        before = _confined(self.folder) if self.is_confined else []
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                [*before, str(BIN / words[0]), *words[1:]],
                env=self.environment(name),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def run(self, name: str) -> int:
        """Run *name* to its end, and say how it ended."""
        self.start(name)
        return self.running.pop(name).wait(60)

    def is_healthy(self, name: str) -> bool:
        """What the file's own health check says of *name*. Raises AssertionError once it has ended."""
        assert self.running[name].poll() is None, f"{name} ended\n{self.last_words()}"
        kind, *words = (self._here(word) for word in COMPOSE["services"][name]["healthcheck"]["test"])
        command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        done = subprocess.run(
            command, env=self.environment(name), cwd=ROOT, capture_output=True, check=False, timeout=30
        )
        return done.returncode == 0

    def environment(self, name: str) -> dict[str, str]:
        """The service's own, as it is here."""
        given = {key: self._here(str(value)) for key, value in COMPOSE["services"][name]["environment"].items()}
        base = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/tmp", "LANG": "C.UTF-8"}  # as in the image
        return base | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"} | given | self.more

    def end(self) -> None:
        """Leave nothing running."""
        for process in self.running.values():
            process.kill()
            process.wait(10)

    def last_words(self) -> str:
        """The end of the log."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def _here(self, word: str) -> str:
        word = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word)
        names = "|".join(map(re.escape, self.there))
        return re.sub(rf"(?:{names})(?!\w)", lambda found: self.there[found[0]], word)


def prepared(folder: Path, *, database: str, redis: str, mail: str, base_url: str, **more: str) -> Services:
    """The services, ready to be started: secrets made by the documented command, and the words of the file mapped."""
    environment = os.environ | {"DATABASE_URL": database, "SMTP_URL": mail}
    subprocess.run(["sh", str(PREPARE), "full", base_url], cwd=folder, env=environment, check=True, capture_output=True)
    data = folder / "data"
    data.mkdir()
    os.chown(data, UID, UID) if os.geteuid() == 0 else None
    there = {
        "redis://redis:6379/0": redis,
        "/run/secrets": str(folder / "secrets"),
        "/data": str(data),
        "8080": str(free_port()),
        "5555": str(free_port()),
    }
    settings = {f"{PREFIX}BASE_URL": base_url} | {PREFIX + name.upper(): value for name, value in more.items()}
    return Services(folder, there, settings, is_confinable(folder))
