"""Headless Chromium, and one tab of it in which answers of a web face and mails are shown as their readers see them."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, Route, sync_playwright

MISSING = "no Chromium here: install the Debian packages chromium and fonts-noto-cjk"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="1072" height="603" viewBox="0 0 16 9">
<rect width="16" height="9" fill="#a5b1aa"/><path d="M0 9V6l4-2 3 2 4-4 5 4v3z" fill="#55615b"/></svg>"""
"""Stands for every picture that an article names: nothing is fetched from outside."""


def chromium() -> str | None:
    """Where it is; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextlib.contextmanager
def a_browser() -> Iterator[Browser]:
    """A browser of its own. Raises FileNotFoundError, which says what to install."""
    if (program := chromium()) is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(slots=True)
class Stage:
    """A tab that shows one document at a time, at any width, by day and by night."""

    page: Page
    _address: str = ""
    _html: str = ""
    _headers: Mapping[str, str] = field(default_factory=dict)
    _with_pictures: bool = True

    @classmethod
    def of(cls, browser: Browser) -> "Stage":
        """A new tab of *browser*."""
        stage = cls(browser.new_context(reduced_motion="reduce").new_page())
        stage.page.route("**/*", lambda route: stage._answer(route))  # noqa: PLW0108 - it sets a name on what it is given
        return stage

    def show(self, address: str, html: str, *, headers: Mapping[str, str] | None = None, pictures: bool = True) -> None:
        """Open *html* as if *address* had answered it, so that what a form's POST brought can be shown too."""
        self._address, self._html, self._with_pictures = address, html, pictures
        self._headers = {"Content-Type": "text/html; charset=utf-8"} | dict(headers or {})
        self.page.goto(address, wait_until="load")

    def look(self, *, width: int, dark: bool = False) -> None:
        """Be so many pixels wide from now on, and dark or light."""
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme="dark" if dark else "light")

    def photograph(self, path: Path, *, tallest: int) -> None:
        """The whole document as it looks now, as a PNG, cut below *tallest* pixels."""
        width = int(self.page.evaluate("document.documentElement.clientWidth"))
        height = int(self.page.evaluate("document.documentElement.scrollHeight"))
        area: FloatRect = {"x": 0, "y": 0, "width": width, "height": min(height, tallest)}
        self.page.screenshot(path=path, full_page=True, clip=area)

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.url == self._address:
            route.fulfill(body=self._html, headers=dict(self._headers))
        elif request.resource_type == "image":
            if self._with_pictures:
                route.fulfill(body=PICTURE, content_type="image/svg+xml")
            else:
                route.abort()
        elif request.url.startswith("http://127.0.0.1:"):
            route.continue_()
        else:
            route.abort()
