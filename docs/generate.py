"""Writes the pages that are made from the code: settings, commands and log lines. `make docs` calls it.

tests/test_docs.py compares what stands in docs/ with what would be written now, so that no page grows stale.
"""

import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer
import typer.core
import typer.main
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.settings import PREFIX, Settings
from zonewire import ROOT
from zonewire.telemetry import EVENTS, HISTOGRAMS, METRICS

OPERATORS = Path("docs/operators")
MADE = "<!-- Made by `make docs` from {source}. Change it there. -->\n"
TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
}

SETTINGS_HEAD = """# Settings

Each setting is an environment variable. Its value can also come from a file: put the file's path into the variable of
the same name with `_FILE` behind it, as for Docker's secrets. Where both are set, the variable counts. A wrong value
stops the process at its start with one line that names the setting.

Secrets that nobody sets are made by `zonewire up` and kept in `DATA_DIR/secrets.env`, readable by its owner alone.
Every other command reads them there.

"""

COMMANDS_HEAD = """# Commands

`zonewire` stands in `.venv/bin`. Exit status: 0 it worked, 1 it failed, 2 it was used wrongly. An error is one or two
lines on stderr: what was wrong, where, and what to do. Commands work on the database of the settings, whether or not
anything runs. `--json` prints a list as one array of objects, a single thing as one object.

"""

LOG_HEAD = """# Log lines

Every line names an event; the rest are keys and values with full ids and units. One line stands for one unit of work:
a batch at level info with its counts. A warning mends itself; an error needs a person, and says what to do.

Under `zonewire up` lines go to `DATA_DIR/logs/zonewire.log`; `worker`, `beat` and `web` write them to standard error,
for whatever collects them. They are JSON, an object a line, and read better for people on a terminal;
`ZONEWIRE_LOG_FORMAT` says otherwise. `ZONEWIRE_LOG_LEVEL` is `info` unless set; `debug` has a line for each delivered
try as well, and makes a webhook cost 2.7 times the CPU. What libraries warn of, and faults that nobody caught, stand
in the same lines.

## The story of an article

```
grep EVENT_ID data/logs/zonewire.log
```

`EVENT_ID` is the `id` of the CloudEvent that made the version. Its lines are, in this order: `article.accepted` (with
the `request_id` of the sender's request), `article.reacted`, `feed.published` for the documents that carry it first,
`article.digested` when a digest tells it, `hub.notices_owed`, and each failed try: `attempt.failed`, at last
`delivery.buried`; drafts have `draft.changed`. An event that made no version is named in `article.accepted` under
`passed_over`, with the reason. What is told of many articles at once names the first twenty; the whole, with every
receiver, is `zonewire articles trail GUID`. `zonewire publish` and `withdraw` write no log: what they take begins
with `article.reacted`.

An id is unique with its `source` only, which stands in `article.reacted`. Where two portals use the same one,
`article_guid` tells their lines apart.

`lane` and `task_id` (Celery's) stand in what a worker says, `request_id` in what a request to the web face causes:
the `X-Request-Id` that came with it, if it is 8 to 64 letters, digits, `-` and `_`, else one of ours. It is in the
answer too, so it can be asked for.

## What never stands in a line

No mailbox of a reader (its first letter and its domain at most), no link of a mail, no token, password, key or
secret, no robot's address, no query of a request. A test drives an installation with marked ones through success,
failure and faults, and looks for them in every file. The network addresses of those who fail to log in to the console
(`login.refused`), and of those who ask the hub (`hub.asked`), are logged on purpose. A GUID or an event's id is
written as the portal sent it.

## All lines

| event | what it means |
| --- | --- |
"""


METRICS_HEAD = """# Metrics

`/metrics` speaks Prometheus' text format: to this machine, and to others with `ZONEWIRE_METRICS_TOKEN` as bearer
token. It is read from the database at each request, so every web process answers the same, and a restart loses nothing.
Counters are added to by the very transactions in which something happens; requests for feeds alone are gathered by each
web process and written down every few seconds. On a database with a million deliveries an answer takes 50 ms.

What of it to be woken by, and dashboards of it, are on [the page about monitoring](monitoring.md).

| metric | kind | what it means; its labels |
| --- | --- | --- |
"""


def settings_page() -> str:
    """One row for each field of Settings."""
    rows = ["| setting | kind | default | what it does |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{PREFIX}{name.upper()}` | {_kind(field)} | {_default(field)} | {_cell(field.description)} |")
    return MADE.format(source="config/settings.py") + SETTINGS_HEAD + "\n".join(rows) + "\n"


def commands_page() -> str:
    """One part for each command, with its arguments and options."""
    return MADE.format(source="the commands' own help") + COMMANDS_HEAD + "\n".join(map(_part, all_commands()))


def log_page() -> str:
    """One row for each event of zonewire/telemetry.py."""
    rows = "".join(f"| `{name}` | {_cell(meaning)} |\n" for name, meaning in sorted(EVENTS.items()))
    return MADE.format(source="zonewire/telemetry.py") + LOG_HEAD + rows


def metrics_page() -> str:
    """One row for each metric of zonewire/telemetry.py."""
    rows = "".join(f"| `{name}` | {_metric_kind(name)} | {_cell(meaning)} |\n" for name, meaning in METRICS.items())
    return MADE.format(source="zonewire/telemetry.py") + METRICS_HEAD + rows


def _metric_kind(name: str) -> str:
    if name in HISTOGRAMS:
        return "histogram"
    return "counter" if name.endswith("_total") else "gauge"


def all_commands() -> list[typer.Context]:
    """A context for each command that can be run, in the order of the help."""
    from cli import main

    return list(_leaves(typer.Context(main.all_of_it(), info_name="zonewire")))


def _leaves(context: typer.Context) -> Iterator[typer.Context]:
    command = context.command
    if not isinstance(command, typer.core.TyperGroup):
        yield context
        return
    for name, child in command.commands.items():
        if not child.hidden:
            yield from _leaves(typer.Context(child, info_name=name, parent=context))


def _part(context: typer.Context) -> str:
    """A heading, what the command does, how it is called, and its options."""
    command = context.command
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"## {context.command_path}", "", _help(command.help), ""]
    lines += ["```", f"{context.command_path} {usage}".rstrip(), "```", ""]
    rows = [row for parameter in command.params if (row := _row(parameter, context))]
    if rows:
        lines += ["| option | what it does |", "| --- | --- |", *rows, ""]
    return "\n".join(lines)


def _row(parameter: Any, context: typer.Context) -> str:
    if parameter.hidden or parameter.name == "help":
        return ""
    if parameter.param_type_name == "argument":
        return f"| `{parameter.display_name_raw}` | {_sentence(parameter.help)} |" if parameter.help else ""
    flags = ", ".join([*parameter.opts, *parameter.secondary_opts])
    value = "" if parameter.is_flag else f" {_cell(parameter.display_type(context))}"
    return f"| `{flags}{value}` | {_sentence(parameter.help)}{_shown_default(parameter.default)} |"


def _shown_default(default: Any) -> str:
    if default in (None, False, "", (), []) or callable(default) or "UNSET" in repr(default):
        return ""
    return f" Default: `{default}`."


def _help(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _sentence(text: str | None) -> str:
    words = _cell(text)
    return words if not words or words[-1] in ".!?" else f"{words}."


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", r"\|")


def _kind(field: FieldInfo) -> str:
    return _named(field.annotation)


def _named(annotation: Any) -> str:
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        annotation = next(part for part in typing.get_args(annotation) if part is not types.NoneType)
    if typing.get_origin(annotation) is list:
        return "several, comma-separated"
    if typing.get_origin(annotation) is typing.Literal:
        return "one of " + ", ".join(f"`{value}`" for value in typing.get_args(annotation))
    return TYPES[annotation]


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list):
        return f"`{','.join(map(str, value))}`"
    if isinstance(value, Path):
        return f"`./{value.relative_to(ROOT)}`"
    return f"`{value}`"


PAGES: dict[Path, Callable[[], str]] = {
    OPERATORS / "settings.md": settings_page,
    OPERATORS / "commands.md": commands_page,
    OPERATORS / "log.md": log_page,
    OPERATORS / "metrics.md": metrics_page,
}
"""Every generated page, by its path from the checkout."""


def main() -> None:
    """Write every page."""
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
