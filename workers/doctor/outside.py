"""What the doctor looks at of what is reached from here, and of where readers reach us."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import requests

from config.settings import Settings
from workers.doctor.findings import Finding, Result
from zonewire.outbound.couriers.smtp import Relay, Timeouts, trouble_with

WITHIN_S = 2.0


def examine_smtp(settings: Settings) -> Iterator[Finding]:
    """Whether the relay lets us in. No mail is sent."""
    if settings.smtp_url is None:
        found = f"no relay: mails are written to {settings.data_dir / 'outbox'}"
        yield Finding("smtp", Result.OK, found, "")
        return
    times = Timeouts(connect=WITHIN_S, command=WITHIN_S, final_dot=WITHIN_S)
    relay = Relay.of(settings.smtp_url.get_secret_value(), timeouts=times)
    where = f"{relay.host}:{relay.port}"
    if trouble := trouble_with(relay):
        mend = "Check host, port, scheme (smtp, smtp+starttls, smtps), user and password of ZONEWIRE_SMTP_URL."
        yield Finding("smtp", Result.FAIL, f"{where}: {trouble}", mend)
        return
    safe = "encrypted" if relay.tls != "smtp" else "not encrypted"
    yield Finding("smtp", Result.OK, f"{where} takes mails ({safe}{', logged in' if relay.user else ''})")


def examine_base_url(settings: Settings) -> Iterator[Finding]:
    """Whether it leads to the web face."""
    parts = urlsplit(settings.base)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    mend = "Set ZONEWIRE_BASE_URL to the https address that readers use."
    if local:
        yield Finding(
            "base url", Result.WARN, f"{settings.base} leads nowhere from elsewhere: links in mails too", mend
        )
    elif parts.scheme == "http":
        yield Finding("base url", Result.WARN, f"{settings.base} is not encrypted", mend)
    try:
        status = requests.get(f"{settings.base}/healthz", timeout=WITHIN_S, allow_redirects=False).status_code
    except requests.RequestException as error:
        found = f"{settings.base}/healthz does not answer ({type(error).__name__})"
        yield Finding("web", Result.WARN, found, "Start `zonewire up` or `zonewire web`, or mend the proxy before it.")
        return
    if status == requests.codes.ok:
        yield Finding("web", Result.OK, f"{settings.base} answers")
    else:
        found = f"{settings.base}/healthz answers {status}"
        yield Finding("web", Result.FAIL, found, "Something else answers there: mend the proxy, or ZONEWIRE_BASE_URL.")
