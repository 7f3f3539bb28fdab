"""The head of an answer: what is kept of it is short, can be read, and lets nobody in."""

import pytest

from zonewire.outbound.heads import HEAD_BYTES, MOST_LINES, kept_head, seconds_in


def lines(*text: str) -> list[bytes]:
    return [f"{line}\r\n".encode() for line in text]


def test_status_line_and_headers_are_kept_in_their_order() -> None:
    head = lines("HTTP/1.1 503 Busy", "Server: nginx", "Retry-After: 7", "")

    assert kept_head(head) == "HTTP/1.1 503 Busy\nServer: nginx\nRetry-After: 7"


def test_of_several_heads_the_last_is_kept() -> None:
    head = lines("HTTP/1.1 100 Continue", "X-Early: yes", "", "HTTP/1.1 500 Oops", "X-Late: yes", "")

    assert kept_head(head) == "HTTP/1.1 500 Oops\nX-Late: yes"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("Set-Cookie: session=s3cr3t; Path=/", "Set-Cookie: …"),
        ("Authorization: Bearer s3cr3t", "Authorization: …"),
        ("X-Api-Key: s3cr3t", "X-Api-Key: …"),
        ("webhook-signature: v1,s3cr3t", "webhook-signature: …"),
        ("X-Auth-Token: s3cr3t", "X-Auth-Token: …"),
        ("WWW-Authenticate: Bearer realm=here", "WWW-Authenticate: Bearer realm=here"),
        ("Location: https://a:s3cr3t@partner.example/in?code=s3cr3t", "Location: https://…@partner.example/in?…"),
        ("X-Seen-By: li.lei@mail.example", "X-Seen-By: l…@mail.example"),
        ("X-Told: /hook?key=s3cr3t", "X-Told: /hook?key=…"),
    ],
)
def test_what_would_let_somebody_in_is_hidden(line: str, kept: str) -> None:
    assert kept_head(lines("HTTP/1.1 401 No", line)).splitlines()[1] == kept


def test_a_head_without_end_is_cut() -> None:
    head = lines("HTTP/1.1 500 Oops", *(f"X-{n}: {'长' * 400}" for n in range(1_000)))

    kept = kept_head(head)

    assert len(kept.encode()) <= HEAD_BYTES
    assert len(kept_head(lines("HTTP/1.1 500", *["A: b"] * 1_000)).splitlines()) == MOST_LINES
    assert kept.splitlines()[1].endswith("…")


def test_what_no_terminal_should_be_given_is_left_out() -> None:
    assert kept_head([b"HTTP/1.1 500 \x1b[31mred\x00\r\n", b"X: \xff\xfe\r\n"]) == "HTTP/1.1 500 [31mred\nX: ��"


def test_a_platforms_own_wait_is_read_where_it_is_a_number() -> None:
    head = lines("HTTP/1.1 429 Slow", "X-Ogw-Ratelimit-Reset: 12", "X-Other: 5")

    assert seconds_in(head, b"x-ogw-ratelimit-reset") == 12
    assert seconds_in(lines("x-ogw-ratelimit-reset: soon"), b"x-ogw-ratelimit-reset") == 0
