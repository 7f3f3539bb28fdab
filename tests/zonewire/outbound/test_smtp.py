"""The mail couriers against a real SMTP server, with its faults, and into files."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.smtp import SmtpServer, running_smtp
from tests.servers.tls import a_certificate
from zonewire.errors import InvalidInput, SettingWrong
from zonewire.outbound.courier import MailRequest, Reply, Ticket
from zonewire.outbound.couriers.eml import eml_courier
from zonewire.outbound.couriers.mail import MailCourier
from zonewire.outbound.couriers.smtp import Relay, Timeouts, smtp_courier

QUICK = Timeouts(connect=2.0, command=2.0, final_dot=2.0)
CONTENT = b"From: a@b.example\r\nTo: c@d.example\r\n\r\n.dot\r\nbody\r\n"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with running_smtp() as running:
        yield running


def a_mail(recipient: str = "li@mail.example", *, name: str = "0190-1", content: bytes = CONTENT) -> MailRequest:
    return MailRequest("mail.example", "digest@news.example", recipient, content, name)


def a_tls_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextlib.contextmanager
def a_courier(server: SmtpServer | str, *, connections: int = 2, timeouts: Timeouts = QUICK) -> Iterator[MailCourier]:
    url = server if isinstance(server, str) else server.url
    courier = smtp_courier(Relay.of(url, timeouts=timeouts), connections=connections)
    try:
        yield courier
    finally:
        courier.close(grace_s=0.1)


def carry(courier: MailCourier, mails: Sequence[MailRequest], *, within_s: float = 10.0) -> list[Reply]:
    """Hand over *mails* and wait for all replies, in the order of the mails."""
    courier.start([(Ticket(number), mail) for number, mail in enumerate(mails)])
    replies: dict[Ticket, Reply] = {}

    def all_there() -> bool:
        replies.update(courier.finished())
        return len(replies) == len(mails)

    eventually(all_there, within_s=within_s)
    return [replies[Ticket(number)] for number in range(len(mails))]


def test_a_mail_arrives_as_it_was_with_its_dots(server: SmtpServer) -> None:
    with a_courier(server) as courier:
        (reply,) = carry(courier, [a_mail()])

    assert reply.status == 250
    (mail,) = server.mails
    assert (mail.sender, mail.recipient) == ("digest@news.example", "li@mail.example")
    assert mail.content == CONTENT


def test_mails_share_connections_also_between_batches(server: SmtpServer) -> None:
    with a_courier(server, connections=2) as courier:
        for _ in range(3):
            carry(courier, [a_mail(f"r{n}@mail.example") for n in range(10)])

    assert len(server.mails) == 30
    assert server.connections <= 2


def test_content_is_made_in_the_couriers_thread(server: SmtpServer) -> None:
    made_in: list[str] = []

    def content() -> bytes:
        made_in.append(threading.current_thread().name)
        return CONTENT

    with a_courier(server) as courier:
        carry(courier, [MailRequest("h", "a@b.example", "c@d.example", content, "n")])

    assert made_in[0].startswith("mail-")


def test_a_mail_that_cannot_be_composed_is_told_so(server: SmtpServer) -> None:
    def content() -> bytes:
        raise InvalidInput.of("to", "a line break")

    with a_courier(server) as courier:
        bad, good = carry(courier, [MailRequest("h", "a@b.example", "c@d.example", content, "n"), a_mail()])

    assert (bad.status, bad.command) == (0, "compose")
    assert good.status == 250


def test_a_refused_recipient_spoils_neither_the_connection_nor_the_next_mail(server: SmtpServer) -> None:
    server.refused["gone@mail.example"] = "550 5.1.1 no such mailbox"
    with a_courier(server, connections=1) as courier:
        gone, good = carry(courier, [a_mail("gone@mail.example"), a_mail("li@mail.example")])

    assert (gone.status, gone.command) == (550, "rcpt")
    assert b"5.1.1" in gone.body
    assert good.status == 250
    assert server.connections == 1


def test_all_lines_of_a_refusal_are_told(server: SmtpServer) -> None:
    server.refused["gone@mail.example"] = "550-5.1.1 no such mailbox\r\n550 5.1.1 see https://mail.example/why"

    with a_courier(server) as courier:
        (reply,) = carry(courier, [a_mail("gone@mail.example")])

    assert (reply.status, reply.body) == (550, b"5.1.1 no such mailbox\n5.1.1 see https://mail.example/why")


def test_a_server_that_closes_with_421_is_called_again_for_the_next_mail(server: SmtpServer) -> None:
    server.refused["now@mail.example"] = "421 4.7.0 try again later"
    with a_courier(server, connections=1) as courier:
        closed, good = carry(courier, [a_mail("now@mail.example"), a_mail()])

    assert closed.status == 421
    assert good.status == 250
    assert server.connections == 2


def test_a_connection_that_breaks_after_the_final_dot_is_told_as_lost(server: SmtpServer) -> None:
    server.drops_for.add("li@mail.example")
    with a_courier(server) as courier:
        (reply,) = carry(courier, [a_mail()])

    assert (reply.status, reply.lost) == (0, True)
    assert len(server.mails) == 1, "lost is never tried again by the courier"


def test_a_server_that_hangs_after_the_final_dot_delays_only_its_own_connection(server: SmtpServer) -> None:
    server.hangs_for.add("slow@mail.example")
    with a_courier(server, connections=2, timeouts=Timeouts(connect=2, command=2, final_dot=60)) as courier:
        others = [a_mail(f"r{n}@mail.example") for n in range(6)]  # the two connections have eight places
        courier.start([(Ticket(99), a_mail("slow@mail.example"))])
        eventually(lambda: len(server.mails) == 1, within_s=5)
        replies = carry(courier, others)

        assert [reply.status for reply in replies] == [250] * 6
        assert courier.in_flight == 1


def test_no_answer_to_the_final_dot_in_time_is_told_as_lost(server: SmtpServer) -> None:
    server.hangs_for.add("li@mail.example")
    with a_courier(server, timeouts=Timeouts(connect=2, command=2, final_dot=0.2)) as courier:
        (reply,) = carry(courier, [a_mail()])

    assert (reply.lost, reply.error) == (True, "no answer in time")


def test_a_connection_that_the_server_dropped_while_idle_is_opened_again_at_once(server: SmtpServer) -> None:
    with a_courier(server, connections=1) as courier:
        carry(courier, [a_mail()])
        server.hang_up()
        (reply,) = carry(courier, [a_mail()])

    assert reply.status == 250
    assert (len(server.mails), server.connections) == (2, 2)


def test_nobody_at_home_is_no_verdict_on_a_mail_and_the_rest_come_back_untried() -> None:
    with a_courier(f"smtp://127.0.0.1:{free_port()}", connections=1) as courier:
        first, second = carry(courier, [a_mail(), a_mail()])

    assert (first.status, first.unsent) == (0, False)
    assert "connection refused" in first.error
    assert second.unsent


def test_a_wrong_password_is_no_verdict_on_a_mail() -> None:
    with running_smtp(password="right") as server:
        url = f"smtp://wire:wrong@127.0.0.1:{server.port}"
        with a_courier(url, connections=1) as courier:
            (reply,) = carry(courier, [a_mail()])

    assert reply.status == 0
    assert reply.command == "login"
    assert "535" in reply.error


def test_a_right_password_lets_mail_through() -> None:
    server = running_smtp(password="p@ss word")
    with server as running, a_courier(f"smtp://wire%40x:p%40ss%20word@127.0.0.1:{running.port}") as courier:
        (reply,) = carry(courier, [a_mail()])

    assert reply.status == 250
    assert running.logins == ["wire@x"]


def test_starttls_is_spoken_and_a_certificate_of_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = a_certificate(tmp_path, "127.0.0.1")
    with running_smtp(tls_context=a_tls_context(certificate)) as server:
        url = f"smtp+starttls://127.0.0.1:{server.port}"
        with a_courier(url) as courier:
            (refused,) = carry(courier, [a_mail()])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with a_courier(url) as courier:
            (taken,) = carry(courier, [a_mail()])

    assert refused.status == 0
    assert "certificate" in refused.error.lower()
    assert taken.status == 250


def test_smtps_is_spoken_and_a_certificate_of_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = a_certificate(tmp_path, "127.0.0.1")
    with running_smtp(tls_context=a_tls_context(certificate), implicit=True) as server:
        url = f"smtps://127.0.0.1:{server.port}"
        with a_courier(url) as courier:
            (refused,) = carry(courier, [a_mail()])
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with a_courier(url) as courier:
            (taken,) = carry(courier, [a_mail()])

    assert (refused.status, refused.command) == (0, "connect")
    assert "certificate" in refused.error.lower()
    assert taken.status == 250
    assert [mail.content for mail in server.mails] == [CONTENT]


def test_a_certificate_of_another_name_is_refused_over_smtps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = a_certificate(tmp_path, "127.0.0.2")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    server = running_smtp(tls_context=a_tls_context(certificate), implicit=True)
    with server as running, a_courier(f"smtps://127.0.0.1:{running.port}") as courier:
        (refused,) = carry(courier, [a_mail()])

    assert (refused.status, refused.command) == (0, "connect")
    assert "not valid for '127.0.0.1'" in refused.error
    assert running.mails == []


def test_a_plain_server_behind_smtps_is_told_at_once(server: SmtpServer) -> None:
    started = time.monotonic()
    with a_courier(f"smtps://127.0.0.1:{server.port}") as courier:
        (reply,) = carry(courier, [a_mail()])

    assert (reply.status, reply.lost, reply.command) == (0, False, "connect")
    assert "no TLS is spoken at this port" in reply.error
    assert time.monotonic() - started < QUICK.connect
    assert server.mails == []


def test_what_no_thread_has_taken_is_handed_back_untried_when_the_process_stops(server: SmtpServer) -> None:
    server.hangs_for.add("slow@mail.example")
    with a_courier(server, connections=1, timeouts=Timeouts(connect=2, command=2, final_dot=60)) as courier:
        courier.start([(Ticket(1), a_mail("slow@mail.example"))])
        eventually(lambda: server.mails, within_s=5)
        courier.start([(Ticket(2), a_mail())])
        courier.close(grace_s=0.1)

        assert [(ticket, reply.unsent) for ticket, reply in courier.finished()] == [(2, True)]


def test_who_waits_is_told_when_a_reply_is_there_and_places_come_back_when_it_is_fetched(server: SmtpServer) -> None:
    with a_courier(server, connections=2) as courier:
        assert courier.free_places == 8
        courier.start([(Ticket(1), a_mail())])
        assert courier.free_places == 7
        assert courier.host_places() == {"mail.example": 7}
        assert courier.wait(5)
        assert len(courier.finished()) == 1
        assert not courier.wait(0)
        assert (courier.free_places, courier.in_flight, courier.host_places()) == (8, 0, {})


@pytest.mark.parametrize("url", ["http://a", "smtp://", "smtp://a:port", "smtp://a:99999", "imap://a"])
def test_an_address_that_is_no_relay_is_refused(url: str) -> None:
    with pytest.raises(SettingWrong, match="ZONEWIRE_SMTP_URL"):
        Relay.of(url)


def test_the_usual_ports_are_known() -> None:
    ports = [Relay.of(f"{scheme}://h").port for scheme in ("smtp", "smtp+starttls", "smtps")]

    assert ports == [25, 587, 465]


def test_a_relays_password_is_not_printed() -> None:
    assert "secret" not in repr(Relay.of("smtp://wire:secret@h"))


def test_a_mail_becomes_a_file_that_a_repeat_overwrites(tmp_path: Path) -> None:
    courier = eml_courier(tmp_path / "outbox")
    first = carry(courier, [a_mail(content=b"one\r\n")])
    second = carry(courier, [a_mail(content=b"two\r\n")])
    courier.close(grace_s=1)

    assert [reply.status for reply in (*first, *second)] == [250, 250]
    assert {path.name: path.read_bytes() for path in (tmp_path / "outbox").iterdir()} == {"0190-1.eml": b"two\r\n"}


def test_a_name_that_leads_out_of_the_outbox_writes_nothing(tmp_path: Path) -> None:
    courier = eml_courier(tmp_path / "outbox")
    (reply,) = carry(courier, [a_mail(name="../../etc/passwd")])
    courier.close(grace_s=1)

    assert reply.status == 0
    assert list(tmp_path.iterdir()) == []


def test_a_full_or_forbidden_disk_is_no_verdict_on_a_mail(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    courier = eml_courier(tmp_path / "outbox")
    (reply,) = carry(courier, [a_mail()])
    courier.close(grace_s=1)

    assert (reply.status, reply.lost) == (0, False)
    assert "cannot write" in reply.error


def test_a_server_that_accepts_and_says_nothing_costs_its_timeout_and_no_more() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with a_courier(url, timeouts=Timeouts(connect=0.3, command=0.3, final_dot=0.3)) as courier:
            (reply,) = carry(courier, [a_mail()])

    assert (reply.status, reply.lost) == (0, False)
    assert time.monotonic() - started < 5
