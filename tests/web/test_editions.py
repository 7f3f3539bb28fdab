"""The page of an edition: what its mail says and more, without any reader's name, for as long as it stands."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import insert

from tests.builders import NOON, a_version, an_article, an_edition
from tests.web.faces import a_face
from tests.web.readers import page_of, text_of
from tests.web.serving import serve
from web.app import create_app
from zonewire.articles.model import Version
from zonewire.delivery.mailing import Mailing
from zonewire.digests.windows import Role
from zonewire.filters import Filter, intern
from zonewire.keys import KeyRing
from zonewire.store import Store
from zonewire.store.tables import edition_versions


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing(("a key of the tests that is long enough",))


@pytest.fixture
def face(store: Store, tmp_path: Path) -> Iterator[str]:
    with serve(create_app(a_face(store, tmp_path))) as url:
        yield url


def carried(store: Store, *versions: Version, role: Role = Role.STORY, locale: str = "zh-CN") -> int:
    with store.writing() as db:
        edition = an_edition(db, filter_id=intern(db, Filter(cities=("泰州",))), created_at=NOON, locale=locale)
        rows = [{"edition_id": edition, "number": one.number, "role": role} for one in versions]
        db.execute(insert(edition_versions), rows)
        return edition


def accepted(store: Store, *titles: str, **over: object) -> list[Version]:
    with store.writing() as db:
        return [a_version(db, an_article(title=title, **over)) for title in titles]


def link(face: str, keys: KeyRing, edition: int) -> str:
    mailing = Mailing(face, "Zonewire <news@wire.example>", keys)
    return mailing.edition_link(edition, NOON)


def test_it_shows_every_story_with_its_link_and_what_it_was_chosen_by(store: Store, face: str, keys: KeyRing) -> None:
    edition = carried(store, *accepted(store, *(f"第{n}条" for n in range(70)), summary=""))
    answer = requests.get(link(face, keys, edition), timeout=10)
    said = text_of(answer)
    assert answer.status_code == 200
    assert all(f"第{n}条" in said for n in range(70))  # a mail stops at sixty
    assert "2026年6月11日" in said
    assert "城市：泰州" in said
    assert len(page_of(answer).xpath("//article//a")) == 70
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_it_speaks_the_editions_language_unless_asked(store: Store, face: str, keys: KeyRing) -> None:
    edition = carried(store, *accepted(store, "一条"), locale="en")
    address = link(face, keys, edition)
    assert "News digest of 11 June 2026" in requests.get(address, timeout=10).text
    assert "新闻摘要" in requests.get(f"{address}?lang=zh-CN", timeout=10).text


def test_what_was_withdrawn_since_is_gone_from_it(store: Store, face: str, keys: KeyRing) -> None:
    (stays, goes) = accepted(store, "留下", "撤回")
    edition = carried(store, stays, goes)
    with store.writing() as db:
        a_version(db, goes.article, withdrawn=True)
    assert "撤回" not in requests.get(link(face, keys, edition), timeout=10).text
    with store.writing() as db:
        a_version(db, stays.article, withdrawn=True)
    assert "这一期收录的文章都已撤稿" in requests.get(link(face, keys, edition), timeout=10).text


@pytest.mark.parametrize("token", ["x", "1.2.3", "MS4x.abc"])
def test_a_token_that_is_not_ours_opens_nothing(face: str, token: str) -> None:
    assert requests.get(f"{face}/editions/{token}", timeout=10).status_code == 404
