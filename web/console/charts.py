"""Small charts, as the points of a line: drawn on the server, so that a page needs no script for them."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, EDGE = 96, 24, 2


def points(values: Sequence[int]) -> str:
    """The points of one stroke through *values*, from nought at the bottom to the largest of them at the top."""
    largest = max(values, default=0) or 1
    step = WIDTH / max(1, len(values) - 1)
    return " ".join(
        f"{i * step:.1f},{HEIGHT - EDGE - value / largest * (HEIGHT - 2 * EDGE):.1f}" for i, value in enumerate(values)
    )


def rate(n: float) -> str:
    """So many a second: 0, 0.02, 3.4, 1,250."""
    if n >= 10:
        return f"{n:,.0f}"
    return f"{n:.1f}" if n >= 1 else f"{n:.2g}" if n >= 0.01 else "0"


BAR, BARS_HEIGHT = 4, 56
"""The width of one bar with the gap behind it, and the height of the highest."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bar: which of the values stacked in it, by number, and where it stands."""

    at: int
    of: int
    x: int
    y: float
    height: float


def bars(stacks: Sequence[Sequence[int]]) -> list[Piece]:
    """A bar for each of *stacks*, its values upon each other, the highest bar as high as there is room."""
    largest = max((sum(stack) for stack in stacks), default=0) or 1
    pieces = []
    for at, stack in enumerate(stacks):
        top = float(BARS_HEIGHT)
        for of, value in enumerate(stack):
            height = round(value / largest * (BARS_HEIGHT - EDGE), 1)
            top -= height
            if value:
                pieces.append(Piece(at, of, at * BAR, round(top, 1), height))
    return pieces
