"""The HTTP courier against receivers that behave and receivers that do not."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.servers.ports import free_port
from tests.servers.receiver import (
    Behaviour,
    Receiver,
    drip,
    drip_body,
    flood,
    garbage,
    half_an_answer,
    hang,
    hang_up,
    ok,
    redirect,
    slow,
    status,
)
from zonewire import __version__
from zonewire.errors import CourierGone
from zonewire.outbound.courier import HttpRequest, Reply, Ticket
from zonewire.outbound.couriers.carrying import CONNECTIONS_PER_HOST, QUICK_OPEN
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.outbound.guard import Guard

TIMEOUT_S = 1.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def courier() -> Iterator[HttpCourier]:
    made = HttpCourier(Guard(allow_private=True), timeout_s=TIMEOUT_S)
    yield made
    made.close(grace_s=0)


def a_request(url: str, *, host: str | None = None, body: bytes | None = b"{}") -> HttpRequest:
    return HttpRequest(url, host or url.split("/")[2], ("content-type: application/json",), body)


def carried(courier: HttpCourier, *requests: HttpRequest, within_s: float = 5) -> list[Reply]:
    """The replies to *requests*, in their order."""
    courier.start([(Ticket(n), request) for n, request in enumerate(requests)])
    replies: dict[Ticket, Reply] = {}

    def all_back() -> bool:
        replies.update(courier.finished())
        return len(replies) == len(requests)

    eventually(all_back, within_s=within_s)
    return [replies[Ticket(n)] for n in range(len(requests))]


def test_a_post_arrives_as_it_was_built_and_its_answer_comes_back(courier: HttpCourier, receiver: Receiver) -> None:
    request = HttpRequest(receiver.url("/x"), "h:1", ("webhook-id: a",), b'{"a": 1}')

    (reply,) = carried(courier, request)

    (push,) = receiver.received("/x")
    assert reply.status == 200
    assert push.body == b'{"a": 1}'
    assert push.headers["webhook-id"] == "a"
    assert push.headers["user-agent"] == f"Zonewire/{__version__}"


def test_a_large_body_is_sent_without_asking_first(courier: HttpCourier, receiver: Receiver) -> None:
    body = b"x" * 1_100_000  # of a megabyte on libcurl would ask, with `Expect: 100-continue`

    (reply,) = carried(courier, a_request(receiver.url("/x"), body=body))

    (push,) = receiver.received("/x")
    assert (reply.status, len(push.body)) == (200, len(body))
    assert "expect" not in push.headers


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (status(500), Reply(status=500)),
        (status(410), Reply(status=410)),
        (status(429, retry_after=7), Reply(status=429, retry_after_s=7)),
        (redirect("http://127.0.0.1:1/"), Reply(status=302)),
        (hang, Reply(lost=True, error="no answer in time")),
        (drip, Reply(lost=True, error="no answer in time")),
        (drip_body, Reply(status=200)),
        (flood, Reply(status=200)),
        (hang_up, Reply(lost=True)),
    ],
)
def test_each_misbehaviour_is_told_as_what_it_is(
    courier: HttpCourier, receiver: Receiver, behaviour: object, expected: Reply
) -> None:
    receiver.behave("/x", behaviour)  # type: ignore[arg-type]  # parametrize loses the type

    (reply,) = carried(courier, a_request(receiver.url("/x")))

    assert (reply.status, reply.retry_after_s, reply.lost) == (expected.status, expected.retry_after_s, expected.lost)
    assert expected.error in reply.error


@pytest.mark.parametrize("length", ["Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_an_answer_that_breaks_off_behind_its_status_line_is_told_so(
    courier: HttpCourier, receiver: Receiver, length: str
) -> None:
    receiver.behave("/x", half_an_answer(f"HTTP/1.1 200 OK\r\n{length}".encode()))

    (reply,) = carried(courier, a_request(receiver.url("/x")))

    assert (reply.status, reply.body, reply.lost, reply.broken) == (200, b"{", False, True)


OOPS = b"HTTP/1.1 500 Oops\r\nServer: theirs\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"


def test_a_failed_answer_brings_its_head_and_a_good_one_none(courier: HttpCourier, receiver: Receiver) -> None:
    receiver.behave("/oops", lambda connection, _nth: connection.send(OOPS))

    bad, good = carried(courier, a_request(receiver.url("/oops")), a_request(receiver.url("/x")))

    assert bad.head == "HTTP/1.1 500 Oops\nServer: theirs\nSet-Cookie: …\nContent-Length: 0"
    assert good.head == ""


def test_in_a_crowd_heads_are_read_once_a_host_has_failed(courier: HttpCourier, receiver: Receiver) -> None:
    receiver.behave("/oops", lambda connection, _nth: connection.send(OOPS))

    replies = carried(courier, *[a_request(receiver.url("/oops"))] * 200)

    assert {reply.status for reply in replies} == {500}
    assert sum(reply.head != "" for reply in replies) >= 200 - CONNECTIONS_PER_HOST


def test_where_a_platform_says_in_the_body_how_it_went_each_answer_brings_its_head(receiver: Receiver) -> None:
    courier = HttpCourier(Guard(allow_private=True), timeout_s=TIMEOUT_S, wait_header=b"x-wait")

    (reply,) = carried(courier, a_request(receiver.url("/x")))
    courier.close(grace_s=0)

    assert (reply.status, reply.head) == (200, "HTTP/1.1 200 Told\nContent-Length: 0")


def test_garbage_is_no_delivery(courier: HttpCourier, receiver: Receiver) -> None:
    receiver.behave("/x", garbage)

    (reply,) = carried(courier, a_request(receiver.url("/x")))

    assert not 200 <= reply.status < 300
    assert reply.error


def test_nobody_listening_is_not_lost(courier: HttpCourier) -> None:
    (reply,) = carried(courier, a_request(f"http://127.0.0.1:{free_port()}/"))

    assert (reply.status, reply.lost, reply.error) == (0, False, "connection refused")


def test_the_guard_refuses_at_the_connection_what_a_name_leads_to(receiver: Receiver) -> None:
    guarded = HttpCourier(Guard(), timeout_s=TIMEOUT_S)
    port = receiver.url().split(":")[2].rstrip("/")

    # "localhost" is a name that resolves to an address inside: the first look may have seen another.
    replies = carried(guarded, a_request(f"http://localhost:{port}/x"), a_request(f"http://127.0.0.1:{port}/x"))
    guarded.close(grace_s=0)

    assert [(reply.refused, reply.error) for reply in replies] == [(True, "the address leads inside")] * 2
    assert receiver.count == 0


def test_an_address_that_is_allowed_by_name_of_its_port_passes(receiver: Receiver) -> None:
    port = int(receiver.url().split(":")[2].rstrip("/"))
    guarded = HttpCourier(Guard(allowed=frozenset({("127.0.0.1", port)})), timeout_s=TIMEOUT_S)

    (reply,) = carried(guarded, a_request(receiver.url("/x")))
    guarded.close(grace_s=0)

    assert reply.status == 200


def test_no_more_connections_to_a_host_are_open_than_it_has(courier: HttpCourier, receiver: Receiver) -> None:
    receiver.behave("/x", slow(0.2))

    carried(courier, *[a_request(receiver.url("/x"), host="one:1") for _ in range(3 * CONNECTIONS_PER_HOST)])

    assert receiver.most_connections <= CONNECTIONS_PER_HOST


def test_a_host_that_hangs_delays_no_other_and_its_queue_comes_back_untried(
    courier: HttpCourier, receiver: Receiver
) -> None:
    receiver.behave("/hang", hang)
    hanging = [a_request(receiver.url("/hang"), host="slow:1") for _ in range(2 * CONNECTIONS_PER_HOST)]
    well = [a_request(receiver.url("/well"), host="well:1") for _ in range(50)]
    begun = time.monotonic()

    courier.start([(Ticket(1_000 + n), request) for n, request in enumerate(hanging)])
    courier.start([(Ticket(n), request) for n, request in enumerate(well)])
    back: dict[Ticket, Reply] = {}

    def the_well_ones() -> bool:
        back.update(courier.finished())
        return sum(1 for ticket in back if ticket < 1_000) == len(well)

    eventually(the_well_ones, within_s=TIMEOUT_S / 2)
    assert time.monotonic() - begun < TIMEOUT_S / 2

    def the_others() -> bool:
        back.update(courier.finished())
        return len(back) == len(well) + len(hanging)

    eventually(the_others, within_s=3 * TIMEOUT_S)
    assert sum(1 for reply in back.values() if reply.unsent) == CONNECTIONS_PER_HOST


def test_more_transfers_than_select_takes_go_over_epoll(receiver: Receiver) -> None:
    receiver.behave("/x", slow(0.3))
    many = [a_request(receiver.url("/x"), host=f"host-{n}:1") for n in range(2 * QUICK_OPEN)]
    courier = HttpCourier(Guard(allow_private=True), timeout_s=20)

    replies = carried(courier, *many, within_s=30)
    courier.close(grace_s=0)

    assert {(reply.status, reply.error) for reply in replies} == {(200, "")}


def test_a_request_without_a_body_is_a_get_and_the_next_one_posts_again(
    courier: HttpCourier, receiver: Receiver
) -> None:
    asking = HttpRequest(receiver.url("/x"), "h:1", ("accept: */*",), None)
    for request in (a_request(receiver.url("/x")), asking, a_request(receiver.url("/x"), body=b"[]"), asking):
        assert carried(courier, request)[0].status == 200

    assert [push.body for push in receiver.received("/x")] == [b"{}", b"", b"[]", b""]


def test_a_host_that_answers_again_is_no_longer_slow(courier: HttpCourier, receiver: Receiver) -> None:
    receiver.behave("/x", hang)
    carried(courier, a_request(receiver.url("/x"), host="h:1"))
    assert courier.host_places()["h:1"] < CONNECTIONS_PER_HOST
    receiver.behave("/x", status(200))

    carried(courier, a_request(receiver.url("/x"), host="h:1"))

    assert courier.host_places()["h:1"] >= CONNECTIONS_PER_HOST


def test_an_address_that_libcurl_will_not_take_is_told_and_stops_nothing(
    courier: HttpCourier, receiver: Receiver
) -> None:
    bad, good = carried(courier, a_request("http://[:::]/", host="bad:1"), a_request(receiver.url("/x")))

    assert bad.status == 0
    assert bad.error
    assert good.status == 200


def test_a_process_that_falls_silent_is_given_up(receiver: Receiver) -> None:
    receiver.behave("/hang", hang)
    courier = HttpCourier(Guard(allow_private=True), timeout_s=30, silence_s=0.3)
    courier.start([(Ticket(1), a_request(receiver.url("/hang")))])
    eventually(lambda: receiver.count == 1, within_s=5)

    os.kill(courier.pid, signal.SIGSTOP)

    with pytest.raises(CourierGone):
        eventually(lambda: bool(courier.finished()), within_s=5)
    courier.close(grace_s=0)
    assert not Path(f"/proc/{courier.pid}").exists()


def test_a_fault_in_its_process_ends_it_instead_of_keeping_requests_for_ever(courier: HttpCourier) -> None:
    courier._wire.send("no message of ours")

    assert courier.wait(5)
    with pytest.raises(CourierGone):
        courier.finished()


def test_its_process_holds_nothing_of_ours_but_the_wire(courier: HttpCourier, receiver: Receiver) -> None:
    carried(courier, a_request(receiver.url("/x")))

    listening = {entry.readlink() for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    held = {entry.readlink() for entry in Path(f"/proc/{courier.pid}/fd").iterdir() if int(entry.name) > 2}

    assert held, "it has its wire, at least"
    assert not {name for name in held & listening if "socket" in str(name) or "/" in str(name)}


def test_more_than_a_socket_holds_goes_over_the_wire(courier: HttpCourier, receiver: Receiver) -> None:
    body = bytes(3_000_000)

    replies = carried(courier, *[a_request(receiver.url("/x"), body=body + bytes([n])) for n in range(5)])

    assert [reply.status for reply in replies] == [200] * 5
    assert {len(push.body) for push in receiver.received("/x")} == {3_000_001}


def test_who_waits_in_another_thread_sends_nothing_twice(courier: HttpCourier, receiver: Receiver) -> None:
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            courier.wait(0.0001)

    waiting = [threading.Thread(target=look) for _ in range(4)]
    for thread in waiting:
        thread.start()
    try:
        # Larger than the socket's buffer, so that whoever sends must wait for room in the middle.
        bodies = [bytes(400_000) + b"%d" % n for n in range(40)]
        replies = carried(courier, *[a_request(receiver.url("/x"), body=body) for body in bodies], within_s=20)
    finally:
        over.set()
        for thread in waiting:
            thread.join()

    assert [reply.status for reply in replies] == [200] * len(bodies)
    assert sorted(push.body[400_000:] for push in receiver.received("/x")) == sorted(b"%d" % n for n in range(40))


def test_what_is_in_flight_when_it_closes_is_finished(receiver: Receiver) -> None:
    courier = HttpCourier(Guard(allow_private=True), timeout_s=5)
    receiver.behave("/x", slow(0.2))
    courier.start([(Ticket(1), a_request(receiver.url("/x")))])
    eventually(lambda: receiver.count == 1, within_s=5)

    courier.close(grace_s=3)

    assert [(ticket, reply.status) for ticket, reply in courier.finished()] == [(1, 200)]


def test_a_second_request_reuses_the_connection(courier: HttpCourier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        courier.start([(Ticket(1), a_request(url))])
        connection, _ = listener.accept()
        for n in range(2):
            eventually(lambda: connection.recv(65_536), within_s=5)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            eventually(courier.finished, within_s=5)
            if n == 0:
                courier.start([(Ticket(2), a_request(url))])
        connection.close()


@pytest.mark.parametrize("way", [hang_up, half_an_answer(b"")], ids=["reset", "closed"])
def test_a_request_goes_out_once_where_a_connection_in_use_is_closed_under_it(
    courier: HttpCourier, receiver: Receiver, way: Behaviour
) -> None:
    receiver.behave("/hangs-up", way)
    carried(courier, a_request(receiver.url("/x")))  # its connection is kept, and libcurl would send again over another

    (reply,) = carried(courier, a_request(receiver.url("/hangs-up")))

    assert (reply.status, reply.lost) == (0, True)
    assert len(receiver.received("/hangs-up")) == 1
    assert [carried(courier, a_request(receiver.url("/x")))[0].status for _ in range(2)] == [200, 200]


def test_a_question_is_asked_again_where_a_connection_in_use_is_closed_under_it(
    courier: HttpCourier, receiver: Receiver
) -> None:
    receiver.behave("/asks", lambda connection, nth: (hang_up if nth == 1 else ok)(connection, nth))
    carried(courier, a_request(receiver.url("/x")))

    (reply,) = carried(courier, a_request(receiver.url("/asks"), body=None))

    assert (reply.status, len(receiver.received("/asks"))) == (200, 2)


def test_what_was_taken_ahead_for_a_fast_host_comes_back_when_it_stops_answering(
    courier: HttpCourier, receiver: Receiver
) -> None:
    carried(courier, *[a_request(receiver.url("/x"), host="one:1") for _ in range(200)])
    ahead = courier.host_places()["one:1"]
    assert ahead > CONNECTIONS_PER_HOST
    receiver.behave("/x", hang)
    slow = HttpCourier(Guard(allow_private=True), timeout_s=30)
    slow._hosts["one:1"] = courier._hosts["one:1"]

    slow.start([(Ticket(n), a_request(receiver.url("/x"), host="one:1")) for n in range(ahead)])
    back: list[tuple[Ticket, Reply]] = []

    def all_that_waited() -> bool:
        back.extend(slow.finished())
        return len(back) == ahead - CONNECTIONS_PER_HOST

    eventually(all_that_waited, within_s=5)
    slow.close(grace_s=0)
    assert all(reply.unsent for _, reply in back)
