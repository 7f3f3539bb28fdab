"""One newsroom for a module."""

from collections.abc import Iterator

import pytest

from tests.gallery.newsroom import Newsroom, a_newsroom


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with a_newsroom(tmp_path_factory.mktemp("newsroom")) as room:
        yield room
