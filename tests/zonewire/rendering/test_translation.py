"""The words of each language: the files say the same things, and a template without its words or values is an error."""

import string
from collections.abc import Iterator, Mapping

import pytest
from jinja2 import UndefinedError

from tests.builders import NOON
from zonewire.rendering.environment import environment, render
from zonewire.rendering.translation import LOCALES, words
from zonewire.rendering.wording import filter_in_words


def placeholders(sentence: str | Mapping[str, str]) -> set[str]:
    forms = [sentence] if isinstance(sentence, str) else list(sentence.values())
    return {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}


def forms(locale: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    for key, sentence in words(locale).sentences.items():
        if not isinstance(sentence, str):
            yield key, sentence


def test_every_language_says_the_same_things() -> None:
    chinese, english = (set(words(locale).sentences) for locale in LOCALES)

    assert chinese - english == set()
    assert english - chinese == set()


def test_a_sentence_takes_the_same_values_in_every_language() -> None:
    chinese, english = (words(locale).sentences for locale in LOCALES)
    differing = {key for key in chinese if placeholders(chinese[key]) - {"n"} != placeholders(english[key]) - {"n"}}

    assert differing == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_a_sentence_that_goes_by_number_has_a_form_for_all_numbers(locale: str) -> None:
    assert all("other" in sentence and set(sentence) <= {"one", "other"} for _, sentence in forms(locale))


def test_numbers_choose_the_form() -> None:
    t = words("en")

    assert [t("digest.count", n=n) for n in (0, 1, 2)] == ["0 stories", "1 story", "2 stories"]


def test_a_key_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        words("en")("digest.no_such_sentence")


@pytest.mark.parametrize(
    ("asked", "spoken"), [("zh-CN", "zh-CN"), ("zh-TW", "zh-CN"), ("ZH", "zh-CN"), ("en-GB", "en"), ("fr", "en")]
)
def test_a_language_that_we_lack_falls_back_to_a_relative_or_to_english(asked: str, spoken: str) -> None:
    assert words(asked).locale == spoken


def test_moments_are_written_in_their_language_and_zone() -> None:
    assert words("zh-CN").date(NOON, style="moment") == "6月11日 (周四) 12:00"
    assert words("en").date(NOON, timezone="Europe/Berlin", style="moment") == "Thursday 11 June, 06:00"


def test_a_filter_is_told_in_words() -> None:
    wanted = {"city": ["泰州", "苏州"], "not_keyword": ["招标"], "zone": []}

    assert filter_in_words(wanted, words("zh-CN")) == "城市：泰州、苏州；不含关键词：招标"
    assert filter_in_words({}, words("en")) == "all news"


def test_a_template_that_is_given_too_little_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("email/confirmation/body.txt", "en", portal="x")


def test_html_is_escaped_and_plain_text_is_not() -> None:
    decide = environment().autoescape
    assert callable(decide)

    assert [decide(name) for name in ("a.html", "a.xml", "a.txt", None)] == [True, True, False, True]
