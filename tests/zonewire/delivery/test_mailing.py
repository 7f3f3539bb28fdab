"""The letters that a process keeps: each is composed once, as long as there is room for it."""

from collections import Counter
from collections.abc import Callable

from zonewire.delivery.mailing import KEPT_LETTERS, Letters
from zonewire.rendering.mime import Letter, Slots, compose

READER = {"to": "li@example.com", "link": "https://wire.example/unsubscribe/abc"}


class Composing:
    """Composes letters, and counts how often each was."""

    def __init__(self) -> None:
        self.times = Counter[int]()

    def letter(self, number: int) -> Callable[[], Letter]:
        def composed() -> Letter:
            self.times[number] += 1
            slots = Slots("same")
            text = f"第 {number} 封\n{slots.mark('link')}\n"
            headers = [("From", "digest@wire.example"), ("To", slots.mark("to"))]
            return compose(headers=headers, text=text, html=f"<p>{text}</p>", slots=slots)

        return composed


def test_readers_of_many_editions_may_come_in_any_order() -> None:
    letters, composing = Letters(), Composing()
    for _ in range(3):
        for number in range(3 * KEPT_LETTERS):
            letters.get(number, composing.letter(number))

    assert set(composing.times.values()) == {1}


def test_a_letter_that_was_put_away_says_the_same() -> None:
    letters, composing = Letters(), Composing()
    before = letters.get(0, composing.letter(0))
    for number in range(1, 2 * KEPT_LETTERS):
        letters.get(number, composing.letter(number))
    after = letters.get(0, composing.letter(0))

    assert before is not None
    assert after is not None
    assert after is not before
    assert after.personal(READER) == before.personal(READER)


def test_nothing_left_to_say_is_kept_too() -> None:
    letters, asked = Letters(), Counter[int]()

    def nothing(number: int) -> None:
        asked[number] += 1

    for _ in range(2):
        for number in range(2 * KEPT_LETTERS):
            assert letters.get(number, lambda number=number: nothing(number)) is None  # type: ignore[misc]  # a bound n

    assert set(asked.values()) == {1}


def test_what_is_kept_has_a_limit_and_the_first_put_away_goes_first() -> None:
    letters, composing = Letters(packed_bytes=10_000), Composing()
    for number in range(KEPT_LETTERS + 200):
        letters.get(number, composing.letter(number))
    letters.get(199, composing.letter(199))
    letters.get(0, composing.letter(0))

    assert composing.times[199] == 1
    assert composing.times[0] == 2
