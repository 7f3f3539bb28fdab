"""Feishu's cards: which fields 2.0 takes (anything else is an error), what 1.0 must have, and what a reader sees.

https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-json-v2-structure and its pages of components;
2.0 refuses what it does not support (…/card-json-v2-breaking-changes-release-notes), 1.0 ignores it. The lists of
optional fields and the limit of 200 elements are remembered.
"""

from collections.abc import Iterator
from typing import Any

from tests.simulators.markdown import FEISHU, Link, Seen, gather, read
from tests.simulators.shapes import (
    Check,
    Json,
    address,
    anything,
    fields,
    listed,
    nodes,
    one_of,
    tagged,
    texts,
    truth,
    words,
)

TEMPLATES = (  # protocols, 4: header templates; `default` stands in the page on titles
    *("blue", "wathet", "turquoise", "green", "yellow", "orange", "red"),
    *("carmine", "violet", "purple", "indigo", "grey", "default"),
)
MOST_ELEMENTS = 200

_WORDS = words(least=0)
_ADDRESSES = {"pc_url": _WORDS, "ios_url": _WORDS, "android_url": _WORDS}
_PLAIN = fields({"tag": one_of("plain_text"), "content": _WORDS}, {"i18n_content": anything})
_TEXT_LOOKS = {
    "i18n_content": anything,
    "text_size": words(),
    "text_color": words(),
    "text_align": one_of("left", "center", "right"),
    "lines": anything,
}
_TEXT = tagged(
    "tag",
    {
        "plain_text": fields({"tag": words(), "content": _WORDS}, _TEXT_LOOKS),
        "lark_md": fields({"tag": words(), "content": _WORDS}, _TEXT_LOOKS),
    },
)
_PLACED = {"element_id": words(), "margin": words()}
_ALIGNED = {
    "direction": one_of("vertical", "horizontal"),
    "padding": words(),
    "horizontal_spacing": words(),
    "horizontal_align": one_of("left", "center", "right"),
    "vertical_spacing": words(),
    "vertical_align": one_of("top", "center", "bottom"),
}
_BEHAVIOR = tagged(
    "type",
    {
        "open_url": fields({"type": words(), "default_url": address()}, _ADDRESSES),
        "callback": fields({"type": words(), "value": anything}),
    },
)


def _elements(value: Any, path: str) -> Iterator[str]:
    """Elements within elements."""
    yield from listed(_ELEMENT)(value, path)


def _of(tag: str, required: dict[str, Check], optional: dict[str, Check]) -> dict[str, Check]:
    return {tag: fields({"tag": one_of(tag), **required}, {**_PLACED, **optional})}


_COLUMN = fields(
    {"tag": one_of("column"), "elements": _elements},
    {
        **_PLACED,
        **_ALIGNED,
        "width": words(),
        "weight": anything,
        "background_style": words(),
        "action": anything,
    },
)
# protocols, 4: elements of card 2.0; `note` and `action` of 1.0 are gone
_ELEMENT = tagged(
    "tag",
    {
        **_of(
            "markdown",
            {"content": words()},
            {
                "text_size": words(),
                "text_align": one_of("left", "center", "right"),
                "icon": anything,
                "i18n_content": anything,
            },
        ),
        **_of("hr", {}, {}),
        **_of("div", {"text": _TEXT}, {"icon": anything, "width": words()}),
        **_of(
            "img",
            {"img_key": words(), "alt": _PLAIN},
            {
                "title": _TEXT,
                "corner_radius": words(),
                "scale_type": words(),
                "size": words(),
                "transparent": truth,
                "preview": truth,
            },
        ),
        **_of(
            "button",
            {"text": _TEXT},
            {
                "behaviors": listed(_BEHAVIOR),
                "type": words(),
                "size": words(),
                "width": words(),
                "icon": anything,
                "hover_tips": _PLAIN,
                "disabled": truth,
                "disabled_tips": _PLAIN,
                "confirm": anything,
                "name": words(),
                "required": truth,
                "form_action_type": words(),
            },
        ),
        **_of(
            "column_set",
            {"columns": listed(_COLUMN, least=1)},
            {
                "flex_mode": one_of("none", "stretch", "flow", "bisect", "trisect"),
                "horizontal_spacing": words(),
                "horizontal_align": one_of("left", "center", "right"),
                "background_style": words(),
                "action": anything,
            },
        ),
        **_of(
            "interactive_container",
            {"elements": _elements, "behaviors": listed(_BEHAVIOR, least=1)},
            {
                **_ALIGNED,
                "width": words(),
                "height": words(),
                "background_style": words(),
                "has_border": truth,
                "border_color": words(),
                "corner_radius": words(),
                "disabled": truth,
                "disabled_tips": _PLAIN,
                "hover_tips": _PLAIN,
                "confirm": anything,
            },
        ),
        **_of(
            "collapsible_panel",
            {"header": anything, "elements": _elements},
            {**_ALIGNED, "expanded": truth, "background_color": words(), "border": anything},
        ),
        **_of(
            "table",
            {"columns": listed(anything, least=1, most=50), "rows": listed(anything)},
            {
                "page_size": anything,
                "row_height": words(),
                "row_max_height": words(),
                "freeze_first_column": truth,
                "header_style": anything,
            },
        ),
    },
)
_TAG = fields({"tag": one_of("text_tag"), "text": _PLAIN}, {"color": words(), "element_id": words()})
_V2 = fields(
    {"schema": one_of("2.0"), "body": fields({"elements": listed(_ELEMENT, least=1)}, _ALIGNED)},
    {
        "config": fields(
            {},
            {
                "update_multi": one_of(True),  # protocols, 4: only true
                "width_mode": one_of("fill", "compact", "default"),
                "enable_forward": truth,
                "enable_forward_interaction": truth,
                "streaming_mode": truth,
                "streaming_config": anything,
                "summary": fields({"content": _WORDS}, {"i18n_content": anything}),
                "locales": listed(words()),
                "use_custom_translation": truth,
                "style": anything,
            },
        ),
        "header": fields(
            {"title": _TEXT},
            {
                "subtitle": _TEXT,
                "template": one_of(*TEMPLATES),
                "text_tag_list": listed(_TAG, most=3),
                "i18n_text_tag_list": anything,
                "icon": anything,
                "padding": words(),
            },
        ),
        "card_link": fields({}, {"url": address(), **_ADDRESSES}),
    },
)
_V1_FIELDS = {"config", "header", "elements", "i18n_elements", "card_link", "fallback"}
_V1_OBJECTS = ("config", "header", "card_link")
_V1_TAGS = {"div", "markdown", "hr", "img", "action", "note", "column_set", "collapsible_panel", "table", "button"}
_V1_ACTIONS = {"button", "overflow", "select_static", "select_person", "date_picker", "picker_time", "picker_datetime"}


def check_card(value: Any, path: str) -> Iterator[str]:
    """Either version."""
    if not isinstance(value, dict):
        yield f"{path} is no object"  # protocols, 4: as an object, not a string
    elif "schema" in value:
        yield from _V2(value, path)
        if sum("tag" in node for node in nodes(value["body"]["elements"])) > MOST_ELEMENTS:
            yield f"{path} has over {MOST_ELEMENTS} elements"
    else:
        yield from _check_v1(value, path)


def _check_v1(card: Json, path: str) -> Iterator[str]:
    """What 1.0 must have; what it does not know it ignores."""
    yield from listed(anything)(card.get("elements"), f"{path}.elements")
    yield from (f"{path}.{name} is no object" for name in _V1_OBJECTS if not isinstance(card.get(name, {}), dict))
    if header := card.get("header"):
        yield from _PLAIN(header.get("title"), f"{path}.header.title")
        yield from one_of(*TEMPLATES)(header.get("template", "default"), f"{path}.header.template")
    for place, element in enumerate(card["elements"]):
        yield from _check_v1_element(element, f"{path}.elements[{place}]")


def _check_v1_element(element: Any, path: str) -> Iterator[str]:
    tag = element.get("tag") if isinstance(element, dict) else None
    if not isinstance(tag, str) or tag not in _V1_TAGS:
        yield f"{path}.tag is {tag!r}"
    elif tag == "div" and not ("text" in element or "fields" in element):
        yield f"{path} has neither text nor fields"
    elif tag == "markdown":
        yield from words()(element.get("content"), f"{path}.content")
    elif tag == "action":
        yield from listed(tagged("tag", dict.fromkeys(_V1_ACTIONS, anything)), least=1)(
            element.get("actions"), f"{path}.actions"
        )
    for text in [element[name] for name in ("text",) if tag == "div" and name in element]:
        yield from _TEXT(text, f"{path}.text")


def ignored(card: Json) -> list[str]:
    """What 1.0 drops without a word."""
    return [] if "schema" in card else sorted(set(card) - _V1_FIELDS)


def look_at_card(card: Json) -> Seen:
    """Its title, its lines and its buttons. Pictures and tags have no titles."""
    title = _said(card.get("header", {}).get("title", {}))
    whole = [(title, url) for url in _addresses(card.get("card_link", {}))]
    body = card.get("body", card).get("elements", [])
    seen = Seen(links=whole, headings=[title] if title else []) + gather(_texts(card.get("header", {})))
    return seen + Seen(links=list(_buttons(body))) + gather(_texts(body))


def _said(text: Json) -> str:
    return str(text.get("content", ""))


def _texts(part: Any) -> Iterator[Seen]:
    for node in nodes(part):
        if str(node.get("tag")) in {"markdown", "lark_md"}:
            yield read(_said(node), FEISHU)
    if isinstance(part, list):
        # cells of tables are markdown where a column says so; read as such in any case
        tables = [node for node in nodes(part) if node.get("tag") == "table"]
        yield from (read(cell, FEISHU) for table in tables for cell in texts(table.get("rows")))


def _addresses(node: Json) -> list[str]:
    """Where a click on *node* leads, as 2.0 and 1.0 spell it."""
    behaviors = node.get("behaviors") or ()
    found = [each["default_url"] for each in nodes(behaviors) if "default_url" in each]
    multi = next(nodes(node.get("multi_url")), {})
    return list(dict.fromkeys(url for url in [*found, node.get("url"), multi.get("url")] if url))


def _buttons(body: Any) -> Iterator[Link]:
    """Buttons and containers: whatever can be clicked, named by the first words within."""
    for node in nodes(body):
        if str(node.get("tag")) in {"button", "interactive_container"} or "multi_url" in node:
            named = [_said(each) for each in nodes(node) if "content" in each]
            yield from ((named[0] if named else "", url) for url in _addresses(node))
