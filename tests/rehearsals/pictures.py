"""Photographs of a running console: what an operator has before their eyes while it burns."""

from pathlib import Path

from tests.chromium import a_browser
from tests.web.console.browsing import WORD

WIDTHS = (1200, 390)


def photograph(base_url: str, paths: list[str], folder: Path, *, name: str) -> None:
    """Each of *paths* as chen sees it, on a desktop and on a phone, as `folder/name-n-width.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    with a_browser() as browser:
        for width in WIDTHS:
            page = browser.new_context(viewport={"width": width, "height": 900}, locale="en").new_page()
            page.goto(f"{base_url}/console/login?lang=en")
            page.fill("#name", "chen")
            page.fill("#password", WORD)
            page.click("button")
            for nth, path in enumerate(paths):
                page.goto(base_url + path)
                page.screenshot(path=folder / f"{name}-{nth}-{width}.png", full_page=True)
