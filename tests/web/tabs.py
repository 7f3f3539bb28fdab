"""A tab of headless Chromium: `with a_tab(origin) as tab:`."""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

needs_chromium = pytest.mark.skipif(not PROGRAM, reason="needs the apt package chromium")


@contextlib.contextmanager
def a_tab(origin: str, *, grants: Sequence[str] = (), **over: Any) -> Iterator[Page]:
    """A tab whose pages at *origin* may do what *grants* names; other hosts it does not reach."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=list(ARGUMENTS))
        try:
            context = browser.new_context(**over)
            context.grant_permissions(list(grants), origin=origin)
            context.route(lambda address: not address.startswith(origin), lambda route: route.abort())
            yield context.new_page()
        finally:
            browser.close()
