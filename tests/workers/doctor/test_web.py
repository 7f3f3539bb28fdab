"""What the doctor finds at BASE_URL, and between it and us."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.settings import Settings, load
from tests.web.faces import a_face
from tests.web.serving import serve
from web.app import create_app
from workers.doctor.findings import Finding, Result
from workers.doctor.web import examine_web
from zonewire.store import Store, migrate

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def settings_of(store: Store, tmp_path: Path, base: str) -> Settings:
    return load(data_dir=tmp_path, database_url=store.url, base_url=base)


def found(store: Store, tmp_path: Path, base: str, check: str) -> list[Finding]:
    return [one for one in examine_web(settings_of(store, tmp_path, base)) if one.check == check]


def test_our_own_web_face_is_known_from_anothers(store: Store, tmp_path: Path) -> None:
    with store.reading() as db:
        ours = migrate.installation_name(migrate.installation_number(db))
    for name, result in ((ours, Result.OK), ("0123456789ab", Result.FAIL)):
        with serve(create_app(a_face(store, tmp_path, installation=name))) as url:
            (one,) = found(store, tmp_path, url, "web")
        assert one.result is result
    assert "another installation" in one.found


def test_something_that_is_not_zonewire_is_found(store: Store, tmp_path: Path) -> None:
    for status, said in ((200, "is not Zonewire"), (404, "answers 404")):
        with answering(b"<h1>It works!</h1>", status) as url:
            (one,) = found(store, tmp_path, url, "web")
        assert (one.result, said in one.found) == (Result.FAIL, True)


def test_a_proxy_that_does_not_say_https_is_found(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = a_certificate(tmp_path, days=90)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    for told, results in ((b"false", [Result.OK, Result.WARN]), (b"true", [Result.OK])):
        with answering(b'{"status": "ok", "encrypted": %s}' % told, certificate=certificate) as url:
            assert [one.result for one in found(store, tmp_path, url, "web")] == results


@pytest.mark.parametrize(
    ("days", "result", "said"),
    [(90, Result.OK, "lasts"), (15, Result.WARN, "lasts"), (3, Result.FAIL, "lasts"), (-1, Result.FAIL, "has expired")],
)
def test_a_certificate_that_ends_soon_is_found(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, result: Result, said: str
) -> None:
    certificate = a_certificate(tmp_path, days=days)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with answering(b"{}", certificate=certificate) as url:
        (one,) = found(store, tmp_path, url, "certificate")
    assert (one.result, said in one.found) == (result, True)


def test_a_certificate_that_nobody_has_signed_is_found(store: Store, tmp_path: Path) -> None:
    with answering(b"{}", certificate=a_certificate(tmp_path, days=90)) as url:
        (one,) = found(store, tmp_path, url, "certificate")
    assert (one.result, "does not hold: self" in one.found) == (Result.FAIL, True)


def a_certificate(folder: Path, *, days: int) -> Path:
    """A certificate of localhost's, signed by itself, that ends in *days*; and its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)
    (folder / "certificate.pem").write_bytes(text)
    return folder / "certificate.pem"


@contextlib.contextmanager
def answering(body: bytes, status: int = 200, *, certificate: Path | None = None) -> Iterator[str]:
    """The address of a server that answers everything so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:  # quiet
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        host = "https://localhost" if certificate else "http://127.0.0.1"
        yield f"{host}:{server.server_address[1]}"
        server.shutdown()
