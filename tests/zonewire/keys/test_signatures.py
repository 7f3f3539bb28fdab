"""Signatures: what the reference library accepts, and nothing else."""

import base64
import hmac
import time

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from zonewire.errors import InvalidInput
from zonewire.keys import SigningKey, new_webhook_secret, secret_bytes, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = SigningKey.of(SECRET)
OTHER = SigningKey.of(new_webhook_secret())
NOON_S = 1_780_000_000
BODY = '{"title":"泰州"}'.encode()


def test_the_specifications_example_comes_out() -> None:
    signature = sign([KEY], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_reference_library_accepts_what_we_sign() -> None:
    now_s = int(time.time())
    headers = {"webhook-id": "d1", "webhook-timestamp": str(now_s), "webhook-signature": sign([KEY], "d1", now_s, BODY)}
    standardwebhooks.Webhook(SECRET).verify(BODY, headers)


@given(st.text(st.characters(codec="utf-8")), st.binary())
def test_what_we_sign_we_verify(ident: str, body: bytes) -> None:
    assert verify([KEY], ident, str(NOON_S), body, signatures=sign([KEY], ident, NOON_S, body), now_s=NOON_S)


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=200))
def test_it_is_hmac_sha256_whatever_the_length_of_the_secret(secret: bytes, body: bytes) -> None:
    key = SigningKey.of("whsec_" + base64.b64encode(secret).decode())
    expected = base64.b64encode(hmac.digest(secret, b"d1.5." + body, "sha256")).decode()
    assert sign([key], "d1", 5, body) == f"v1,{expected}"


def test_while_a_secret_rotates_either_one_verifies() -> None:
    both = sign([OTHER, KEY], "d1", NOON_S, BODY)
    assert len(both.split()) == 2
    for secret in (KEY, OTHER):
        assert verify([secret], "d1", str(NOON_S), BODY, signatures=both, now_s=NOON_S)


@pytest.mark.parametrize(
    ("ident", "timestamp", "body"),
    [("d2", NOON_S, BODY), ("d1", NOON_S + 1, BODY), ("d1", NOON_S, BODY + b" ")],
)
def test_a_changed_id_time_or_body_does_not_verify(ident: str, timestamp: int, body: bytes) -> None:
    signed = sign([KEY], "d1", NOON_S, BODY)
    assert not verify([KEY], ident, str(timestamp), body, signatures=signed, now_s=NOON_S)


@pytest.mark.parametrize(("off_s", "holds"), [(-300, True), (300, True), (-301, False), (301, False)])
def test_a_timestamp_may_be_five_minutes_off(off_s: int, holds: bool) -> None:  # noqa: FBT001
    signed = sign([KEY], "d1", NOON_S, BODY)
    assert verify([KEY], "d1", str(NOON_S), BODY, signatures=signed, now_s=NOON_S + off_s) is holds


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", " 1780000000", "１７８０００００００", "9" * 5000])
def test_a_timestamp_that_is_no_number_does_not_verify(timestamp: str) -> None:
    assert not verify([KEY], "d1", timestamp, BODY, signatures="v1,AAAA", now_s=NOON_S)


def test_unknown_schemes_are_skipped() -> None:
    ours = sign([KEY], "d1", NOON_S, BODY)
    assert verify([KEY], "d1", str(NOON_S), BODY, signatures=f"v1a,xyz {ours}", now_s=NOON_S)
    assert not verify([KEY], "d1", str(NOON_S), BODY, signatures=ours.replace("v1,", "v2,"), now_s=NOON_S)


@pytest.mark.parametrize("signatures", ["", "v1", "v1,", "v1,é", "\ud800"])
def test_garbage_does_not_verify(signatures: str) -> None:
    assert not verify([KEY], "d1", str(NOON_S), BODY, signatures=signatures, now_s=NOON_S)


def test_a_new_secret_holds_32_bytes_and_differs_each_time() -> None:
    made = {new_webhook_secret() for _ in range(50)}
    assert len(made) == 50
    assert {len(secret_bytes(secret)) for secret in made} == {32}


@pytest.mark.parametrize("size", [24, 64])
def test_a_secret_may_hold_24_to_64_bytes(size: int) -> None:
    assert len(secret_bytes("whsec_" + base64.b64encode(b"k" * size).decode())) == size


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "abc", "whsec_%%%%", "whsec_é", *("whsec_" + base64.b64encode(b"k" * n).decode() for n in (23, 65))],
)
def test_a_wrong_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(InvalidInput, match=r"^secret: must") as refused:
        secret_bytes(secret)
    assert not secret.removeprefix("whsec_") or secret not in str(refused.value)
