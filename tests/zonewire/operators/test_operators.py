"""Who may come to the console, and what was done there."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, func, select

from tests.builders import NOON
from zonewire import operators
from zonewire.errors import Conflict, NotFound, TooMany, WrongUsage
from zonewire.keys import passwords
from zonewire.operators import Act, Actor, Role
from zonewire.operators.logins import OF_A_NAME_FROM_A_PLACE, WITHIN, forget_tries
from zonewire.operators.sessions import LONGEST, UNUSED_FOR, begin_session, forget_sessions, note_seen
from zonewire.store import SECOND, Store, now
from zonewire.store.tables import login_tries
from zonewire.store.tables import operators as operators_table

pytestmark = pytest.mark.usefixtures("cheap_passwords")  # at their full cost in tests/zonewire/keys/test_passwords.py

WORD = "four words that nobody guesses"
CHEN = Actor("chen", "192.0.2.7")


def an_operator(db: Connection, name: str = "chen", role: Role = Role.OPERATE) -> operators.Operator:
    return operators.add(db, name, role, WORD, now=NOON)


def test_each_role_may_what_those_before_it_may() -> None:
    assert [[role.may(needed) for needed in Role] for role in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_a_password_is_kept_as_argon2id_and_never_as_it_is(db: Connection) -> None:
    an_operator(db)

    kept = db.execute(select(operators_table.c.password)).scalar_one()

    assert kept.startswith("$argon2id$")
    assert passwords.is_password(WORD, kept)
    assert not passwords.is_password(WORD + ".", kept)
    assert not passwords.is_password(WORD, None)


@pytest.mark.parametrize("password", ["short", "a" * 40, "x" * 201, "it is chen and the sea"])
def test_a_password_that_is_easily_guessed_is_refused(db: Connection, password: str) -> None:
    with pytest.raises(WrongUsage, match="password"):
        operators.add(db, "chen", Role.LOOK, password, now=NOON)


@pytest.mark.parametrize("name", ["", "a", "with space", "x" * 65, "a/b"])
def test_what_can_be_no_name_is_refused(db: Connection, name: str) -> None:
    with pytest.raises(WrongUsage, match="name"):
        operators.add(db, name, Role.LOOK, WORD, now=NOON)


def test_a_name_is_given_once(db: Connection) -> None:
    an_operator(db)
    with pytest.raises(Conflict):
        an_operator(db)


def test_the_last_who_administers_stays_while_there_are_others(db: Connection) -> None:
    an_operator(db, "chen", Role.ADMINISTER)
    an_operator(db, "li", Role.LOOK)

    with pytest.raises(Conflict):
        operators.remove(db, "chen")
    with pytest.raises(Conflict):
        operators.change_role(db, "chen", Role.LOOK)
    operators.remove(db, "li")
    operators.remove(db, "chen")

    assert operators.list_operators(db) == []
    with pytest.raises(NotFound):
        operators.remove(db, "chen")


def test_the_right_password_begins_a_session_and_logging_out_ends_it(store: Store) -> None:
    with store.writing() as db:
        an_operator(db)

    token = operators.log_in(store, "chen", WORD, came_from="192.0.2.7", software="a browser")

    assert token is not None
    with store.writing() as db:
        session = operators.find_session(db, token, now=now(db))
        assert session is not None
        assert (session.operator.name, session.operator.role) == ("chen", Role.OPERATE)
        assert operators.find_session(db, token + "x", now=now(db)) is None
        operators.end_session(db, token)
        assert operators.find_session(db, token, now=now(db)) is None


def test_a_session_ends_unused_after_half_a_day_and_after_a_week_in_any_case(db: Connection) -> None:
    chen = an_operator(db)
    token = begin_session(db, chen.id, came_from="", software="", now=NOON)

    assert operators.find_session(db, token, now=NOON + UNUSED_FOR - 1)
    assert not operators.find_session(db, token, now=NOON + UNUSED_FOR)
    note_seen(db, token, now=NOON + LONGEST - 1)
    assert operators.find_session(db, token, now=NOON + LONGEST - 1)
    assert not operators.find_session(db, token, now=NOON + LONGEST)
    assert forget_sessions(db, now=NOON + LONGEST - 1) == 0
    assert forget_sessions(db, now=NOON + LONGEST) == 1


def test_another_role_or_password_ends_what_is_open(db: Connection) -> None:
    chen = an_operator(db)
    tokens = [begin_session(db, chen.id, came_from="", software="", now=NOON) for _ in range(2)]

    operators.change_role(db, "chen", Role.LOOK)
    assert operators.find_session(db, tokens[0], now=NOON) is None

    again = begin_session(db, chen.id, came_from="", software="", now=NOON)
    operators.change_password(db, "chen", WORD + " again")
    assert operators.find_session(db, again, now=NOON) is None


def test_wrong_passwords_are_counted_however_many_come_at_once(store: Store) -> None:
    with store.writing() as db:
        an_operator(db)

    def tried(_: int) -> str:
        try:
            return str(operators.log_in(store, "chen", "a wrong one", came_from="192.0.2.7", software=""))
        except TooMany:
            return "too many"

    with ThreadPoolExecutor(8) as pool:
        results = sorted(pool.map(tried, range(OF_A_NAME_FROM_A_PLACE + 4)))

    assert results == ["None"] * OF_A_NAME_FROM_A_PLACE + ["too many"] * 4
    with pytest.raises(TooMany):  # the right one too, from there
        operators.log_in(store, "chen", WORD, came_from="192.0.2.7", software="")
    assert operators.log_in(store, "chen", WORD, came_from="192.0.2.8", software="")


def test_tries_count_for_a_quarter_of_an_hour_and_a_right_one_does_not(store: Store) -> None:
    with store.writing() as db:
        an_operator(db)
    for _ in range(OF_A_NAME_FROM_A_PLACE + 1):
        assert operators.log_in(store, "chen", WORD, came_from="192.0.2.7", software="")
    assert operators.log_in(store, "chen", "a wrong one", came_from="192.0.2.7", software="") is None

    with store.writing() as db:
        assert db.execute(select(func.count()).select_from(login_tries)).scalar_one() == 1
        assert forget_tries(db, now=now(db) + WITHIN + SECOND) == 1


def test_what_was_done_is_listed_the_newest_first(db: Connection) -> None:
    operators.record(db, CHEN, Act.PAUSED_LANE, "push.http", now=NOON, reason="they move")
    operators.record(db, CHEN, Act.ENABLED, "e7", now=NOON + 1)

    newest, older = operators.recorded(db)

    assert (newest.act, newest.about, newest.operator, newest.came_from) == (Act.ENABLED, "e7", "chen", "192.0.2.7")
    assert older.detail == {"reason": "they move"}
    assert [one.about for one in operators.recorded(db, about="e7")] == ["e7"]
    assert operators.recorded(db, operator="li") == []
    assert operators.recorded(db, before=newest.id) == [older]
