"""One installation for each module of tests, running, with a mail server and receivers beside it."""

from collections.abc import Iterator

import pytest

from tests.e2e.installation import Installation, an_installation
from tests.servers.mailbox import Mailbox, running_mailbox
from tests.servers.receiver import Receiver


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    """Where the installation's mails arrive."""
    with running_mailbox() as running:
        yield running


@pytest.fixture(scope="module")
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mailbox: Mailbox
) -> Iterator[Installation]:
    """All of it on this machine, with the settings that the module names in SETTINGS."""
    settings = {"smtp_url": mailbox.url} | getattr(request.module, "SETTINGS", {})
    with an_installation(tmp_path_factory.mktemp("running") / "data", **settings) as running:
        running.up()
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of this test's own."""
    with Receiver() as running:
        yield running
