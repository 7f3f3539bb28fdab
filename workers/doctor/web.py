"""What the doctor looks at of BASE_URL: whether it leads to us, through whatever stands between."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import requests

from config.settings import Settings
from workers.doctor.files import sqlite_file
from workers.doctor.findings import Finding, Result
from zonewire.store import migrate, open_store

WITHIN_S = 2.0
HTTPS_PORT = 443
SOON_DAYS, TOO_SOON_DAYS = 21, 7
EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""


def examine_web(settings: Settings) -> Iterator[Finding]:
    """The address itself, its certificate, and who answers there."""
    parts = urlsplit(settings.base)
    mend = "Set ZONEWIRE_BASE_URL to the https address that readers use."
    if parts.hostname in {"127.0.0.1", "localhost", "::1"}:
        found = f"{settings.base} leads nowhere from elsewhere: links in mails too"
        yield Finding("base url", Result.WARN, found, mend)
    elif parts.scheme == "http":
        yield Finding("base url", Result.WARN, f"{settings.base} is not encrypted", mend)
    if parts.scheme == "https":
        yield from _certificate(parts.hostname or "", parts.port or HTTPS_PORT)
    yield from _who_answers(settings)


def _certificate(host: str, port: int) -> Iterator[Finding]:
    """How long the certificate there lasts. Whatever else is wrong with the connection, who answers is asked next."""
    try:
        with (
            socket.create_connection((host, port), timeout=WITHIN_S) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) as line,
        ):
            found: dict[str, Any] = dict(line.getpeercert() or {})
    except ssl.SSLCertVerificationError as error:
        said = "has expired" if error.verify_code == EXPIRED else f"does not hold: {error.verify_message}"
        mend = "Renew it, and let the proxy take the new one: readers and feeds are turned away."
        yield Finding("certificate", Result.FAIL, f"the certificate of {host} {said}", mend)
        return
    except OSError:
        return
    days = (ssl.cert_time_to_seconds(found["notAfter"]) - time.time()) / 86_400
    said = f"the certificate of {host} lasts {days:.0f} days"
    if days < SOON_DAYS:
        result = Result.FAIL if days < TOO_SOON_DAYS else Result.WARN
        yield Finding("certificate", result, said, "See why nobody has renewed it; most are renewed with a month left.")
    else:
        yield Finding("certificate", Result.OK, said)


def _who_answers(settings: Settings) -> Iterator[Finding]:
    try:
        answer = requests.get(f"{settings.base}/healthz", timeout=WITHIN_S, allow_redirects=False)
    except requests.RequestException as error:
        found = f"{settings.base}/healthz does not answer ({type(error).__name__})"
        yield Finding("web", Result.WARN, found, "Start `zonewire up` or `zonewire web`, or mend the proxy before it.")
        return
    told = _told(answer)
    other = "Something else answers there: mend the proxy, or ZONEWIRE_BASE_URL."
    if answer.status_code != requests.codes.ok:
        yield Finding("web", Result.FAIL, f"{settings.base}/healthz answers {answer.status_code}", other)
    elif "status" not in told:
        yield Finding("web", Result.FAIL, f"what answers at {settings.base}/healthz is not Zonewire", other)
    elif told.get("installation") not in {None, _ours(settings)}:
        found = f"another installation of Zonewire answers at {settings.base}: links of ours lead there"
        yield Finding("web", Result.FAIL, found, other)
    else:
        yield Finding("web", Result.OK, f"{settings.base} answers")
        yield from _through_a_proxy(settings, told)


def _through_a_proxy(settings: Settings, told: dict[str, Any]) -> Iterator[Finding]:
    if settings.base.startswith("https:") and told.get("encrypted") is False:
        found = "the web face is not told that its visitors come by https"
        mend = (
            "Let the proxy send X-Forwarded-Proto and X-Forwarded-For, and reach the web face from this machine or a"
            " private network: cookies are else not marked as secure, and all visitors count as one."
        )
        yield Finding("web", Result.WARN, found, mend)


def _told(answer: requests.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ours(settings: Settings) -> str | None:
    """The name of the installation that the settings lead to; None where it cannot be read."""
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        return None
    with closing(open_store(settings.database, pool_size=1)) as store, store.reading() as db:
        return migrate.installation_name(migrate.installation_number(db)) if migrate.is_current(db) else None
