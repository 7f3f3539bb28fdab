"""The commands that run processes: up, worker, beat, web; and status and db beside them."""

from pathlib import Path
from typing import Annotated, Any

import typer

db = typer.Typer(help="The database's shape.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to *app*."""
    for command in (up, worker, beat, web, status):
        app.command()(command)
    app.add_typer(db, name="db")


def up(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default: the next free one from 8080.")] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    data: Annotated[
        Path | None, typer.Option(help="The folder that holds everything. Default: ZONEWIRE_DATA_DIR.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Load sample articles, and show a receiver and a mailbox.")
    ] = False,
) -> None:
    """Run all of it on this machine: Redis, a worker for every lane, beat and the web face."""
    from workers.up import run_up

    run_up(host=host, port=port, data=data, sample=sample)


def worker(
    lanes: Annotated[str | None, typer.Option(help="Lanes, comma-separated; without it all seven.")] = None,
) -> None:
    """Work on lanes, one process each; on a single one in the foreground."""
    from config.catalogue import catalogue_of
    from config.settings import load
    from workers.logs import configure_logs
    from workers.worker import lanes_of, run_workers

    wanted, settings = lanes_of(lanes), load()
    catalogue_of(settings)  # a wrong setting stops us here, in one line, and not each child after its fork
    configure_logs(settings)
    run_workers(wanted)


def beat() -> None:
    """Hint every lane each second. Any number of beats may run."""
    from config.settings import load
    from workers.beat import run_beat
    from workers.logs import configure_logs

    configure_logs(load())
    run_beat()


def web(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
) -> None:
    """Serve the web face."""
    from config.catalogue import catalogue_of
    from config.settings import load
    from workers.binding import bind
    from workers.logs import configure_logs
    from workers.web import run_web

    settings = load()
    catalogue_of(settings)
    configure_logs(settings)
    run_web(bind(host, port))


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show lanes, workers, backlog, the oldest due delivery and failures: what an operator looks at first."""
    from cli.context import installation
    from cli.output import print_json
    from zonewire.status import status as picture

    with installation() as (_, store), store.reading() as connection:
        found = picture(connection)
    if as_json:
        print_json(found)
    else:
        _show_status(found)


def _show_status(found: dict[str, Any]) -> None:
    import sys

    from cli.lanes import in_words
    from cli.output import print_table

    deliveries, lanes, endpoints = found["deliveries"], found["lanes"], found["endpoints"]
    write = sys.stdout.write
    write(f"{found['articles']} articles, {found['subscriptions']} subscriptions, backlog {found['backlog']}")
    write(f", oldest due {found['oldest_due_seconds']} s\n")
    write(f"{_in_a_sentence(lanes)}\n\n")
    rows = [{"lane": name, **values} for name, values in lanes.items()]
    print_table(rows, ("lane", "waiting", "oldest_due_seconds", "workers"), empty="")
    for row in rows:
        if row["paused"]:
            write(f"\n{row['lane']} is paused {in_words(row['paused'])}\n")
    write("\ndeliveries  " + ", ".join(f"{n} {state}" for state, n in deliveries.items()) + "\n")
    write("endpoints   " + ", ".join(f"{n} {state}" for state, n in endpoints.items()) + "\n")


def _in_a_sentence(lanes: "dict[str, dict[str, Any]]") -> str:
    """How things are with the *lanes*, by name; what is wrong before all else."""
    idle = [name for name, lane in lanes.items() if not lane["workers"]]
    if len(idle) == len(lanes):
        return "No worker runs: what waits goes out once `zonewire up` is started."
    if idle:
        return f"No worker runs on {', '.join(idle)}."
    from zonewire.delivery.lanes import BUDGET_S, Lane

    resting = [name for name, lane in lanes.items() if lane["paused"]]
    late = [name for name, lane in lanes.items() if lane["oldest_due_seconds"] > BUDGET_S[Lane(name)]]
    said = [f"Paused: {', '.join(resting)}."] if resting else []
    said += [f"Late: {', '.join(late)}."] if (late := [name for name in late if name not in resting]) else []
    return " ".join(said) or "Every lane has a worker, and none is late."


@db.command("upgrade")
def upgrade() -> None:
    """Bring the database to this version's shape. `up` does it by itself."""
    import sys

    from config.settings import load
    from zonewire.store import open_store
    from zonewire.store import upgrade as run

    store = open_store(load().database, pool_size=1)
    run(store)
    store.close()
    sys.stdout.write("The database is up to date.\n")
