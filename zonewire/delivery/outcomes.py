"""How a try ended: the four outcomes that a channel can read from a reply."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it."""

    status: int = 0
    rests_s: int = 0  # and wants nothing more for so long
    goes_on_s: int | None = None  # that was a part of it: the next follows in so many seconds


@dataclass(frozen=True, slots=True)
class Later:
    """It may work another time."""

    error: str
    status: int = 0
    wait_s: int | None = None  # what the receiver asked for: replaces the step, and spends no try
    pauses_endpoint: bool = False  # for as long nothing else goes to this endpoint either
    most_tries: int | None = None  # after so many it is `Never`, however long the schedule
    then_disable: bool = False  # … and its endpoint is disabled, since a person must mend its settings


@dataclass(frozen=True, slots=True)
class Never:
    """It will not work for this delivery, however often."""

    error: str
    status: int = 0
    close_endpoint: bool = False  # nor for any other: the receiver is gone
    disable_endpoint: bool = False  # nor for any other until a person has mended its settings: what is owed is held
    has_plainer: bool = False  # a plainer form of it, which is tried once, may do


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes went out and no answer came: the receiver may have it."""

    error: str = "no answer came"
    once_more: bool = False  # the receiver cannot tell a repetition from a new one: one try more, and no other


def said(words: str) -> str:
    """What a receiver said, without the one character that PostgreSQL keeps in no text."""
    return words.replace("\0", "")


Outcome = Delivered | Later | Never | Unknown
