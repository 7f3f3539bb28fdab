"""`zonewire operators`."""

import io

import orjson
import pytest

from tests.cli.conftest import Run
from zonewire import operators
from zonewire.store import Store

pytestmark = pytest.mark.usefixtures("cheap_passwords")

ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WORD = "four words that nobody guesses"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{WORD}\n"))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())


def test_the_first_administers_and_logs_in_with_what_was_typed(store: Store, run_here: Run, typed: None) -> None:
    done = run_here("operators", "add", "chen", "--password", "-", "--json")

    assert orjson.loads(done.stdout) == {"name": "chen", "role": "administer"}
    assert operators.log_in(store, "chen", WORD, came_from="", software="")
    assert run_here("operators", "add", "chen", "--password", WORD).returncode == 1


def test_where_nobody_can_be_asked_a_password_is_made_and_printed_once(
    store: Store, run_here: Run, silent: None
) -> None:
    made = orjson.loads(run_here("operators", "add", "li", "--role", "look", "--json").stdout)

    assert operators.log_in(store, "li", made["password"], came_from="", software="")
    (listed,) = orjson.loads(run_here("operators", "list", "--json").stdout)
    assert (listed["name"], listed["role"]) == ("li", "look")


def test_changing_and_removing_are_written_down(store: Store, run_here: Run, silent: None) -> None:
    run_here("operators", "add", "li", "--password", WORD)
    assert run_here("operators", "change", "li", "--role", "operate").returncode == 0
    assert "printed this once" in run_here("operators", "change", "li").stdout
    assert run_here("operators", "remove", "li").returncode == 0

    acts = [record["act"] for record in orjson.loads(run_here("audit", "--about", "li", "--json").stdout)]
    assert acts == ["operator.removed", "operator.password_changed", "operator.role_changed", "operator.added"]
    assert run_here("operators", "remove", "li").returncode == 1


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "li", "--role", "god", "--password", WORD), "look, operate, administer"),
        (("add", "li", "--password", "short"), "12 to 200"),
        (("add", "li li", "--password", WORD), "can be no operator's name"),
    ],
)
def test_what_cannot_be_meant_is_refused(store: Store, run_here: Run, words: tuple[str, ...], said: str) -> None:
    done = run_here("operators", *words)
    assert (done.returncode, said in done.stderr) == (2, True)
