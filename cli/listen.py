"""`zonewire listen`: a receiver for trying things out."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

if TYPE_CHECKING:
    from workers.listen import Heard, Tally

STDIN = "-"


def register(app: typer.Typer) -> None:
    """Add the command to *app*."""
    app.command()(listen)


def listen(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 9000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    secret: Annotated[
        str | None, typer.Option(help="whsec_…, to check signatures with; - reads standard input.")
    ] = None,
    status: Annotated[int, typer.Option(min=200, max=599, help="What to answer.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line.")] = False,
) -> None:
    """Receive pushes and print each, with whether its signature holds. Ctrl-C ends it."""
    from config.settings import PREFIX
    from workers.binding import bind
    from workers.listen import Listener
    from zonewire.keys import secret_bytes

    key = sys.stdin.readline().strip() if secret == STDIN else secret
    if key is not None:
        secret_bytes(key)  # a wrong one is told before anything listens
    lock = threading.Lock()

    def told(heard: "Heard") -> None:
        with lock:
            sys.stdout.write(_json(heard) if as_json else _line(heard))
            sys.stdout.flush()

    server = Listener(bind(host, port), secret=key, status=status, told=told)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sys.stderr.write(
        f"Listening on http://{place}/, answering {status}. Ctrl-C ends it.\n"
        f"To let Zonewire push there: {PREFIX}ALLOW_ENDPOINTS={place}\n"
    )
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell that starts it behind itself would have SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{_summary(server.tally)}\n")
    except BrokenPipeError:
        _give_up(sys.stdout)
    finally:
        server.server_close()


def _give_up(stream: TextIO) -> None:
    """Nobody reads *stream* any more. What it still holds goes nowhere, or Python would complain of it at its end."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def _line(heard: "Heard") -> str:
    again = f", for the {heard.times}. time" if heard.times > 1 else ""
    what = f"{heard.type}  {heard.title}" if heard.type else f"no push: {heard.bytes} bytes"
    number = f", sequence {heard.sequence}" if heard.sequence else ""
    return f"{heard.at}  {what}\n          {heard.id or 'no webhook-id'}{number}, signature {heard.signature}{again}\n"


def _json(heard: "Heard") -> str:
    from dataclasses import asdict

    import orjson

    return orjson.dumps(asdict(heard)).decode() + "\n"


def _summary(tally: "Tally") -> str:
    said = f"{tally.requests} requests, {tally.distinct} different ids"
    return said + (f", {tally.badly_signed} with a signature that does not hold" if tally.badly_signed else "")
