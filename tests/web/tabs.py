"""A tab of headless Chromium that opens our pages themselves: `with a_tab(origin) as tab:`."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.chromium import MISSING, a_browser, chromium

needs_chromium = pytest.mark.skipif(not chromium(), reason=MISSING)


@contextlib.contextmanager
def a_tab(origin: str, *, grants: Sequence[str] = (), **over: Any) -> Iterator[Page]:
    """A tab whose pages at *origin* may do what *grants* names; other hosts it does not reach."""
    with a_browser() as browser:
        context = browser.new_context(**over)
        context.grant_permissions(list(grants), origin=origin)
        context.route(lambda address: not address.startswith(origin), lambda route: route.abort())
        yield context.new_page()
