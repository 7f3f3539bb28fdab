"""What the mail channel makes of a letter, and of a relay's answers."""

import pytest

from zonewire.channels import CHANNELS, email
from zonewire.delivery.messages import Endpoint, LetterMessage
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome, Unknown
from zonewire.errors import InvalidInput
from zonewire.outbound.courier import Reply
from zonewire.rendering.mime import Slots, compose


def an_endpoint(address: str) -> Endpoint:
    return Endpoint(id=1, channel="email", address=address, host=address.rpartition("@")[2])


def a_message() -> LetterMessage:
    slots = Slots()
    headers = [("From", "Wire <digest@news.example>"), ("To", slots.mark("to")), ("Subject", "s")]
    letter = compose(headers=headers, text="text", html="<p>html</p>", slots=slots)
    return LetterMessage(delivery_id="0190-1", letter=letter, slots={})


def judged(code: int, text: str = "", command: str = "rcpt") -> Outcome:
    return email.judge(Reply(status=code, body=text.encode(), command=command))


def test_a_letter_becomes_one_mail_to_one_person() -> None:
    request = email.build(a_message(), an_endpoint("li@mail.example"))

    assert (request.sender, request.recipient, request.host) == (
        "digest@news.example",
        "li@mail.example",
        "mail.example",
    )
    assert request.name == "0190-1"
    assert callable(request.content), "it is filled in by the courier's thread"
    assert b"\r\nTo: li@mail.example\r\n" in request.content()


def test_a_domain_in_chinese_is_spelled_in_ascii() -> None:
    assert email.build(a_message(), an_endpoint("li@例子.中国")).recipient == "li@xn--fsqu00a.xn--fiqs8s"


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "李@mail.example", "a b@c.example", "a@b\r\nRCPT TO:<x@y>", "a@b>c", f"{'x' * 250}@b.example"],
)
def test_an_address_that_smtp_cannot_carry_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        email.build(a_message(), an_endpoint(address))


@pytest.mark.parametrize("code", [250, 251, 252])
def test_a_2xx_is_delivered(code: int) -> None:
    assert judged(code, "ok", "data") == Delivered(code)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (421, "4.7.0 try again later"),
        (450, "4.2.0 greylisted"),
        (451, "DT:SPM 163 smtp8, please try again"),
        (452, "4.2.2 mailbox full"),
        (550, "Ip frequency limited"),
        (550, "Connection frequency limited [service]"),
        (550, "Mailbox unavailable or access denied"),
        (550, "Connection denied"),
        (554, "HL:ITC 163 smtp2"),
        (554, "MI:SFQ 163 smtp9"),
        (550, "RP:TRC 126"),
        (552, "5.5.3 Too many recipients"),
        (554, "5.7.1 <li@mail.example>: Relay access denied"),
        (530, "5.7.0 Authentication required"),
    ],
)
def test_what_may_pass_is_tried_again(code: int, text: str) -> None:
    outcome = judged(code, text)

    assert isinstance(outcome, Later)
    assert (outcome.status, outcome.wait_s) == (code, None)
    assert text in outcome.error


@pytest.mark.parametrize(
    ("code", "text", "command"),
    [
        (550, "5.7.1 Mail content denied", "data"),
        (554, "DT:SPM 163 smtp8", "data"),
        (552, "5.2.2 mailbox full and inactive", "rcpt"),
        (550, "5.2.1 disabled", "rcpt"),
        (552, "5.3.4 message too large", "data"),
        (550, "5.1.1 said of the contents", "data"),
    ],
)
def test_what_will_not_pass_buries_this_mail_and_leaves_the_address_open(code: int, text: str, command: str) -> None:
    assert judged(code, text, command) == Never(f"{code} {text}", code)


@pytest.mark.parametrize("text", ["5.1.1 User unknown", "5.1.6 moved", "5.1.10 null MX"])
def test_an_address_that_does_not_exist_is_closed(text: str) -> None:
    assert judged(550, text) == Never(f"550 {text}", 550, close_endpoint=True)


def test_a_code_that_only_looks_alike_closes_nothing() -> None:
    assert judged(550, "5.1.15 odd") == Never("550 5.1.15 odd", 550)


def test_a_sender_that_the_relay_refuses_blames_no_reader() -> None:
    assert isinstance(judged(550, "5.1.8 bad sender domain", "mail"), Later)


def test_a_lost_answer_to_the_final_dot_is_unknown() -> None:
    assert email.judge(Reply(lost=True, error="no answer in time")) == Unknown("no answer in time")


def test_nobody_at_home_is_tried_again() -> None:
    reply = Reply(error="relay:25 connect: connection refused", command="connect")

    assert email.judge(reply) == Later("relay:25 connect: connection refused")


def test_what_cannot_be_composed_will_never_be() -> None:
    assert email.judge(Reply(error="to: no", command="compose")) == Never("to: no")


def test_it_is_known_by_its_name() -> None:
    assert CHANNELS["email"] is email
