"""The form of a filter: whatever a filter holds comes back from it as it was."""

from hypothesis import given
from hypothesis import strategies as st

from web.public.wishes import fields_of, is_same_wish, wish_of
from zonewire.filters import DIMENSIONS

WORD = st.text(st.sampled_from('泰州 Intel,，、;；1920&"<\r\n'), min_size=1, max_size=20)
WISHES = st.dictionaries(st.sampled_from(DIMENSIONS), st.lists(WORD, max_size=5))


@given(WISHES)
def test_a_filter_comes_back_from_its_form_as_it_was(given_values: dict[str, list[str]]) -> None:
    plain = {name: [" ".join(value.split()) for value in values] for name, values in given_values.items()}
    wish = {name: list(dict.fromkeys(filter(None, values))) for name, values in plain.items()}
    wish = {name: values for name, values in wish.items() if values}
    as_browsers_send = {name: [value.replace("\n", "\r\n") for value in some] for name, some in fields_of(wish).items()}

    assert wish_of(as_browsers_send) == wish


def test_words_of_one_line_are_parted_but_numbers_are_not() -> None:
    typed = wish_of({"keyword": ["汽车，电动 船; 芯片、1,000亿,5G\r\n\r\n  锂电  池 "]})

    assert typed == {"keyword": ["汽车", "电动 船", "芯片", "1,000亿", "5G", "锂电 池"]}


def test_a_name_with_a_comma_stays_whole_where_a_word_is_typed_behind_it() -> None:
    fields = {"keyword": ["合肥, Dupont, Inc, 芯片"], "keyword_whole": ["Dupont, Inc"]}

    assert wish_of(fields) == {"keyword": ["合肥", "Dupont, Inc", "芯片"]}


def test_the_same_filter_is_known_however_it_is_written() -> None:
    assert is_same_wish({"city": ["泰州", "苏州"], "zone": []}, {"city": ["苏州", "泰州", "泰州"]})
    assert not is_same_wish({"city": ["泰州"]}, {"not_city": ["泰州"]})
