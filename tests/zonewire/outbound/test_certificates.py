"""Until when a certificate holds: asked of a server, whoever signed it."""

import ssl
import time
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.smtp import running_smtp
from tests.servers.tls import a_certificate
from zonewire.outbound.certificates import certificate_until

TWO_DAYS_S, AN_HOUR_S = 2 * 86_400, 3_600


def test_the_end_of_a_certificate_that_nobody_trusts_is_told(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(a_certificate(tmp_path, "127.0.0.1"))
    with running_smtp(tls_context=context, implicit=True) as server:
        until = certificate_until(f"https://127.0.0.1:{server.port}/wire")
    assert until is not None
    assert abs(until - (time.time() + TWO_DAYS_S - AN_HOUR_S)) < 60


def test_where_nobody_answers_or_nothing_is_encrypted_nothing_is_known() -> None:
    assert certificate_until(f"https://127.0.0.1:{free_port()}") is None
    assert certificate_until("http://wire.example") is None
