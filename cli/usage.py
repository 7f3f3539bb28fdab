"""Wrong usage in a line or two: what Typer finds wrong with a command line, without its box."""

import re
from collections.abc import Sequence
from typing import Any

import typer

from zonewire.errors import WrongUsage

SHOWN_CHARS = 300
"""Of what was typed and is repeated: a line stays one."""

# What Typer and pydantic write, as we would say it.
_PLAINER = (
    (re.compile(r"^Invalid value for '(.+?)': "), r"\1: "),
    (re.compile(r"^Missing (?:option|argument) '(.+?)'"), r"\1 is missing"),
    (re.compile(r"^Option '(.+?)' requires an argument"), r"\1 needs a value"),
    (re.compile(r"^Option '(.+?)' "), r"\1 "),
    (re.compile(r"^(No such \w+):? "), lambda found: f"{found[1].lower()} "),
    (re.compile(r"^Got unexpected extra argument\(s\) \((.+)\)$"), r"more words than it takes: \1"),
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be "), "must be "),
    (re.compile(r", unable to parse \w+ as an? \w+"), ""),
)


def as_wrong_usage(error: typer.TyperException, words: Sequence[str], root: Any) -> WrongUsage:
    """The same error in our form; *words* are what was typed behind `zonewire`, *root* its command."""
    said = " ".join(error.format_message().split()).rstrip(".")
    for pattern, plain in _PLAINER:
        said = pattern.sub(plain, said)
    command = command_of(words, root)
    # A group without a command has printed its help, and says nothing.
    what = said[:SHOWN_CHARS] or "name one of its commands"
    return WrongUsage(what, where=" ".join(command), mend=pointer(command))


def pointer(command: Sequence[str]) -> str:
    """What to do, where nothing better is known."""
    return f"`{' '.join(('zonewire', *command, '--help'))}` shows how it is used."


def command_of(words: Sequence[str], root: Any) -> list[str]:
    """The names of the command that *words* begin with; none where the first is no command."""
    command: list[str] = []
    for word in words:
        root = getattr(root, "commands", {}).get(word)
        if root is None:
            break
        command.append(word)
    return command
