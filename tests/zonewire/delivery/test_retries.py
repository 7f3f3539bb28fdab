"""When a delivery is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from zonewire.delivery.retries import FREE_WAITS, MOST_WAIT_S, RetryPolicy, next_try

STEPS = st.lists(st.integers(min_value=0, max_value=100_000), min_size=1, max_size=10)
CHANCE = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(STEPS, CHANCE)
def test_n_steps_make_n_plus_one_tries(steps: list[int], chance: float) -> None:
    policy = RetryPolicy(tuple(steps))
    tries = 1
    while next_try(policy, attempts=tries - 1, waits=0, stated_wait_s=None, chance=chance).wait_s is not None:
        tries += 1

    assert tries == len(steps) + 1


@given(STEPS, CHANCE, st.data())
def test_jitter_is_only_added_and_never_more_than_a_tenth(steps: list[int], chance: float, data: st.DataObject) -> None:
    nth = data.draw(st.integers(min_value=0, max_value=len(steps) - 1))

    wait_s = next_try(RetryPolicy(tuple(steps)), attempts=nth, waits=0, stated_wait_s=None, chance=chance).wait_s

    assert wait_s is not None
    assert steps[nth] <= wait_s <= steps[nth] * 1.1


@given(st.integers(min_value=0, max_value=10**9), CHANCE)
def test_a_stated_wait_is_cut_at_a_day_and_spends_no_try(stated: int, chance: float) -> None:
    following = next_try(RetryPolicy((5,)), attempts=0, waits=0, stated_wait_s=stated, chance=chance)

    assert not following.spends_try
    assert following.wait_s is not None
    assert min(stated, MOST_WAIT_S) <= following.wait_s <= MOST_WAIT_S * 1.1


def test_after_twenty_stated_waits_each_further_one_counts_as_a_try() -> None:
    policy = RetryPolicy((5,))

    assert not next_try(policy, attempts=0, waits=FREE_WAITS - 1, stated_wait_s=9, chance=0).spends_try
    assert next_try(policy, attempts=0, waits=FREE_WAITS, stated_wait_s=9, chance=0).spends_try
    assert next_try(policy, attempts=1, waits=FREE_WAITS, stated_wait_s=9, chance=0).wait_s is None
