"""Endpoints: one for each address, however it is written."""

import pytest
from sqlalchemy import Connection, func, select

from tests.builders import NOON, a_delivery, an_endpoint
from zonewire.delivery.addresses import Address, normalised
from zonewire.delivery.endpoints import (
    EndpointWanted,
    existing_key,
    find_or_make_endpoints,
    key_of,
    list_endpoints,
    shown_id,
)
from zonewire.errors import NotFound, WrongUsage
from zonewire.keys import KeyRing, new_webhook_secret, secret_bytes
from zonewire.store.tables import endpoints, hosts, subscribers

RING = KeyRing(("a key",))
HOOK = normalised("webhook", "https://partner.example/hook")
READER = normalised("email", "reader@mail.example")


def rows(db: Connection) -> tuple[int, int, int]:
    counts = [db.execute(select(func.count()).select_from(t)).scalar_one() for t in (endpoints, hosts, subscribers)]
    return counts[0], counts[1], counts[2]


@pytest.mark.parametrize(
    ("given", "kept", "host"),
    [
        ("https://Partner.Example/Hook?a=B", "https://partner.example/Hook?a=B", "partner.example:443"),
        ("HTTPS://partner.example:443", "https://partner.example/", "partner.example:443"),
        ("http://partner.example:80/x#part", "http://partner.example/x", "partner.example:80"),
        ("http://partner.example:443/", "http://partner.example:443/", "partner.example:443"),
        ("https://partner.example./x", "https://partner.example/x", "partner.example:443"),
        (
            " https://新闻.example/路?键=值 ",
            "https://xn--efvy88h.example/%E8%B7%AF?%E9%94%AE=%E5%80%BC",
            "xn--efvy88h.example:443",
        ),
        ("https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443"),
        ("https://partner.example/a%20b?q=%E6", "https://partner.example/a%20b?q=%E6", "partner.example:443"),
    ],
)
def test_a_webhooks_address_has_one_spelling(given: str, kept: str, host: str) -> None:
    address = normalised("webhook", given)
    assert (address.text, address.host) == (kept, host)
    assert normalised("webhook", kept) == address


@pytest.mark.parametrize(
    "given",
    ["", "partner.example/hook", "ftp://partner.example/", "https://", "https://user:pw@partner.example/",
     "https://partner.example:0/", "https://partner.example:x/", "https://a b.example/", "https://a\\b.example/"],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(given: str) -> None:
    with pytest.raises(WrongUsage):
        normalised("webhook", given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Reader@Mail.EXAMPLE", "Reader@mail.example"),
        (" first.last+tag@mail.example ", "first.last+tag@mail.example"),
        ("o'neil@x.co", "o'neil@x.co"),
        ("reader@新闻.example", "reader@xn--efvy88h.example"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_an_email_address_has_one_spelling(given: str, kept: str) -> None:
    address = normalised("email", given)
    assert (address.text, address.owner, address.host) == (kept, kept, kept.split("@")[1])
    assert normalised("email", kept) == address


@pytest.mark.parametrize(
    "given",
    ["", "reader", "reader@", "@mail.example", "a@b", "a b@mail.example", "a@mail.example\r\nBcc: b@mail.example",
     "a@mail.example,b@mail.example", "A <a@mail.example>", '"a b"@mail.example', "a@[127.0.0.1]", "a@127.0.0.1",
     ".a@mail.example", "a.@mail.example", "a..b@mail.example", "a@-mail.example", "a@mail..example", "a@mail.example.",
     "a@@mail.example", "读者@mail.example", "a" * 65 + "@mail.example", "a@" + "b" * 64 + ".example",
     "a@" + "b." * 130 + "example"],
)  # fmt: skip
def test_what_is_no_email_address_is_refused(given: str) -> None:
    with pytest.raises(WrongUsage, match="no email address"):
        normalised("email", given)


def test_the_same_address_again_is_the_same_endpoint(db: Connection) -> None:
    first = find_or_make_endpoints(db, [EndpointWanted(HOOK)], keys=RING, now=NOON)[HOOK]
    again = find_or_make_endpoints(db, [EndpointWanted(HOOK), EndpointWanted(HOOK)], keys=RING, now=NOON)[HOOK]
    assert first.id == again.id
    assert rows(db) == (1, 1, 1)


def test_one_host_and_one_subscriber_serve_many_endpoints(db: Connection) -> None:
    wanted = [EndpointWanted(normalised("webhook", f"https://partner.example/{n}")) for n in range(2_500)]
    found = find_or_make_endpoints(db, wanted, keys=RING, now=NOON)
    assert len({endpoint.id for endpoint in found.values()}) == 2_500
    assert rows(db) == (2_500, 1, 1)


def test_an_endpoint_is_found_after_its_ring_has_turned(db: Connection) -> None:
    made = find_or_make_endpoints(db, [EndpointWanted(HOOK)], keys=RING, now=NOON)[HOOK]
    turned = KeyRing(("a new key", "a key"))
    found = find_or_make_endpoints(db, [EndpointWanted(HOOK)], keys=turned, now=NOON)[HOOK]
    assert found.id == made.id
    assert made.secret is not None
    assert found.has_secret(turned, made.secret)


def test_a_webhooks_secret_is_shown_when_it_is_made_and_kept_sealed(db: Connection) -> None:
    made = find_or_make_endpoints(db, [EndpointWanted(HOOK)], keys=RING, now=NOON)[HOOK]
    again = find_or_make_endpoints(db, [EndpointWanted(HOOK)], keys=RING, now=NOON)[HOOK]
    assert made.secret is not None
    assert secret_bytes(made.secret)
    assert again.secret is None
    kept = db.execute(select(endpoints.c.secret)).scalar_one()
    assert secret_bytes(made.secret) not in kept
    assert RING.open(kept).decode() == made.secret


def test_a_secret_of_ones_own_is_taken_and_another_told_apart(db: Connection) -> None:
    own, other = new_webhook_secret(), new_webhook_secret()
    made = find_or_make_endpoints(db, [EndpointWanted(HOOK, own)], keys=RING, now=NOON)[HOOK]
    found = find_or_make_endpoints(db, [EndpointWanted(HOOK, other)], keys=RING, now=NOON)[HOOK]
    assert made.secret == own
    assert found.has_secret(RING, own)
    assert not found.has_secret(RING, other)


def test_an_email_endpoint_has_no_secret(db: Connection) -> None:
    assert find_or_make_endpoints(db, [EndpointWanted(READER)], keys=RING, now=NOON)[READER].secret is None
    assert db.execute(select(endpoints.c.secret)).scalar_one() is None


def test_channels_do_not_share_addresses(db: Connection) -> None:
    other = Address("webhook", READER.text, READER.host, READER.owner)
    found = find_or_make_endpoints(db, [EndpointWanted(READER), EndpointWanted(other)], keys=RING, now=NOON)
    assert found[READER].id != found[other].id


def test_the_list_has_the_shape_that_others_rely_on(db: Connection) -> None:
    endpoint_id = an_endpoint(db, state="disabled", reason="gone", last_error="HTTP 410")
    a_delivery(db, endpoint_id=endpoint_id, due_at=None)
    a_delivery(db, endpoint_id=endpoint_id, due_at=None, state="retrying")
    a_delivery(db, endpoint_id=endpoint_id)
    a_delivery(db, endpoint_id=endpoint_id, state="delivered")
    address = db.execute(select(endpoints.c.address)).scalar_one()
    assert list_endpoints(db) == [
        {
            "id": shown_id(endpoint_id),
            "channel": "webhook",
            "to": address,
            "state": "disabled",
            "reason": "gone",
            "last_error": "HTTP 410",
            "held": 2,
        }
    ]


def test_the_list_can_be_cut(db: Connection) -> None:
    first, _ = an_endpoint(db), an_endpoint(db)
    assert [row["id"] for row in list_endpoints(db, limit=1)] == [shown_id(first)]


@pytest.mark.parametrize("shown", ["", "e", "e0", "17", "s17", "e-1", "e1.0", "e١", "e" + "9" * 19])
def test_what_is_no_endpoints_id_is_not_found(shown: str) -> None:
    with pytest.raises(NotFound):
        key_of(shown)
    assert key_of("e17") == 17


def test_the_key_of_an_endpoint_that_is_not_there_is_not_found(db: Connection) -> None:
    endpoint_id = an_endpoint(db)
    assert existing_key(db, shown_id(endpoint_id)) == endpoint_id
    with pytest.raises(NotFound, match="endpoints list"):
        existing_key(db, shown_id(endpoint_id + 1))
