"""The guarded session: what leads inside is not dialled, and nothing takes too long or brings too much."""

import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from tests.servers.receiver import Receiver, drip, drip_body, flood, hang, redirect
from tests.servers.tls import a_certificate
from zonewire import __version__
from zonewire.errors import AddressRefused, TooLarge
from zonewire.outbound import session as module
from zonewire.outbound.guard import Guard
from zonewire.outbound.session import guarded_session, read_bounded

ANYWHERE = Guard(allow_private=True)
TIMEOUT_S = 1.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def session() -> requests.Session:
    return guarded_session(ANYWHERE, timeout_s=TIMEOUT_S)


def that_allows(receiver: Receiver) -> requests.Session:
    return guarded_session(Guard(allowed=frozenset({("127.0.0.1", receiver.port)})), timeout_s=TIMEOUT_S)


def resolved_to(monkeypatch: pytest.MonkeyPatch, *ips: str) -> None:
    """Whatever the name: no test has a name server to ask."""

    def answer(_name: str, _port: int) -> Sequence[str]:
        return ips

    monkeypatch.setattr(module, "addresses_of", answer)


def test_a_request_says_who_asks_and_brings_its_answer(session: requests.Session, receiver: Receiver) -> None:
    answer = session.post(receiver.url("/x"), data=b"{}")
    assert (answer.status_code, read_bounded(answer, most_bytes=10)) == (200, b"")
    (push,) = receiver.received("/x")
    assert push.headers["user-agent"] == f"Zonewire/{__version__}"
    assert push.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "user@127.0.0.1"])
def test_an_address_that_leads_inside_is_not_dialled(receiver: Receiver, host: str) -> None:
    with pytest.raises(AddressRefused):
        guarded_session(Guard(), timeout_s=TIMEOUT_S).get(f"http://{host}:{receiver.port}/")
    assert receiver.count == 0


def test_a_name_that_resolves_inside_is_refused_at_its_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved_to(monkeypatch, "127.0.0.1")
    with pytest.raises(AddressRefused, match=r"rebound\.example leads to 127\.0\.0\.1"):
        guarded_session(Guard(), timeout_s=TIMEOUT_S).get(f"http://rebound.example:{receiver.port}/")
    assert receiver.count == 0


def test_of_several_addresses_only_those_outside_are_dialled(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved_to(monkeypatch, "10.0.0.1", "127.0.0.1")
    assert that_allows(receiver).get(f"http://several.example:{receiver.port}/").ok


def test_a_name_that_has_no_address_is_a_failed_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved_to(monkeypatch)
    with pytest.raises(requests.ConnectionError, match="does not resolve"):
        guarded_session(Guard(), timeout_s=TIMEOUT_S).get("http://nowhere.example/")


def test_no_redirect_is_followed_unless_asked(session: requests.Session, receiver: Receiver) -> None:
    receiver.behave("/a", redirect(receiver.url("/b")))
    assert session.get(receiver.url("/a")).status_code == 302
    assert session.request("GET", receiver.url("/a")).status_code == 302
    assert receiver.received("/b") == []
    assert session.get(receiver.url("/a"), allow_redirects=True).status_code == 200


def test_a_redirect_to_inside_is_refused_where_redirects_are_followed(receiver: Receiver) -> None:
    with Receiver() as inside:
        receiver.behave("/a", redirect(inside.url("/secret")))
        with pytest.raises(AddressRefused):
            that_allows(receiver).get(receiver.url("/a"), allow_redirects=True)
        assert (receiver.count, inside.count) == (1, 0)


def test_redirects_that_never_end_do_end(session: requests.Session, receiver: Receiver) -> None:
    receiver.behave("/a", redirect(receiver.url("/a")))
    with pytest.raises(requests.TooManyRedirects):
        session.get(receiver.url("/a"), allow_redirects=True)
    assert receiver.count == 1 + module.REDIRECTS_MOST


def test_an_answer_without_an_end_is_read_up_to_its_bound(session: requests.Session, receiver: Receiver) -> None:
    receiver.behave("/a", flood)
    answer = session.get(receiver.url("/a"))
    with pytest.raises(TooLarge):
        read_bounded(answer, most_bytes=1_000_000)


def test_an_answer_that_says_it_is_too_long_is_not_read(session: requests.Session, receiver: Receiver) -> None:
    receiver.behave("/a", drip_body)
    began = time.monotonic()
    with pytest.raises(TooLarge):
        read_bounded(session.get(receiver.url("/a")), most_bytes=999)
    assert time.monotonic() - began < TIMEOUT_S / 2


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> requests.Session:
    """Waits for longer than from one drop to the next, and not half so long as for all of them."""
    monkeypatch.setattr("tests.servers.receiver.DRIP_S", 0.2)
    return guarded_session(ANYWHERE, timeout_s=0.6)


@pytest.mark.parametrize("behaviour", [hang, drip])
def test_an_answer_that_comes_too_slowly_is_given_up(
    impatient: requests.Session, receiver: Receiver, behaviour: object
) -> None:
    receiver.behave("/a", behaviour)  # type: ignore[arg-type]  # parametrize forgets it
    began = time.monotonic()
    with pytest.raises(requests.Timeout):
        impatient.get(receiver.url("/a"))
    assert 0.5 < time.monotonic() - began < 3


def test_a_body_that_drips_is_given_up_after_the_whole_time(impatient: requests.Session, receiver: Receiver) -> None:
    receiver.behave("/a", drip_body)
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        read_bounded(impatient.get(receiver.url("/a")), most_bytes=10_000)
    assert time.monotonic() - began < 3


def test_the_environment_says_nothing(receiver: Receiver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    guarded_session(ANYWHERE, timeout_s=TIMEOUT_S).get(receiver.url("/a"))
    (push,) = receiver.received("/a")
    assert "authorization" not in push.headers


@pytest.fixture
def over_tls(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """An address over TLS, and the authority that vouches for it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    certificate = a_certificate(tmp_path, "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}/", certificate
    server.shutdown()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for_is_refused(
    session: requests.Session, over_tls: tuple[str, Path]
) -> None:
    address, authority = over_tls
    with pytest.raises(requests.exceptions.SSLError):
        session.get(address)
    assert session.get(address, verify=str(authority)).ok
    with pytest.raises(AddressRefused):
        guarded_session(Guard(), timeout_s=TIMEOUT_S).get(address, verify=str(authority))
