"""`zonewire publish` and `zonewire withdraw`."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from cli import publishing
from tests.builders import an_article, an_event_json
from tests.zonewire.intake.page_texts import HTML_PAGE, a_page
from zonewire.articles import Version, as_json, newest
from zonewire.errors import WrongUsage, ZonewireError
from zonewire.feeds import Format, publish_due, served_document
from zonewire.reaction import react
from zonewire.store import Store
from zonewire.store.pacing import Pace
from zonewire.store.tables import feed_entries, feeds, outbox, versions

pytestmark = pytest.mark.usefixtures("quiet_logs")


@pytest.fixture(autouse=True)
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZONEWIRE_DATABASE_URL", database_url)
    monkeypatch.setenv("ZONEWIRE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ZONEWIRE_BASE_URL", "https://wire.example")


@pytest.fixture(autouse=True)
def hints(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr("tasks.hints.hint_from_command", lambda _settings, *lanes: sent.append(lanes))
    return sent


def ran(*words: str, stdin: str = "") -> Result:
    app = typer.Typer()
    publishing.register(app)
    return CliRunner().invoke(app, list(words), input=stdin, catch_exceptions=False)


def listed(*words: str, stdin: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = orjson.loads(ran("publish", "--json", *words, stdin=stdin).stdout)
    return rows


def a_file(folder: Path, name: str, content: str | bytes | dict[str, Any] | list[Any]) -> str:
    path = folder / name
    if isinstance(content, dict | list):
        path.write_bytes(orjson.dumps(content))
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def stands(store: Store, guid: str) -> Version:
    with store.reading() as db:
        version = newest(db, guid)
    assert version
    return version


def test_each_kind_of_file_is_told_apart_by_its_content(tmp_path: Path) -> None:
    article, event = an_article(), an_event_json()
    files = [
        a_file(tmp_path, "a", as_json(article)),
        a_file(tmp_path, "b", event),
        a_file(tmp_path, "c", a_page()),
        a_file(tmp_path, "d", HTML_PAGE),
    ]
    rows = listed(*files)
    assert [(row["file"], row["taken_as"]) for row in rows] == list(
        zip(files, ("article", "cloudevent", "page", "page"), strict=True)
    )
    assert rows[0] == {
        "file": files[0],
        "taken_as": "article",
        "guid": article.guid,
        "version": 1,
        "result": "accepted",
    }


def test_a_line_tells_what_a_page_was_taken_for_and_what_became_of_it(
    store: Store, tmp_path: Path, hints: list[tuple[str, ...]]
) -> None:
    done = ran("publish", a_file(tmp_path, "page.txt", a_page()))
    assert done.exit_code == 0
    first, second = done.stdout.splitlines()
    assert "page.txt: a portal page, accepted as version 1 of page-" in first
    assert "--url or --guid" in second
    guid = first.rsplit(" ", 1)[1]
    assert stands(store, guid).article.city == "无锡"
    assert hints == [("events",)]


def test_the_same_article_again_is_unchanged_and_the_same_event_a_duplicate(tmp_path: Path) -> None:
    article = a_file(tmp_path, "a.json", as_json(an_article()))
    event = a_file(tmp_path, "e.json", an_event_json())
    assert [row["result"] for row in listed(article, event)] == ["accepted", "accepted"]
    assert [row["result"] for row in listed(article, event)] == ["unchanged", "duplicate"]
    assert "unchanged: it is version 1 already" in ran("publish", article).stdout


def test_standard_input_is_a_file_too() -> None:
    (row,) = listed("-", stdin=orjson.dumps(as_json(an_article())).decode())
    assert (row["file"], row["result"]) == ("-", "accepted")


def test_guid_and_url_name_the_one_article(store: Store, tmp_path: Path) -> None:
    page = a_file(tmp_path, "page.txt", a_page())
    (row,) = listed("--url", "https://portal.example/17.html", page)
    assert row["guid"] == "https://portal.example/17.html"
    (row,) = listed("--guid", "17", "--url", "https://portal.example/17.html", page)
    assert stands(store, "17").article.url == "https://portal.example/17.html"
    with pytest.raises(WrongUsage):
        ran("publish", "--guid", "17", page, page)
    with pytest.raises(WrongUsage):
        ran("publish", "--guid", "17", a_file(tmp_path, "two", [as_json(an_article()), as_json(an_article())]))


def test_a_bad_file_is_reported_and_the_others_go_in(store: Store, tmp_path: Path) -> None:
    bad = a_file(tmp_path, "bad.json", {"guid": "1", "url": "https://a.example"})
    missing = str(tmp_path / "missing.json")
    good = a_file(tmp_path, "good.json", as_json(an_article()))
    done = ran("publish", bad, missing, good)
    assert done.exit_code == 1
    assert "good.json: an article, accepted" in done.stdout
    assert "bad.json: taken for an article, but title: is missing\n" in done.stderr
    assert "missing.json: No such file" in done.stderr
    assert "Traceback" not in done.stderr
    with store.reading() as db:
        assert db.execute(select(func.count()).select_from(versions)).scalar_one() == 1


def test_every_wrong_field_is_named_on_one_line(tmp_path: Path) -> None:
    article = as_json(an_article()) | {"title": "", "url": "ftp://a.example/", "published_at": "soon", "section": "甲"}
    article["images"] = [{"url": "/1.jpg"}, {"url": "javascript:alert(1)"}]
    event = an_event_json(data={"guid": "1"}, id="")
    done = ran("publish", a_file(tmp_path, "a.json", article), a_file(tmp_path, "e.json", event))
    of_article, _, of_event, _ = done.stderr.splitlines()
    assert done.exit_code == 1
    named = [part.split(": ")[0] for part in of_article.split("but ")[1].split("; ")]
    assert named == ["url", "title", "section", "published_at", "images.1.url"]
    assert of_event.endswith("but id: must not be empty; data.url: is missing; data.title: is missing")


@pytest.mark.parametrize(
    ("content", "said"), [("", "empty"), ("\ufeff", "empty"), (" \n\t\n　\n", "empty but for blanks")]
)
def test_an_empty_file_is_told_to_be_empty_whatever_its_name(tmp_path: Path, content: str, said: str) -> None:
    for name in ("a.json", "a.html"):
        file = a_file(tmp_path, name, content)
        done = ran("publish", file)
        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr == f"zonewire: {file}: the file is {said}\nName one with an article or a page in it.\n"


def test_a_list_without_an_article_is_none_to_give_a_guid_to(tmp_path: Path) -> None:
    nothing = a_file(tmp_path, "none.json", "[]")
    assert listed(nothing) == []
    with pytest.raises(WrongUsage, match="for one article"):
        ran("publish", "--guid", "17", nothing)


def test_json_lines_go_in_by_batches_and_a_bad_line_is_named(store: Store, tmp_path: Path) -> None:
    lines = [orjson.dumps(as_json(an_article())) for _ in range(250)]
    lines[120] = b'{"guid": "x"}'
    done = ran("publish", a_file(tmp_path, "many.jsonl", b"\n".join(lines)))
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 249
    assert "line 121: taken for an article, but url: is missing; title: is missing\n" in done.stderr
    with store.reading() as db:
        assert db.execute(select(func.count()).select_from(outbox)).scalar_one() == 249


def test_withdrawing_leaves_a_tombstone(store: Store, tmp_path: Path, hints: list[tuple[str, ...]]) -> None:
    article = an_article()
    ran("publish", a_file(tmp_path, "a.json", as_json(article)))
    done = ran("withdraw", article.guid, "--json")
    assert orjson.loads(done.stdout) == {"guid": article.guid, "version": 2, "result": "accepted"}
    assert stands(store, article.guid).withdrawn
    assert hints == [("events",)] * 2
    assert "it was withdrawn before" in ran("withdraw", article.guid).stdout
    assert "nothing had this guid" in ran("withdraw", "unknown").stdout


def test_what_can_be_no_guid_or_address_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="GUID"):
        ran("withdraw", " ")
    page = a_file(tmp_path, "page.txt", a_page())
    with pytest.raises(WrongUsage, match="--guid"):
        ran("publish", "--guid", " ", page)
    with pytest.raises(WrongUsage, match="--url: must be an http or https address"):
        ran("publish", "--url", "portal.example/17.html", page)


def test_the_withdrawal_of_an_unknown_article_is_a_tombstone_in_the_feed_of_everything(store: Store) -> None:
    assert "nothing had this guid" in ran("withdraw", "https://portal.example/17.html").stdout
    react(store, Pace(pauses=False), owed=lambda _: None, budget_s=60)
    publish_due(store, base_url="https://wire.example", window_s=2)
    with store.reading() as db:
        documents = {form: served_document(db, "all", form, base_url="https://wire.example") for form in Format}
    shown = {form: document.plain.decode() for form, document in documents.items() if document}
    assert '<at:deleted-entry ref="https://portal.example/17.html"' in shown[Format.ATOM]
    assert "17.html" not in shown[Format.RSS] + shown[Format.JSON]


def test_waiting_ends_when_the_work_is_done(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    polls: list[float] = []

    def work_meanwhile(pause_s: float) -> None:
        """In place of the pause between two polls: what the workers do, one step after the other."""
        polls.append(pause_s)
        with store.writing() as db:
            if len(polls) == 1:
                feed = {"name": "all", "kind": "all", "title": "", "dirty_to": 1}
                (feed_id,) = db.execute(feeds.insert().returning(feeds.c.id), feed).scalars()
                entry = {"feed_id": feed_id, "article_id": 1, "number": 1, "withdrawn": False}
                db.execute(feed_entries.insert(), entry)
                db.execute(outbox.delete())
            else:
                db.execute(feeds.update().values(published_to=1))

    monkeypatch.setattr(publishing, "pause", work_meanwhile)
    assert ran("publish", "--wait", a_file(tmp_path, "a.json", as_json(an_article()))).exit_code == 0
    assert len(polls) == 2


def test_waiting_gives_up_and_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "WAIT_S", 0.1)
    with pytest.raises(ZonewireError, match="zonewire status"):
        ran("publish", "--wait", a_file(tmp_path, "a.json", as_json(an_article())))


def test_the_pages_of_one_article_are_published_as_one_and_half_of_it_is_refused(store: Store, tmp_path: Path) -> None:
    first, second = (tmp_path / name for name in ("t1.html", "t1_2.html"))
    first.write_text(HTML_PAGE.replace("</body>", '<a href="t1_2.html">下一页</a></body>'))
    half = ran("publish", str(first))
    assert half.exit_code == 1
    assert "taken for a portal page, but the article goes on in t1_2.html, which is not there" in half.stderr
    second.write_text(HTML_PAGE.replace("二期占地九十亩", "三期占地百亩"))
    (row,) = listed(str(second), str(first))
    assert (row["file"], row["pages"], row["version"]) == (str(first), [str(first), str(second)], 1)
    text = stands(store, row["guid"]).article.text
    assert text.index("二期占地九十亩") < text.index("三期占地百亩")


def test_a_saved_page_that_tells_its_address_has_it_for_its_guid(tmp_path: Path) -> None:
    saved = "<!-- saved from url=(0031)https://news.example/a/t17.html -->" + HTML_PAGE
    done = ran("publish", a_file(tmp_path, "saved.html", saved))
    assert "accepted as version 1 of https://news.example/a/t17.html" in done.stdout
    assert "Its guid is made" not in done.stdout
