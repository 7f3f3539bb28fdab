"""When a figure is within its bound, over it, and so far over that the run fails."""

import pytest

from bench.figures import Figure, Verdict
from bench.report import failed


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(60, Verdict.WITHIN), (61, Verdict.OVER), (120, Verdict.OVER), (121, Verdict.FAR_OVER)],
)
def test_a_time_fails_above_twice_its_bound(value: float, verdict: Verdict) -> None:
    assert Figure(name="p50", value=value, unit="ms", at_most=60).verdict is verdict


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(20, Verdict.WITHIN), (19, Verdict.OVER), (10, Verdict.OVER), (9.9, Verdict.FAR_OVER), (0, Verdict.FAR_OVER)],
)
def test_a_ratio_fails_below_half_of_its_bound(value: float, verdict: Verdict) -> None:
    assert Figure(name="ratio", value=value, unit="x", at_least=20).verdict is verdict


def test_only_what_is_over_twice_its_bound_fails_the_run() -> None:
    far = Figure(name="far", value=3, unit="x", at_least=20)
    near, unbound = Figure(name="near", value=11, unit="x", at_least=20), Figure(name="free", value=0, unit="/s")
    assert failed([near, far, unbound]) == [far]
