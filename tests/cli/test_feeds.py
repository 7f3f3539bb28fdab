"""`zonewire feeds`."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from tests.builders import NOON, a_version, an_article
from zonewire.articles import rfc3339
from zonewire.feeds import mark_touched, publish_due
from zonewire.store import Store

KEYS = {"name", "title", "articles", "updated"}


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", database_url)
    monkeypatch.setenv("ZONEWIRE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ZONEWIRE_BASE_URL", "https://wire.example")


def ran(*words: str) -> bytes:
    import typer

    from cli import feeds

    app = typer.Typer()
    feeds.register(app)
    return CliRunner().invoke(app, ["feeds", *words], catch_exceptions=False).stdout_bytes


def publish(store: Store) -> int:
    with store.writing() as db:
        version = a_version(db, an_article(title="一", city="泰州", zone="", section=()))
        mark_touched(db, version, now=NOON)
    publish_due(store, base_url="https://wire.example", window_s=2, now=NOON)
    return version.accepted_at


def test_a_new_installation_lists_the_feed_of_everything() -> None:
    assert orjson.loads(ran("list", "--json")) == [{"name": "all", "title": "全部文章", "articles": 0, "updated": None}]


def test_the_list_has_the_keys_that_others_rely_on(store: Store) -> None:
    changed_at = publish(store)
    rows = orjson.loads(ran("list", "--json"))
    assert [row["name"] for row in rows] == ["all", "city/taizhou"]
    assert set(rows[1]) == KEYS
    assert rows[1] == {"name": "city/taizhou", "title": "泰州", "articles": 1, "updated": rfc3339(changed_at)}


def test_the_list_can_be_cut_and_read_by_people(store: Store) -> None:
    publish(store)
    assert len(orjson.loads(ran("list", "--json", "--limit", "1"))) == 1
    assert "泰州" in ran("list").decode()


@pytest.mark.parametrize(("form", "begins"), [("rss", b"<?xml"), ("atom", b"<?xml"), ("json", b"{")])
def test_a_document_is_printed_as_readers_get_it(store: Store, form: str, begins: bytes) -> None:
    publish(store)
    shown = ran("show", "city/taizhou", "--format", form)
    assert shown.startswith(begins)
    assert "一".encode() in shown
    assert ran("show", "city/泰州", "--format", form) == shown


def test_the_feed_of_everything_is_shown_before_there_is_anything() -> None:
    assert orjson.loads(ran("show", "all", "--format", "json"))["items"] == []


def test_what_is_no_feed_or_format_is_an_error_with_a_way_out() -> None:
    from zonewire.errors import NotFound, WrongUsage

    with pytest.raises(NotFound, match="feeds list"):
        ran("show", "city/nowhere")
    with pytest.raises(WrongUsage, match="rss, atom or json"):
        ran("show", "all", "--format", "xml")
