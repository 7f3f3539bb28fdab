"""`zonewire digests`."""

import webbrowser
from pathlib import Path

import orjson
import pytest
from lxml import html as markup
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


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were shown in a browser."""
    shown: list[Path] = []

    def show(url: str) -> bool:
        shown.append(Path(url.removeprefix("file://")))
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    return shown


@pytest.mark.parametrize("form", ["html", "text", "wechat"])
def test_a_preview_is_written_to_a_file_and_one_line_says_so(store: Store, tmp_path: Path, form: str) -> None:
    reader, file = a_reader(store), tmp_path / "next"
    printed = ran("preview", "--subscription", reader, "--format", form)

    told = ran("preview", "--subscription", reader, "--format", form, "--output", str(file))
    again = ran("preview", "--subscription", reader, "--format", form, "--output", str(file))

    assert told == f"Wrote {file}: {file.stat().st_size:,} bytes.\n"
    assert again == f"Wrote {file}: {file.stat().st_size:,} bytes, over what was there.\n"
    assert len(file.read_text()) == len(printed)
    assert ran("preview", "--subscription", reader, "--format", form, "--output", "-").splitlines()[0] in printed


def test_a_preview_for_another_program_is_one_object(store: Store, tmp_path: Path) -> None:
    reader, file = a_reader(store), tmp_path / "next.html"
    base = ("preview", "--subscription", reader, "--format", "wechat", "--json")

    assert orjson.loads(ran(*base, "--output", str(file))) == {
        "subject": "一号项目签约",
        "format": "wechat",
        "file": str(file),
    }
    printed = orjson.loads(ran(*base))
    assert (printed["file"], printed["content"]) == (None, file.read_text())


def test_a_file_that_cannot_be_written_is_wrong_usage(store: Store, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="--output: cannot write"):
        ran("preview", "--subscription", a_reader(store), "--output", str(tmp_path / "nowhere" / "next.txt"))


def test_a_preview_of_nothing_writes_no_file(store: Store, tmp_path: Path) -> None:
    reader, file = a_reader(store), tmp_path / "next.txt"
    ran("run", "--at", "2026-06-11T12:00")

    assert "没有符合条件的新闻" in ran("preview", "--subscription", reader, "--output", str(file), "--open")
    assert orjson.loads(ran("preview", "--subscription", reader, "--json"))["file"] is None
    assert not file.exists()


@pytest.mark.parametrize("form", ["html", "text", "wechat"])
def test_open_shows_a_whole_page_in_the_browser_from_a_private_file(store: Store, seen: list[Path], form: str) -> None:
    reader = a_reader(store, title="<b>一号</b>项目签约")
    told = ran("preview", "--subscription", reader, "--format", form, "--open")

    (file,) = seen
    text = file.read_text()
    file.unlink()
    assert told == f"Opened {file} in the browser.\n"
    assert text.lower().startswith("<!doctype html>")
    assert '<meta charset="utf-8">' in text
    assert "&lt;b&gt;一号&lt;/b&gt;" in text
    assert not list(markup.document_fromstring(text).iter("b"))


def test_the_file_that_a_browser_is_shown_is_its_owners_alone(store: Store, seen: list[Path]) -> None:
    ran("preview", "--subscription", a_reader(store), "--open")

    assert seen[0].stat().st_mode & 0o077 == 0
    seen[0].unlink()


def test_where_no_browser_can_be_opened_open_says_where_the_file_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _url: False)
    told = ran("preview", "--subscription", a_reader(store), "--open")

    file = Path(told.removeprefix("No browser can be opened here. It is in ").removesuffix(".\n"))
    assert "一号项目签约" in file.read_text()
    file.unlink()
