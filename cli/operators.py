"""`zonewire operators`: who may come to the console; and `zonewire audit`: what was done, by whom."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import installation
from cli.output import print_json, print_list
from zonewire.errors import WrongUsage

if TYPE_CHECKING:
    from zonewire.operators import Role

operators = typer.Typer(help="Who may come to the console.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ROLES = ("look", "operate", "administer")
STDIN = "-"
AskedRole = Annotated[
    str | None,
    typer.Option(
        "--role",
        help="look: see everything; operate: also replay, pause, enable …; administer: also secrets, people's data and "
        "operators. Without it look, and administer for the first.",
    ),
]
AskedPassword = Annotated[
    str | None, typer.Option(help="The password; - reads a line of standard input. Without it a terminal is asked.")
]


def register(app: typer.Typer) -> None:
    """Add the group `operators`, and `audit`."""
    app.add_typer(operators, name="operators")
    app.command("audit")(audit)


@operators.command("add")
def add(name: str, role: AskedRole = None, password: AskedPassword = None, as_json: Json = False) -> None:
    """Let somebody in. Where no password can be asked for, one is made and printed once."""
    from cli.acting import actor
    from zonewire import operators as people
    from zonewire.store import now

    given = _password(password)
    with installation() as (_, store), store.writing() as db:
        is_first = not people.list_operators(db)
        wanted = _role(role) if role else people.Role.ADMINISTER if is_first else people.Role.LOOK
        made = people.add(db, name, wanted, given.text, now=now(db))
        people.record(db, actor(), people.Act.ADDED_OPERATOR, name, now=now(db), role=wanted)
    shown = {"password": given.text} if given.is_made else {}
    if as_json:
        print_json({"name": made.name, "role": made.role, **shown})
        return
    sys.stdout.write(f"{made.name} may {made.role}: {_console()}\n")
    if given.is_made:
        sys.stdout.write(f"Password, printed this once: {given.text}\n")


@operators.command("list")
def list_them(as_json: Json = False) -> None:
    """List who may come."""
    from zonewire import operators as people
    from zonewire.articles.model import rfc3339

    with installation() as (_, store), store.reading() as db:
        rows = [
            {"name": one.name, "role": one.role, "created_at": rfc3339(one.created_at)}
            for one in people.list_operators(db)
        ]
    empty = "Nobody yet: `zonewire operators add NAME` lets the first one in."
    print_list(rows, ("name", "role", "created_at"), as_json=as_json, empty=empty)


@operators.command("change")
def change(name: str, role: AskedRole = None, password: AskedPassword = None, as_json: Json = False) -> None:
    """Give somebody another role, or another password (`--password -`). Ends what they have open."""
    from cli.acting import actor
    from zonewire import operators as people
    from zonewire.store import now

    given = _password(password) if password is not None or role is None else None
    with installation() as (_, store), store.writing() as db:
        if role is not None:
            people.change_role(db, name, _role(role))
            people.record(db, actor(), people.Act.CHANGED_ROLE, name, now=now(db), role=role)
        if given is not None:
            people.change_password(db, name, given.text)
            people.record(db, actor(), people.Act.CHANGED_PASSWORD, name, now=now(db))
    shown = {"password": given.text} if given and given.is_made else {}
    if as_json:
        print_json({"name": name, **({"role": role} if role else {}), **shown})
        return
    sys.stdout.write(f"{name} is changed, and has to log in again\n")
    if shown:
        sys.stdout.write(f"Password, printed this once: {shown['password']}\n")


@operators.command("remove")
def remove(name: str, as_json: Json = False) -> None:
    """Let somebody in no more. Ends what they have open."""
    from cli.acting import actor
    from zonewire import operators as people
    from zonewire.store import now

    with installation() as (_, store), store.writing() as db:
        people.remove(db, name)
        people.record(db, actor(), people.Act.REMOVED_OPERATOR, name, now=now(db))
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        sys.stdout.write(f"{name} is let in no more\n")


def audit(
    about: Annotated[str | None, typer.Option(help="Of one thing: e7, push.http, an operator's name.")] = None,
    operator: Annotated[str | None, typer.Option(help="By one operator.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List what operators did, the newest first."""
    from zonewire.articles.model import rfc3339
    from zonewire.operators import recorded

    with installation() as (_, store), store.reading() as db:
        found = recorded(db, about=about, operator=operator, limit=limit)
    rows: list[dict[str, object]] = [
        {
            "at": rfc3339(one.at),
            "operator": one.operator,
            "act": one.act,
            "about": one.about,
            "detail": dict(one.detail) if as_json else _in_words(one.detail),
            "from": one.came_from,
        }
        for one in found
    ]
    columns = ("at", "operator", "act", "about", "detail", "from")
    print_list(rows, columns, as_json=as_json, empty="Nothing was done by an operator yet.")


def _in_words(detail: object) -> str:
    pairs = detail.items() if isinstance(detail, dict) else ()
    return ", ".join(f"{name} {value}" for name, value in pairs if value not in (None, ""))


def _role(given: str) -> "Role":
    from zonewire.operators import Role

    if given not in ROLES:
        raise WrongUsage(f"there is no role {given[:40]!r}", where="--role", mend=f"It is one of {', '.join(ROLES)}.")
    return Role(given)


class _Password:
    """A password, and whether it was made here."""

    def __init__(self, text: str, *, is_made: bool = False) -> None:
        self.text, self.is_made = text, is_made


def _password(given: str | None) -> _Password:
    """What was given, read or asked for; a fresh one where nobody can be asked."""
    if given is not None and given != STDIN:
        return _Password(given)
    if given == STDIN or not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\r\n")
        if line or given == STDIN:
            return _Password(line)
        from zonewire.keys.passwords import new_password

        return _Password(new_password(), is_made=True)
    return _Password(typer.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True))


def _console() -> str:
    from config.settings import load

    return f"{load().base}/console"
