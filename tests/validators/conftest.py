"""One newsroom and one browser tab for a module."""

from collections.abc import Iterator

import pytest

from tests.chromium import MISSING, Stage, a_browser, chromium
from tests.gallery.newsroom import Newsroom, a_newsroom


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    with a_newsroom(tmp_path_factory.mktemp("newsroom")) as room:
        yield room


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    if not chromium():
        pytest.skip(MISSING)
    with a_browser() as browser:
        yield Stage.of(browser)
