"""Every colour of an article for WeChat can be read, on white and in the dark reading mode."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from lxml import html as markup

from tests.gallery.newsroom import a_newsroom
from tests.gallery.pages import PAGES
from tests.gallery.wechat import NIGHT, at_night, by_night
from tests.simulators.wechat_styles import declarations, luminance

pytestmark = pytest.mark.slow

READABLE = 4.5  # WCAG 2.2, 1.4.3


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def faint(element: markup.HtmlElement, text: str, ground: str) -> Iterator[str]:
    """What stands in *element* in a colour that cannot be read on what is behind it."""
    style = dict(declarations(element.get("style", "")))
    text, ground = style.get("color", text), style.get("background-color", ground)
    if (element.text or "").strip() and contrast(text, ground) < READABLE:
        yield f"{element.text} is {text} on {ground}"
    for child in element:
        yield from faint(child, text, ground)


def article_of(answer: requests.Response) -> markup.HtmlElement:
    return next(one for one in markup.document_fromstring(answer.text).iter("div") if one.get("id") == "article")


@pytest.mark.parametrize("night", [False, True])
def test_each_colour_stands_out_from_what_is_behind_it(tmp_path: Path, *, night: bool) -> None:
    shown = [page for page in PAGES if "WeChat" in page.state and "dark" not in page.state]
    with a_newsroom(tmp_path) as room:
        answers = [page.open(room, locale) for page in shown for locale in ("zh-CN", "en")]
    articles = [article_of(by_night(answer) if night else answer) for answer in answers]
    colours = ("#d1d1d1", NIGHT) if night else ("#3f3f3f", "#ffffff")
    assert [fault for article in articles for fault in faint(article, *colours)] == []


def test_the_dark_mode_turns_text_light_and_grounds_dark() -> None:
    turned = dict(declarations(at_night("color:#1a1a1a;background-color:#F5F7F5;border-top:1px solid #DDE2DD")))
    assert luminance(turned["color"]) > 0.5
    assert luminance(turned["background-color"]) < 0.05
    assert luminance(turned["border-top"].split()[-1]) < 0.1
