"""`zonewire articles …`, as an operator uses it."""

import orjson

from tests.builders import a_delivery, a_subscription, a_version, an_article
from tests.cli.conftest import Run
from zonewire.store import Store


def test_list_has_the_last_accepted_first_and_show_has_the_versions(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        old = a_version(db, an_article(title="第一稿"))
        a_version(db)
        a_version(db, an_article(guid=old.article.guid, title="第二稿"))
    listed = orjson.loads(run_here("articles", "list", "--json").stdout)
    assert (listed[0]["title"], listed[0]["version"], len(listed)) == ("第二稿", 2, 2)
    assert len(orjson.loads(run_here("articles", "list", "--json", "--limit", "1").stdout)) == 1
    shown = orjson.loads(run_here("articles", "show", old.article.guid, "--json").stdout)
    assert [one["title"] for one in shown["versions"]] == ["第一稿", "第二稿"]
    assert "version 2     accepted" in run_here("articles", "show", old.article.guid).stdout


def test_the_trail_says_in_words_who_has_not_had_it(store: Store, run_here: Run) -> None:
    with store.writing() as db:
        version = a_version(db)
        for _ in range(30):
            a_delivery(db, version=version, state="delivered")
        a_delivery(db, version=version, state="dead", reason="its tries ran out")
        a_subscription(db, channel="email", state="paused")
    printed = run_here("articles", "trail", version.article.guid).stdout
    assert "deliveries: 30 delivered, 1 dead" in printed
    assert "version 1: dead letter: its tries ran out" in printed
    assert "… and 25 more; --json has them all" in printed
    assert len(orjson.loads(run_here("articles", "trail", version.article.guid, "--json").stdout)["deliveries"]) == 31
    to = orjson.loads(run_here("articles", "trail", version.article.guid, "--json", "--to", "e32").stdout)
    assert (to["deliveries"], "is paused since" in to["waiting"][0]["why"]) == ([], True)


def test_an_article_that_is_not_there_is_told(store: Store, run_here: Run) -> None:
    for command in ("show", "trail"):
        done = run_here("articles", command, "no-such")
        assert (done.returncode, done.stderr.splitlines()[0]) == (1, "zonewire: there is no article 'no-such'")
