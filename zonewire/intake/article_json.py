"""An article as senders write it in JSON (design.md, "An article in JSON"), read strictly; unknown keys are ignored."""

import re
from typing import Annotated, Any, TypeVar
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from zonewire.articles.model import Article, Enclosure, Image
from zonewire.errors import FieldError, InvalidInput
from zonewire.intake.moments import read_moment
from zonewire.intake.plaintext import html_of, is_clean, paragraphs_of, title_text
from zonewire.intake.sanitise import sanitise, text_of

ID_BYTES = 1_024
"""Of a guid, a source, an event's id: PostgreSQL indexes no key beyond 2,704 bytes."""
ADDRESS_CHARACTERS = 4_096
TITLE_CHARACTERS = 2_000
NAME_CHARACTERS = 200
NAMES = 200
"""Sections, keywords, images, enclosures of one article."""
FILE_BYTES = 2**53

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")  # RFC 5646, in its outline
_NO_HOST = re.compile(r'["<>\\^`{|}]')  # what no host may hold (RFC 3986 §3.2.2), and no browser takes
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+")


def check_id(value: str) -> str:
    """*value* as an id. Raises ValueError where it is empty, long, or holds a control character."""
    value = value.strip(" ")
    if not value:
        raise ValueError("must not be empty")
    if not is_clean(value):
        raise ValueError("must not hold control characters")
    if len(value.encode()) > ID_BYTES:
        raise ValueError(f"must have at most {ID_BYTES} bytes")
    return value


def check_address(value: str) -> str:
    """*value* as an http or https address, unchanged. Raises ValueError."""
    value = value.strip(" ")
    if not is_clean(value) or " " in value:
        raise ValueError("must not hold blanks or control characters")
    if len(value) > ADDRESS_CHARACTERS:
        raise ValueError(f"must have at most {ADDRESS_CHARACTERS} characters")
    try:
        parts = urlsplit(value)
        is_place = bool(parts.hostname) and not _NO_HOST.search(parts.netloc) and (parts.port is None or parts.port > 0)
        is_web = parts.scheme in {"http", "https"} and is_place
    except ValueError:  # brackets without an IPv6 address, a port that is none
        is_web = False
    if not is_web:
        raise ValueError("must be an http or https address, such as https://portal.example/news/17.html")
    return value


def check_title(value: str) -> str:
    """*value* as a title: plain text on one line. Raises ValueError where nothing, or too much, is left."""
    title = title_text(value)
    if not title:
        raise ValueError("must not be empty")
    if len(title) > TITLE_CHARACTERS:
        raise ValueError(f"must have at most {TITLE_CHARACTERS} characters")
    return title


def check_name(value: str) -> str:
    """*value* as the name of a zone, a city, a section, a person: plain as a title is. Raises ValueError."""
    name = title_text(value)
    if len(name) > NAME_CHARACTERS:
        raise ValueError(f"must have at most {NAME_CHARACTERS} characters")
    return name


def _language(value: str) -> str:
    tag = value.strip()
    if tag and not _LANGUAGE.fullmatch(tag):
        raise ValueError("must be a language tag, such as zh-CN or en")
    return tag


def _media_type(value: str) -> str:
    """A type that is none helps nobody, and is no reason to refuse an article."""
    return value.strip().lower() if _MEDIA_TYPE.fullmatch(value.strip()) else ""


def _file_address(value: str) -> str:
    """*value* where an article's address can make an http or https one of it. Told with the other wrong fields."""
    check_address(urljoin("https://portal.example/", _trimmed(value)))
    return value


def _moment(value: Any) -> Any:
    return read_moment(value) if isinstance(value, str) else value


def _no_number(value: Any) -> Any:
    if value is not None and not isinstance(value, str):
        raise ValueError("must be a string, such as 2026-06-06")
    return value


Identifier = Annotated[str, AfterValidator(check_id)]
Address = Annotated[str, AfterValidator(check_address)]
Title = Annotated[str, AfterValidator(check_title)]
Name = Annotated[str, AfterValidator(check_name)]
Plain = Annotated[str, AfterValidator(title_text)]
Names = Annotated[list[Name], Field(max_length=NAMES)]
Moment = Annotated[int, BeforeValidator(_moment), BeforeValidator(_no_number)]
Bytes = Annotated[int, Field(ge=0, le=FILE_BYTES)]


class Read(BaseModel):
    """Strict on what it names, silent on what it does not."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _File(Read):
    url: Annotated[str, AfterValidator(_file_address)]
    type: Annotated[str, AfterValidator(_media_type)] | None = None
    length: Bytes | None = None


class _Image(_File):
    alt: Plain | None = None


Shape = TypeVar("Shape", bound=BaseModel)
File = TypeVar("File", bound=_File)


class ArticleJson(Read):
    """The shape; null is the same as absent."""

    guid: Identifier
    url: Address
    title: Title
    summary: Plain | None = None
    html: str | None = None
    text: str | None = None
    zone: Name | None = None
    city: Name | None = None
    section: Names | None = None
    source: Name | None = None
    author: Name | None = None
    published_at: Moment | None = None
    updated_at: Moment | None = None
    language: Annotated[str, AfterValidator(_language)] | None = None
    keywords: Names | None = None
    images: Annotated[list[_Image], Field(max_length=NAMES)] | None = None
    enclosures: Annotated[list[_File], Field(max_length=NAMES)] | None = None


def read_article(thing: Any) -> Article:
    """The article in a JSON object. Raises InvalidInput, which names every field that is wrong."""
    shape = checked(ArticleJson, thing)
    markup, text = bodies(shape.html or "", shape.text or "", base=shape.url)
    return Article(
        guid=shape.guid,
        url=shape.url,
        title=shape.title,
        summary=shape.summary or "",
        html=markup,
        text=text,
        zone=shape.zone or "",
        city=shape.city or "",
        section=tuple(filter(None, shape.section or ())),
        source=shape.source or "",
        author=shape.author or "",
        published_at=shape.published_at or 0,
        updated_at=shape.updated_at,
        language=shape.language or "zh-CN",
        keywords=tuple(dict.fromkeys(filter(None, shape.keywords or ()))),
        images=_images(shape),
        enclosures=_enclosures(shape),
    )


def bodies(markup: str, text: str, *, base: str) -> tuple[str, str]:
    """HTML and text, safe, the one made of the other where only one is given."""
    paragraphs = paragraphs_of(text)
    safe = sanitise(markup, base=base) if markup.strip() else ""
    if not safe:
        return html_of(paragraphs), "\n\n".join(paragraphs)
    return safe, "\n\n".join(paragraphs) or text_of(safe)


def checked(shape: type[Shape], thing: Any) -> Shape:
    """*thing* in that shape. Raises InvalidInput in our words."""
    if not isinstance(thing, dict):
        raise InvalidInput.of("", "must be a JSON object")
    try:
        return shape.model_validate(thing)
    except ValidationError as cause:
        errors = [FieldError(0, ".".join(map(str, e["loc"])), _said(e)) for e in cause.errors(include_url=False)]
        raise InvalidInput(errors) from None


_SAYINGS = {
    "missing": "is missing",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "model_type": "must be an object",
    "dict_type": "must be an object",
}


def _said(error: Any) -> str:
    detail = _SAYINGS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return str(detail)


def _images(shape: ArticleJson) -> tuple[Image, ...]:
    made = _resolved("images", shape, shape.images or [])
    return tuple(Image(url=url, type=i.type or "", length=i.length or 0, alt=i.alt or "") for url, i in made)


def _enclosures(shape: ArticleJson) -> tuple[Enclosure, ...]:
    made = _resolved("enclosures", shape, shape.enclosures or [])
    return tuple(Enclosure(url=url, type=file.type or "", length=file.length or 0) for url, file in made)


def _resolved(field: str, shape: ArticleJson, files: list[File]) -> list[tuple[str, File]]:
    """Each file with its address made absolute against the article's."""
    return [(_absolute(f"{field}.{place}.url", shape.url, file.url), file) for place, file in enumerate(files)]


def _absolute(field: str, base: str, url: str) -> str:
    try:
        return check_address(urljoin(base, _trimmed(url)))
    except ValueError as cause:
        raise InvalidInput.of(field, str(cause)) from None


def _trimmed(url: str) -> str:
    """*url* without blanks at its ends. Raises ValueError for control characters, which urljoin drops in silence."""
    if not is_clean(url):
        raise ValueError("must not hold control characters")
    return url.strip(" ")
