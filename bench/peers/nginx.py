"""nginx, one process: the same gzip file under the same address, with its own tags and 304 answers.

The ceiling of whoever serves a document over HTTP. Taken where it is installed (Debian: nginx-light).
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import requests

from tests.eventually import eventually
from tests.servers.ports import free_port

STARTS_WITHIN_S = 10

_CONFIGURATION = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  types {{ application/rss+xml rss; }}
  server {{ listen 127.0.0.1:{port}; root {folder}; gzip_static on; gzip_vary on; }}
}}
"""


def found() -> str | None:
    """Where nginx is; None where it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def running_nginx(program: str, folder: Path, *, gzipped: bytes, plain: bytes) -> Iterator[tuple[int, int]]:
    """Its port and process, for as long as the block lasts. It serves /document.rss out of *folder*."""
    (folder / "document.rss").write_bytes(plain)
    (folder / "document.rss.gz").write_bytes(gzipped)
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(_CONFIGURATION.format(folder=folder, port=port))
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(file)], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _answers(port), within_s=STARTS_WITHIN_S, what="nginx")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"http://127.0.0.1:{port}/document.rss", timeout=5).ok
    return False
