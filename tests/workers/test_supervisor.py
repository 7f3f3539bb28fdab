"""Children of the supervisor, as the system shows them."""

import os
import signal
import time
from pathlib import Path

from tests.eventually import eventually
from workers.supervisor import Child, Supervisor


def test_a_child_is_shown_by_its_name() -> None:
    child = Supervisor().add(Child("push.robot", lambda: time.sleep(60)))  # killed long before
    try:
        eventually(lambda: Path(f"/proc/{child.pid}/comm").read_text() == "zw push.robot\n", within_s=5)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
