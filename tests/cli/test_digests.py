"""`zonewire digests`."""

from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from tests.builders import NOON, a_subscription, a_version, an_article
from zonewire.errors import NotFound, WrongUsage
from zonewire.store import Store
from zonewire.store.tables import deliveries, editions, subscriptions


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", database_url)
    monkeypatch.setenv("ZONEWIRE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ZONEWIRE_BASE_URL", "https://wire.example")
    monkeypatch.setenv("ZONEWIRE_SECRET_KEY", "a key of the tests that is long enough")


def ran(*words: str) -> str:
    import typer

    from cli import digests

    app = typer.Typer()
    digests.register(app)
    return CliRunner().invoke(app, ["digests", *words], catch_exceptions=False).stdout


def a_reader(store: Store, title: str = "一号项目签约", *, locale: str = "zh-CN", cadence: str = "daily") -> str:
    with store.writing() as db:
        a_version(db, an_article(title=title))
        return f"s{a_subscription(db, channel='email', locale=locale, cadence=cadence)}"


def test_run_cuts_what_is_due_at_the_time_given(store: Store) -> None:
    a_reader(store)

    assert orjson.loads(ran("run", "--at", "2026-06-11T11:59+08:00", "--json")) == {
        "editions": 0,
        "deliveries": 0,
        "subscriptions": 0,
    }
    assert orjson.loads(ran("run", "--at", "2026-06-11T04:00:00Z", "--json")) == {
        "editions": 1,
        "deliveries": 1,
        "subscriptions": 1,
    }
    assert "0 subscriptions were due" in ran("run", "--at", "2026-06-11T12:00")


def test_a_time_without_an_offset_is_chinas(store: Store) -> None:
    a_reader(store)

    assert "1 digests are owed" in ran("run", "--at", "2026-06-11T12:00")


def test_what_run_makes_is_committed_when_it_returns(store: Store) -> None:
    a_reader(store)
    ran("run", "--at", "2026-06-11T12:00")

    with store.reading() as db:
        assert db.execute(select(deliveries.c.state)).scalars().all() == ["pending"]


@pytest.mark.parametrize("written", ["tonight", "2026-13-01", "8:00", ""])
def test_a_time_that_is_none_is_wrong_usage(written: str) -> None:
    with pytest.raises(WrongUsage, match="--at"):
        ran("run", "--at", written)


@pytest.mark.parametrize(
    ("form", "begins"), [("html", "<!DOCTYPE html>"), ("text", "一号项目签约\n"), ("wechat", "<section")]
)
def test_a_preview_shows_the_next_digest_in_each_form_and_changes_nothing(store: Store, form: str, begins: str) -> None:
    reader = a_reader(store)
    shown = ran("preview", "--subscription", reader, "--format", form)

    assert shown.lstrip().startswith(begins)
    assert "一号项目签约" in shown
    assert "slot-" not in shown
    with store.reading() as db:
        assert db.execute(select(func.count()).select_from(editions)).scalar_one() == 0
        assert db.execute(select(subscriptions.c.next_at)).scalar_one() == NOON


def test_a_preview_of_an_empty_window_says_when_the_next_digest_is_due(store: Store) -> None:
    reader = a_reader(store)
    ran("run", "--at", "2026-06-11T12:00")

    shown = ran("preview", "--subscription", reader)

    assert "没有符合条件的新闻" in shown
    assert "6月12日 (周五) 08:00" in shown


def test_a_preview_of_what_does_not_exist_or_has_no_digest_is_refused(store: Store) -> None:
    instant = a_reader(store, cadence="instant")

    with pytest.raises(NotFound, match="subscriptions list"):
        ran("preview", "--subscription", "s999")
    with pytest.raises(NotFound, match="subscriptions list"):
        ran("preview", "--subscription", "nonsense")
    with pytest.raises(WrongUsage, match="instant"):
        ran("preview", "--subscription", instant)
