"""The rules for one article of a draft, field by field.

Facts: protocols, 1.3.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.simulators.wechat_html import BYTES_BELOW, CHARS_BELOW, faults, picture_addresses, text_of
from tests.simulators.wechat_pictures import Picture
from tests.simulators.wechat_refusals import Refused, bad_data

Article = dict[str, Any]

TITLE_CHARS, AUTHOR_CHARS, DIGEST_CHARS = 32, 16, 128  # protocols, 1.3
URL_BYTES = 1_000  # protocols, 1.3: "content_source_url ≤ 1 KB"; the stricter reading
COVER_SIDE = 200  # protocols, 1.2: "1:1 (≥ 200×200)"; rules, 公众号: "at least 200 pixels on each side"
TEXTS = ("article_type", "title", "author", "digest", "content", "content_source_url", "thumb_media_id",
         "pic_crop_235_1", "pic_crop_1_1")  # fmt: skip
SWITCHES = ("need_open_comment", "only_fans_can_comment")
_CROP = re.compile(r"(?:0(?:\.\d+)?|1(?:\.0+)?)(?:_(?:0(?:\.\d+)?|1(?:\.0+)?)){3}")


def check_article(article: Any, *, material: Callable[[str], Picture | None], comments: bool) -> Article:
    """*article* with its defaults. *material* finds a permanent picture. Raises Refused."""
    shaped = _shaped(article)
    _check_lines(shaped)
    _check_switches(shaped, comments=comments)
    if shaped["article_type"] == "newspic":
        _check_pictures(shaped, material)
    else:
        _check_content(shaped["content"])
        _check_cover(shaped, material)
    return shaped


def _shaped(article: Any) -> Article:
    """Every field of the right kind, and none that nobody knows."""
    if not isinstance(article, dict):
        raise bad_data("an article is an object")
    if unknown := article.keys() - {*TEXTS, *SWITCHES, "image_info"}:
        raise bad_data(f"unknown fields: {sorted(unknown)}")
    for name in TEXTS:
        if not isinstance(article.get(name, ""), str):
            raise bad_data(f"{name} is a string")
    shaped = {"article_type": "news"} | dict.fromkeys(TEXTS[2:], "") | dict.fromkeys(SWITCHES, 0) | article
    if shaped["article_type"] not in {"news", "newspic"}:  # protocols, 1.3: "news (default) or newspic"
        raise bad_data(f"article_type {shaped['article_type']!r}")
    return shaped


def _check_lines(article: Mapping[str, Any]) -> None:
    title = article.get("title", "")
    if not title.strip():  # protocols, 1.3: "title: required"
        raise bad_data("title is required")
    if len(title) > TITLE_CHARS:  # protocols, 1.3: "≤ 32 字 … > limit → 45003"
        raise Refused(45003, "title size out of limit", f"{len(title)} characters: {title}")
    if len(article["author"]) > AUTHOR_CHARS:  # protocols, 1.3: "≤ 16 字"; the code is remembered
        raise Refused(45110, "author size out of limit", f"{len(article['author'])} characters")
    if len(article["digest"]) > DIGEST_CHARS:  # protocols, 1.3: "≤ 128 字 now … 45004"
        raise Refused(45004, "description size out of limit", f"{len(article['digest'])} characters")
    _check_source(article["content_source_url"])


def _check_source(address: str) -> None:
    if len(address.encode()) > URL_BYTES:  # protocols, 1.3: "≤ 1 KB … 45005"
        raise Refused(45005, "url size out of limit", f"{len(address.encode())} bytes")
    if address and (urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).netloc):
        raise Refused(45005, "url size out of limit", f"content_source_url is a web address: {address}")


def _check_switches(article: Mapping[str, Any], *, comments: bool) -> None:
    for name in SWITCHES:  # protocols, 1.3: "0/1"
        if type(article[name]) is not int or article[name] not in {0, 1}:
            raise bad_data(f"{name} is 0 or 1")
    if article["need_open_comment"] and not comments:
        # protocols, 1.3: "comments only where the account has them (88000 otherwise)"
        raise Refused(88000, "without comment privilege")


def _check_content(content: str) -> None:
    if not text_of(content):  # protocols, 1.3: "44003 empty"
        raise Refused(44003, "empty news data")
    if len(content) >= CHARS_BELOW or len(content.encode()) >= BYTES_BELOW:
        # protocols, 1.3: "< 20,000 characters of HTML, tags and styles included, and < 1 MB … 45002 too big"
        raise Refused(45002, "content size out of limit", f"{len(content)} characters")
    if wrong := faults(content, images="anywhere"):  # foreign images are removed later, not refused
        raise Refused(45166, "invalid content hint", "; ".join(wrong))


def _check_cover(article: Mapping[str, Any], material: Callable[[str], Picture | None]) -> None:
    if not article["thumb_media_id"]:  # protocols, 1.3: "required for news … 41006 media_id missing"
        raise Refused(41006, "missing media_id", "thumb_media_id is required")
    cover = material(article["thumb_media_id"])
    if cover is None:  # protocols, 1.2: "thumb_media_id must be permanent; 40007 otherwise"
        raise Refused(40007, "invalid media_id", "thumb_media_id is no permanent material")
    if min(cover.width, cover.height) < COVER_SIDE:
        raise Refused(53402, "cover crop failed", f"the cover has {cover.width} by {cover.height} pixels")
    for name in ("pic_crop_235_1", "pic_crop_1_1"):
        _check_crop(name, article[name])


def _check_crop(name: str, crop: str) -> None:
    """protocols, 1.3: "X1_Y1_X2_Y2, fractions of the picture; 53402 = cover crop failed"."""
    if not crop:
        return
    if not _CROP.fullmatch(crop):
        raise Refused(53402, "cover crop failed", f"{name} is four fractions: {crop}")
    left, top, right, bottom = (float(one) for one in crop.split("_"))
    if left >= right or top >= bottom:
        raise Refused(53402, "cover crop failed", f"{name} holds nothing: {crop}")


def _check_pictures(article: Mapping[str, Any], material: Callable[[str], Picture | None]) -> None:
    """protocols, 1.3: "newspic (then image_info.image_list[{image_media_id}], plain-text content)"."""
    info = article.get("image_info")
    listed = info.get("image_list") if isinstance(info, dict) else None
    if not isinstance(listed, list) or not listed:
        raise bad_data("newspic has image_info.image_list")
    for one in listed:
        if not isinstance(one, dict) or material(str(one.get("image_media_id", ""))) is None:
            raise Refused(40007, "invalid media_id", "image_media_id is no permanent material")
    if "<" in article["content"] or picture_addresses(article["content"]):
        raise Refused(45166, "invalid content hint", "the content of newspic is plain text")
