"""What the editor of WeChat Official Accounts would drop from an article: from its rules, not from our template."""

import re
from collections.abc import Iterator

from lxml import html as markup

TAGS = {"section", "p", "span", "strong", "br", "img", "hr"}
ATTRIBUTES = {"style", "lang"}
OF_PICTURES = {"style", "src", "alt"}
PROPERTIES = {
    "background-color", "border", "border-left", "border-top", "color", "display", "font-size", "line-height", "margin",
    "padding", "padding-left", "width",
}  # fmt: skip
VALUE = re.compile(r"(?:#[0-9a-fA-F]{6}|-?[0-9.]+(?:px|%)?|solid|block)(?: |$)")


def refused_by_wechat(content: str) -> list[str]:
    """Each thing in *content* that would not survive; none is what we want."""
    tree = markup.fragment_fromstring(content, create_parent="div")
    return [fault for element in tree.iterdescendants() for fault in _faults(element)]


def _faults(element: markup.HtmlElement) -> Iterator[str]:
    if element.tag not in TAGS:
        yield f"<{element.tag}>"
        return
    for name, value in element.attrib.items():
        if name not in (OF_PICTURES if element.tag == "img" else ATTRIBUTES):
            yield f"{element.tag} {name}"
        if name == "src" and not value.startswith("https://"):
            yield f"src {value}"
        if name == "style":
            yield from _wrong_styles(value)


def _wrong_styles(style: str) -> Iterator[str]:
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if name not in PROPERTIES or VALUE.sub("", value):
            yield declaration
