"""How a try ended: the four outcomes that a channel can read from a reply."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""

    status: int = 0


@dataclass(frozen=True, slots=True)
class Later:
    """It may work another time."""

    error: str
    status: int = 0
    wait_s: int | None = None  # what the receiver asked for: replaces the step, and spends no try


@dataclass(frozen=True, slots=True)
class Never:
    """It will not work for this delivery, however often."""

    error: str
    status: int = 0
    close_endpoint: bool = False  # nor for any other: the receiver is gone


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes went out and no answer came: the receiver may have it."""

    error: str = "no answer came"


def said(words: str) -> str:
    """What a receiver said, without the one character that PostgreSQL keeps in no text."""
    return words.replace("\0", "")


Outcome = Delivered | Later | Never | Unknown
