"""The portal as its readers know it."""

import pytest

from zonewire.rendering.portal import Portal


@pytest.mark.parametrize(
    ("colour", "faint"), [("#0B6B5B", []), ("#767676", []), ("#777777", ["accent"]), ("#FFFFFF", ["accent"]), ("", [])]
)
def test_a_colour_that_cannot_be_read_on_white_is_told(colour: str, faint: list[str]) -> None:
    assert Portal(accent=colour, seal="#B3261E").faint_colours() == faint


def test_places_and_the_portal_itself_have_english_names_where_they_are_given() -> None:
    portal = Portal(name="江海", english="Jianghai", english_places=(("泰州", "Taizhou"),))

    assert (portal.called("en"), portal.called("zh-CN")) == ("Jianghai", "江海")
    assert [portal.place_called(name, "en") for name in ("泰州", " 泰州 ", "苏州")] == ["Taizhou", "Taizhou", "苏州"]
    assert portal.place_called("泰州", "zh-CN") == "泰州"
    assert Portal(name="江海").called("en") == "江海"
