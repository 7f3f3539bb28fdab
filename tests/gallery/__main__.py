"""`make gallery`, or `python -m tests.gallery digest manage`: those whose name or state has one of the words."""

import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
from jinja2 import Environment, FileSystemLoader

from tests.chromium import MISSING, Stage, a_browser, chromium
from tests.gallery.chats import CHATS
from tests.gallery.mails import MAILS
from tests.gallery.newsroom import a_newsroom
from tests.gallery.pages import PAGES
from tests.gallery.shots import Shown, photograph
from tests.gallery.terminal import Printed, run_commands
from zonewire import ROOT

FOLDER = ROOT / "build/gallery"


def main(words: Sequence[str]) -> int:
    """Write the gallery, and say where it is."""
    if not chromium():
        print(MISSING)
        return 1
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    began = time.monotonic()
    index = write_gallery(FOLDER, words)
    print(f"{index} (took {time.monotonic() - began:.0f} s)")
    return 0


def write_gallery(folder: Path, words: Sequence[str] = ()) -> Path:
    """Fill *folder* anew with what has one of *words* in its name or state, or with all; returns its page."""
    pages = [page for page in PAGES if _is_wanted(page, words)]
    mails = [mail for mail in MAILS if _is_wanted(mail, words)]
    chats = [chat for chat in CHATS if _is_wanted(chat, words)]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as data, a_newsroom(Path(data)) as room, a_browser() as browser:
        shown = list(photograph(room, Stage.of(browser), folder, pages=pages, mails=mails, chats=chats))
        printed = [] if words else run_commands(Path(data) / "full")
    index = folder / "index.html"
    index.write_text(_page(shown, printed))
    return index


def _is_wanted(shown: object, words: Sequence[str]) -> bool:
    return not words or any(word in str(shown) for word in words)


def _page(shown: Sequence[Shown], printed: Sequence[Printed]) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    headings = list(dict.fromkeys((one.kind, one.name) for one in shown))
    return environment.get_template("index.html").render(headings=headings, shown=shown, printed=printed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
