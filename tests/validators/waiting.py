"""Faults that are known and wait to be mended: red as soon as they are, so that no line outlives its fault."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest


def marked(shown: Iterable[object], waiting: Mapping[str, str]) -> list[Any]:
    """Parameters for pytest, each named by what it shows; those of *waiting* (name: the fault) are bound to fail."""
    return [pytest.param(one, id=str(one), marks=_marks(waiting.get(str(one)))) for one in shown]


def _marks(fault: str | None) -> tuple[pytest.MarkDecorator, ...]:
    return () if fault is None else (pytest.mark.xfail(strict=True, reason=fault),)
