"""Small charts, as the points of a line: drawn on the server, so that a page needs no script for them."""

from collections.abc import Sequence

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
