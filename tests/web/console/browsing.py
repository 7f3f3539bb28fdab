"""An operator with a browser's cookies: `with at_the_console(store, tmp_path) as chen: chen.get("/console")`."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from lxml import html as markup

from tests.web.faces import a_web_face
from zonewire import operators
from zonewire.operators import Role
from zonewire.operators.sessions import begin_session
from zonewire.store import Store, now

WORD = "four words that nobody guesses"


@dataclass
class Browser:
    """One operator's; follows redirects within the console."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **options: object) -> requests.Response:
        """Open a page, in English."""
        return self.session.get(self.url + path, headers={"Accept-Language": "en"}, timeout=10, **options)  # type: ignore[arg-type]  # as requests takes them

    def send(self, path: str, *, page: str = "", **fields: str) -> requests.Response:
        """Send a form as *page* (else *path* itself) has it: with that page's mark."""
        mark = page_of(self.get(page or path)).xpath("//input[@name='mark']/@value")[0]
        return self.post(path, mark=mark, **fields)

    def post(self, path: str, **fields: str) -> requests.Response:
        """Send fields as they are."""
        return self.session.post(self.url + path, data=fields, headers={"Accept-Language": "en"}, timeout=10)


@contextlib.contextmanager
def at_the_console(store: Store, tmp_path: Path, role: Role = Role.OPERATE, **over: Any) -> Iterator[Browser]:
    """chen, logged in without the door, which would cost a tenth of a second; *over* as `a_face` takes it."""
    with store.writing() as db:
        chen = operators.add(db, "chen", role, WORD, now=now(db))
        token = begin_session(db, chen.id, came_from="127.0.0.1", software="", now=now(db))
    with a_web_face(store, tmp_path, **over) as url:
        browser = Browser(url)
        browser.session.cookies.set("zonewire", token)
        yield browser


def page_of(answer: requests.Response) -> markup.HtmlElement:
    return markup.document_fromstring(answer.text)


def text_of(answer: requests.Response) -> str:
    """What stands in the page's main part, in one line."""
    (main,) = page_of(answer).iter("main")
    return " ".join("".join(main.itertext()).split())
