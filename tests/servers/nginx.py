"""nginx as config/deploy/proxy/ sets it up: the same files, with the ports, folders and addresses of a test.

It wants the Debian package nginx-light; where that is missing the test is skipped and says so.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.tls import a_certificate
from zonewire import ROOT

FILES = ROOT / "config" / "deploy" / "proxy"
STARTS_WITHIN_S = 10


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where it listens, and whom to trust."""

    https: str  # without a slash at its end
    http: str
    authority: Path
    log: Path

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> requests.Response:
        """GET over TLS; not followed, so that a redirect can be looked at."""
        options: dict[str, Any] = {"verify": str(self.authority), "allow_redirects": False, "timeout": 10}
        return requests.get(f"{self.https}{path}", headers=headers, **options)


@contextlib.contextmanager
def running_proxy(folder: Path, web: str) -> Iterator[Proxy]:
    """nginx before *web* (`127.0.0.1:8080`), for as long as the block lasts."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        pytest.skip("needs the Debian package nginx-light")
    ports = free_port(), free_port()
    certificate = a_certificate(folder, "127.0.0.1")
    file, log = _written(folder, web, ports, certificate)
    with (folder / "nginx.out").open("wb") as out:
        more = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")  # else its workers may not enter our folder
        process = subprocess.Popen([program, "-c", str(file), "-g", more], stdout=out, stderr=out)
    proxy = Proxy(f"https://127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[0]}", certificate, log)
    try:
        eventually(lambda: _answers(proxy), within_s=STARTS_WITHIN_S, what=f"nginx answers ({folder / 'nginx.out'})")
        yield proxy
    finally:
        process.terminate()
        process.wait(10)


def _written(folder: Path, web: str, ports: tuple[int, int], certificate: Path) -> tuple[Path, Path]:
    """Both files with what is different here; each of these words must be in one of them."""
    log = folder / "access.log"
    here = {
        " /tmp/": f" {folder}/",
        "listen 80 ": f"listen 127.0.0.1:{ports[0]} ",
        "listen 443 ": f"listen 127.0.0.1:{ports[1]} ",
        "web:8080": web,
        "/etc/nginx/tls/fullchain.pem": str(certificate),
        "/etc/nginx/tls/privkey.pem": str(certificate),
        "/etc/nginx/zonewire.conf": str(folder / "zonewire.conf"),
        "/var/cache/nginx/zonewire": str(folder / "cache"),
        "/dev/stdout": str(log),
        "/dev/stderr": str(folder / "error.log"),
        "/etc/nginx/mime.types": _types(folder),
    }
    texts = {name: (FILES / name).read_text() for name in ("nginx.conf", "zonewire.conf")}
    for there, ours in here.items():
        assert any(there in text for text in texts.values()), f"no {there!r} in {FILES}"
        texts = {name: text.replace(there, ours) for name, text in texts.items()}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder / "nginx.conf", log


def _types(folder: Path) -> str:
    """Zonewire says the type of all that it answers, so that none has to be known here."""
    (folder / "mime.types").write_text("types { text/plain txt; }\n")
    return str(folder / "mime.types")


def _answers(proxy: Proxy) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return proxy.get("/metrics").status_code == 404
    return False
