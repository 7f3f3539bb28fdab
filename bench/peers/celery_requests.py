"""What most would write first: a Celery task for each delivery, `requests.post` in it, two prefork workers.

The broker is a Redis like Zonewire's. Nothing is written to a database.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests
from celery import Celery

from bench.peers.load import Load, signed_headers

WORKERS = 2
STARTS_WITHIN_S = 30

app = Celery("peer", broker=os.environ.get("PEER_BROKER_URL"))
app.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task(bind=True, max_retries=8, name="peer.send_webhook")  # type: ignore[untyped-decorator]  # Celery has no types
def send_webhook(self: Any, url: str, ident: str, body: str) -> None:
    """Send one webhook; try again later where it fails."""
    content = body.encode()
    headers = dict(line.split(": ", 1) for line in signed_headers(ident, content))
    try:
        requests.post(url, data=content, headers=headers, timeout=10).raise_for_status()
    except requests.RequestException as cause:
        raise self.retry(exc=cause, countdown=2**self.request.retries) from cause


def main() -> None:
    """Start the workers, and carry the load of the command line once for each line on standard input."""
    load = Load.from_arguments(sys.argv[1:])
    body = Path(load.body_file).read_text()
    worker = _started_workers(load)
    try:
        print("ready", flush=True)
        for _ in sys.stdin:
            print(time.monotonic(), flush=True)
            with app.producer_or_acquire() as producer:
                for n in range(load.requests):
                    send_webhook.apply_async((load.url(n), load.ident(n), body), producer=producer)
    finally:
        worker.terminate()
        worker.wait(20)


def _started_workers(load: Load) -> "subprocess.Popen[bytes]":
    """The workers, answering."""
    app.conf.broker_url = load.redis_url
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "celery",
        "-A",
        "bench.peers.celery_requests",
        "worker",
        "-c",
        str(WORKERS),
    ]
    environment = os.environ | {"PEER_BROKER_URL": load.redis_url}
    worker = subprocess.Popen([*command, "-l", "ERROR"], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not app.control.ping(timeout=0.5):
        if worker.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("Celery's workers did not start")
    return worker


if __name__ == "__main__":
    main()
