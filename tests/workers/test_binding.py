"""The address that the web face listens on."""

import pytest

from tests.servers.ports import free_port
from workers.binding import bind
from zonewire.errors import Conflict

NOBODYS = "192.0.2.1"  # RFC 5737: of no machine


def test_a_taken_port_and_an_address_of_another_machine_are_told_apart() -> None:
    with bind("127.0.0.1", free_port()) as listener, pytest.raises(Conflict, match="cannot be had") as taken:
        bind("127.0.0.1", listener.getsockname()[1])
    assert taken.value.where == "--port"
    with pytest.raises(Conflict, match=f"{NOBODYS} is no address of this machine") as elsewhere:
        bind(NOBODYS, None)
    assert elsewhere.value.where == "--host"
