"""A track: faults one after the other, each watched until it is got over. Two of them go on beside each other."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from workers.drill.faults import Fault, Scene

HEALS_WITHIN_S = 15.0
"""So long it is looked for the sign that a fault is got over; then the next one comes all the same."""
STEP_S = 0.02
PAUSE_S = (0.1, 0.7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A fault that was made."""

    name: str
    at_s: float  # since the first one
    lasted_s: float
    sign: str
    again_s: float | None  # from its end to the sign; None where it was not seen in time


@dataclass(slots=True)
class Track:
    """Some faults, in rounds: in each of them every one once, in an order by chance."""

    faults: Sequence[Fault]
    scene: Scene
    began: float
    until: float  # no round is begun after that, nor a fault of a later round than the first
    told: Callable[[Made], None]
    before: Callable[[], object] = lambda: None  # before each fault
    made: list[Made] = field(default_factory=list)
    failure: BaseException | None = None
    _thread: threading.Thread | None = None

    def run(self) -> None:
        """Make all of them, and again until the time is over."""
        is_first = True
        while self.faults and (is_first or time.monotonic() < self.until):
            order = list(self.faults)
            self.scene.chance.shuffle(order)
            for fault in order:
                if self.scene.over.is_set() or not (is_first or time.monotonic() < self.until):
                    return
                self._make(fault)
            is_first = False

    def run_beside(self) -> None:
        """The same in a thread of its own; `join` waits for it, and raises what it raised."""

        def live() -> None:
            try:
                self.run()
            except BaseException as error:  # the thread that waits for us tells it
                self.failure = error

        self._thread = threading.Thread(target=live, name="faults outside", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Until it has come to its end."""
        if self._thread is not None:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _make(self, fault: Fault) -> None:
        self.before()
        began = time.monotonic()
        sign = fault.make(self.scene)
        ended = time.monotonic()
        while not (shown := sign.shows(ended)) and time.monotonic() - ended < HEALS_WITHIN_S:
            if self.scene.over.wait(STEP_S):
                break
        made = Made(
            name=fault.name,
            at_s=round(began - self.began, 1),
            lasted_s=round(ended - began, 1),
            sign=sign.what,
            again_s=round(time.monotonic() - ended, 2) if shown else None,
        )
        self.made.append(made)
        self.told(made)
        self.scene.rest(self.scene.chance.uniform(*PAUSE_S))
