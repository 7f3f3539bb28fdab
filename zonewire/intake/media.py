"""Media types, as far as intake reads them (RFC 9110 §8.3.1)."""

import re

_JSON = re.compile(r"[^/\s]+/(?:[^/\s]+\+)?json")


def media_type(content_type: str) -> tuple[str, str]:
    """The type in lower case, and its charset ("" where none is said)."""
    media, *parameters = content_type.lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    charset = next((value.strip().strip('"') for name, _, value in pairs if name.strip() == "charset"), "")
    return media.strip(), charset


def is_json(media: str) -> bool:
    """application/json, and whatever ends in +json."""
    return bool(_JSON.fullmatch(media))
