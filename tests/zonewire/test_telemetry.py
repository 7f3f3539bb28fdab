"""What stands in no log line."""

import pytest

from zonewire.telemetry import masked, told_of


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 5.1.1 <reader.name+x@mail.example> no such user", "550 5.1.1 <r…@mail.example> no such user"),
        ("HTTP 500", "HTTP 500"),
        ("a@b.example, c@d.example", "a…@b.example, c…@d.example"),
        ("?to=li.lei%2Btag%40mail.example", "?t…%40mail.example"),  # "=" may stand in a mailbox
        ("git@host", "git@host"),
    ],
)
def test_a_mail_address_is_cut_to_its_first_letter_and_domain(said: str, shown: str) -> None:
    assert masked(said) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET /send?key=abc&x=1", "GET /send?key=…&x=1"),
        ("/cgi-bin/draft/add?access_token=abc", "/cgi-bin/draft/add?access_token=…"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/…"),
        ("/unsubscribe/17.6a4b5c6d.ABCDEFGHIJKLMNOP HTTP/1.1", "/unsubscribe/… HTTP/1.1"),
        ("/manage/now", "/manage/now"),
        ("redis://:pass@127.0.0.1:6379/0", "redis://…@127.0.0.1:6379/0"),
        ("Authorization: Bearer abcdefgh.ijk", "Authorization: Bearer …"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "…"),
    ],
)
def test_what_lets_somebody_in_is_cut_out(said: str, shown: str) -> None:
    assert masked(said) == shown


@pytest.mark.parametrize(
    ("channel", "said", "shown"),
    [
        ("email", "550 5.7.1 Li Lei is on holiday", "550 5.7.1"),
        ("email", "421 try later", "421"),
        ("email", "connection refused", "connection refused"),
        ("wecom", "errcode 93000: no such robot", "errcode 93000: no such robot"),
    ],
)
def test_of_what_a_mail_server_says_the_codes_are_left(channel: str, said: str, shown: str) -> None:
    assert told_of(channel, said) == shown
