"""What the harness itself promises: it finds every process of a family, also one that left it."""

import os
import signal
import subprocess
import sys
import uuid

from tests.e2e import processes
from tests.eventually import eventually

# A parent that starts a child, and a child that leaves the session and outlives its parent.
FAMILY = """
import os, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
time.sleep(60)
"""


def test_a_mark_finds_children_and_strays_and_killing_them_leaves_none() -> None:
    mark = f"E2E_INSTALLATION={uuid.uuid4()}"
    name, value = mark.split("=")
    parent = subprocess.Popen([sys.executable, "-c", FAMILY], env=os.environ | {name: value})
    eventually(lambda: len(processes.carrying(mark)) == 3, within_s=10)
    assert len(processes.descendants(parent.pid)) == 1  # the stray has another parent by now
    assert sum(processes.pss_kib(pid) for pid in processes.carrying(mark)) > 1000

    processes.send(processes.carrying(mark), signal.SIGKILL)

    parent.wait(10)
    eventually(lambda: not processes.carrying(mark), within_s=10)
    assert not processes.is_alive(parent.pid)
