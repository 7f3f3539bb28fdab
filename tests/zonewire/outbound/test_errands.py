"""The courier of errands, beside the one for HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.eventually import eventually
from tests.servers.receiver import Receiver
from zonewire.outbound.courier import DraftRequest, HttpRequest, Reply, Ticket
from zonewire.outbound.couriers.errands import Carry, ErrandCourier
from zonewire.outbound.couriers.http import HttpCourier
from zonewire.outbound.guard import Guard


@contextmanager
def a_courier(carry: Carry) -> Iterator[ErrandCourier]:
    made = ErrandCourier(HttpCourier(Guard(allow_private=True), timeout_s=2), carry)
    yield made
    made.close(grace_s=0)


def an_errand(number: int) -> tuple[Ticket, DraftRequest]:
    return Ticket(number), DraftRequest("wx01", "check")


def done(_request: DraftRequest) -> Reply:
    return Reply(status=200)


def fetched(courier: ErrandCourier, replies: dict[Ticket, Reply]) -> dict[Ticket, Reply]:
    replies.update(courier.finished())
    return replies


def test_errands_and_posts_come_back_by_their_tickets() -> None:
    with Receiver() as receiver, a_courier(done) as courier:
        post = HttpRequest(receiver.url("/x"), "host", (), b"{}")
        courier.start([an_errand(1), (Ticket(2), post)])
        replies: dict[Ticket, Reply] = {}
        eventually(lambda: len(fetched(courier, replies)) == 2, within_s=5)
        assert {ticket: reply.status for ticket, reply in replies.items()} == {1: 200, 2: 200}
        assert courier.in_flight == 0


def test_a_courier_without_news_is_waited_for_and_not_asked_in_a_circle() -> None:
    with a_courier(done) as courier:
        for number in range(50):
            courier.start([an_errand(number)])
            eventually(lambda: courier.wait(0.1) and courier.finished(), within_s=5)
        courier.finished()
        assert not courier.wait(0)


def test_an_errand_that_fails_is_told_and_the_next_one_goes_on() -> None:
    def failing(_request: DraftRequest) -> Reply:
        raise ValueError("a fault")

    with a_courier(failing) as courier:
        courier.start([an_errand(1), an_errand(2)])
        replies: dict[Ticket, Reply] = {}
        eventually(lambda: len(fetched(courier, replies)) == 2, within_s=5)
        assert [reply.error for reply in replies.values()] == ["a fault of ours: ValueError"] * 2


def test_what_waits_when_it_closes_is_handed_back_untried() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(_request: DraftRequest) -> Reply:
        begun.set()
        may_end.wait(5)
        return Reply(status=200)

    with a_courier(slow) as courier:
        courier.start([an_errand(1), an_errand(2)])
        assert begun.wait(5)
        threading.Timer(0.2, may_end.set).start()
        courier.close(grace_s=5)
        assert {ticket: reply.unsent for ticket, reply in courier.finished()} == {1: False, 2: True}
