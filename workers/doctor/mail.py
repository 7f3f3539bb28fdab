"""What the doctor looks at of mail: whether the relay lets us in, and takes our sender. No mail is sent."""

from collections.abc import Iterator

from config.settings import Settings
from workers.doctor.findings import Finding, Result
from zonewire.outbound.couriers.smtp import Relay, Timeouts, trouble_with
from zonewire.rendering.mime import mailbox

WITHIN_S = 2.0
NOWHERE = ("localhost", ".localhost", ".local", ".internal", ".example", ".test", ".invalid")


def examine_smtp(settings: Settings) -> Iterator[Finding]:
    """The relay, and what it is told that mails come from."""
    if settings.smtp_url is None:
        found = f"no relay: mails are written to {settings.data_dir / 'outbox'}"
        yield Finding("smtp", Result.OK, found, "")
        return
    times = Timeouts(connect=WITHIN_S, command=WITHIN_S, final_dot=WITHIN_S)
    relay = Relay.of(settings.smtp_url.get_secret_value(), timeouts=times)
    where, sender = f"{relay.host}:{relay.port}", mailbox(settings.mail_from)[1]
    if trouble := trouble_with(relay, sender):
        mend = "Check host, port, scheme (smtp, smtp+starttls, smtps), user and password of ZONEWIRE_SMTP_URL."
        if trouble[:1] in {"4", "5"}:
            mend = f"It answers, and refuses mails of {sender}: ask whoever runs it, with these words of its own."
        yield Finding("smtp", Result.FAIL, f"{where}: {trouble}", mend)
        return
    safe = "encrypted" if relay.tls != "smtp" else "not encrypted"
    yield Finding("smtp", Result.OK, f"{where} takes mails ({safe}{', logged in' if relay.user else ''})")
    domain = sender.rpartition("@")[2]
    if f".{domain}".endswith(NOWHERE):
        found = f"mails come from {domain}, which is no domain of the internet: most servers refuse them"
        yield Finding("smtp", Result.WARN, found, "Set ZONEWIRE_MAIL_FROM to a sender of a domain of yours.")
