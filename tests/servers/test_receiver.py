"""The receiver that other tests rely on: it keeps what came, and is as hostile as it was told to be."""

import socket
from datetime import UTC, datetime

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from tests.eventually import eventually
from tests.servers import receiver as behaviours
from tests.servers.receiver import Behaviour, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_it_keeps_path_id_headers_and_body() -> None:
    with Receiver() as receiver:
        answer = requests.post(
            receiver.url("/a?b=1"), data=b"body", headers={"webhook-id": "one", "X-B": "C"}, timeout=5
        )
        (push,) = receiver.received("/a?b=1")
    assert (answer.status_code, push.id, push.headers["x-b"], push.body) == (200, "one", "C", b"body")
    assert (receiver.count, receiver.ids()) == (1, {"one"})


def test_a_signature_holds_for_its_secret_and_for_the_exact_body_only() -> None:
    with Receiver() as receiver:
        headers = _signed("one", "{}")
        requests.post(receiver.url("/good"), data=b"{}", headers=headers, timeout=5)
        requests.post(receiver.url("/bad"), data=b"{ }", headers=headers, timeout=5)
        (good,), (bad,) = receiver.received("/good"), receiver.received("/bad")
    assert good.is_signed_with(SECRET)
    assert not bad.is_signed_with(SECRET)
    assert not good.is_signed_with("whsec_" + "QUFB" * 8)


def test_many_requests_on_one_connection_are_told_apart() -> None:
    request = b"POST /p HTTP/1.1\r\nHost: x\r\nwebhook-id: %d\r\nContent-Length: 3\r\n\r\nabc"
    stream = b"".join(request % n for n in range(50))
    with Receiver() as receiver, socket.create_connection(("127.0.0.1", receiver.port)) as connection:
        for start in range(0, len(stream), 7):  # in odd pieces
            connection.sendall(stream[start : start + 7])
        eventually(lambda: receiver.count == 50, within_s=5)
    assert receiver.ids() == {str(n) for n in range(50)}


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (behaviours.status(429, retry_after=7), b"HTTP/1.1 429 Told\r\nRetry-After: 7\r\n"),
        (behaviours.gone, b"HTTP/1.1 410 "),
        (behaviours.redirect("http://127.0.0.1:1/x"), b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\n"),
        (behaviours.slow(0.1), b"HTTP/1.1 200 "),
        (behaviours.fail_then_ok(1, 503), b"HTTP/1.1 503 "),
        (behaviours.garbage, b"\x00\xff\xfe"),
        (behaviours.flood, b"HTTP/1.1 200 OK\r\n"),
        (behaviours.drip, b"HT"),
        (behaviours.drip_body, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nz"),
    ],
)
def test_it_answers_as_it_was_told(behaviour: Behaviour, expected: bytes) -> None:
    with Receiver(behaviour) as receiver:
        assert _answer(receiver, expected).startswith(expected)


def test_a_flood_goes_on_for_as_long_as_somebody_reads() -> None:
    with Receiver(behaviours.flood) as receiver:
        assert len(_answer(receiver, None, at_least=3_000_000)) >= 3_000_000


def test_one_that_hangs_has_the_request_and_sends_nothing() -> None:
    with Receiver(behaviours.hang) as receiver, _asking(receiver) as connection:
        eventually(lambda: receiver.count == 1, within_s=5)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_gate_lets_the_first_through_and_the_others_when_it_is_opened() -> None:
    gate = behaviours.Gate(1)
    with Receiver(gate) as receiver:
        assert _answer(receiver, b"HTTP/1.1 200 ").startswith(b"HTTP/1.1 200 ")
        with _asking(receiver) as held:
            held.settimeout(0.2)
            with pytest.raises(TimeoutError):
                held.recv(1)
            gate.open()
            held.settimeout(5)
            assert held.recv(13) == b"HTTP/1.1 200 "
        assert _answer(receiver, b"HTTP/1.1 200 ").startswith(b"HTTP/1.1 200 ")


def test_one_that_hangs_up_sends_nothing_and_is_gone() -> None:
    with Receiver(behaviours.hang_up) as receiver:
        assert _answer(receiver, None) == b""
        assert receiver.count == 1


def _asking(receiver: Receiver) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", receiver.port), timeout=5)
    connection.sendall(b"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")
    return connection


def _answer(receiver: Receiver, expected: bytes | None, *, at_least: int = 0) -> bytes:
    """What comes back: up to the length of *expected*, *at_least* so many bytes, or until the other end hangs up."""
    wanted = len(expected) if expected else at_least or 1
    answer = b""
    with _asking(receiver) as connection:
        try:
            while len(answer) < wanted and (piece := connection.recv(65_536)):
                answer += piece
        except ConnectionResetError:
            return b""
    return answer


def _signed(ident: str, body: str) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign(ident, now, body)
    return {"webhook-id": ident, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
