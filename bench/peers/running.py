"""A peer as the benchmark drives it: started once, told to go once for each round."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from bench.peers.load import Load
from bench.sink import Sink
from zonewire import ROOT

ROUND_WITHIN_S = 120


@dataclass(frozen=True, slots=True)
class Peer:
    """A running peer."""

    load: Load
    _process: "subprocess.Popen[str]"

    def rate(self, sink: Sink) -> float:
        """Deliveries a second over one round: from the word to go until the last receipt."""
        sink.empty()
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        began = float(self._line())
        return self.load.requests / (sink.wait_for(self.load.requests, within_s=ROUND_WITHIN_S).last - began)

    def wait_until_ready(self) -> None:
        """Until it has imported and started what it needs."""
        if self._line() != "ready":
            raise RuntimeError(f"{self._process.args!r} did not start")

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextlib.contextmanager
def running_peer(name: str, load: Load) -> Iterator[Peer]:
    """The peer `bench.peers.NAME`, ready to go."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"bench.peers.{name}", *load.as_arguments()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        peer = Peer(load, process)
        peer.wait_until_ready()
        yield peer
    finally:
        assert process.stdin is not None
        process.stdin.close()  # ends its loop
        process.wait(30)
