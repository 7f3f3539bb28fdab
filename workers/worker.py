"""`zonewire worker`: some lanes of a larger installation, one process each."""

from functools import partial

from tasks.process import new_worker_name
from workers.lane import run_lane
from workers.supervisor import Child, Supervisor
from zonewire.delivery.lanes import Lane
from zonewire.errors import WrongUsage


def lanes_of(words: str | None) -> list[Lane]:
    """The lanes that *words* name, comma-separated; all without it. Raises WrongUsage for an unknown one."""
    if words is None:
        return list(Lane)
    names = [word.strip() for word in words.split(",") if word.strip()]
    unknown = [name for name in names if name not in set(Lane)]
    if unknown or not names:
        raise WrongUsage(
            f"there is no lane {', '.join(unknown) or words!r}",
            where="--lanes",
            mend=f"The lanes are {', '.join(Lane)}.",
        )
    return [Lane(name) for name in dict.fromkeys(names)]


def run_workers(lanes: list[Lane]) -> None:
    """Work on *lanes* until SIGTERM. One lane runs in this process; several are forked and started again if they die.

    Leases of a worker that died run out by themselves: there is no sentinel here.
    """
    if len(lanes) == 1:
        run_lane(lanes[0])
        return
    supervisor = Supervisor()
    supervisor.prepare()
    for lane in lanes:
        child = Child(lane.value, lambda: None, renamed=partial(new_worker_name, lane.value))
        child.run = partial(_run, lane, child)
        supervisor.add(child)
    supervisor.run()
    supervisor.stop_all()


def _run(lane: Lane, child: Child) -> None:
    run_lane(lane, worker=child.worker)
