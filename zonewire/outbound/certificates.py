"""Until when a server's certificate holds, whoever signed it."""

import socket
import ssl
from urllib.parse import urlsplit

from cryptography import x509

WITHIN_S = 3.0
HTTPS_PORT = 443


def certificate_until(url: str) -> float | None:
    """Unix seconds until which the certificate at *url* holds; None where it is not https, or nobody answers.

    What it is worth is not asked here: one that has ended, or that nobody trusts, is told of as well.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or HTTPS_PORT), timeout=WITHIN_S) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as line,
        ):
            shown = line.getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None
    return None if shown is None else x509.load_der_x509_certificate(shown).not_valid_after_utc.timestamp()
