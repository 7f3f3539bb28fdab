"""The Jinja environment of everything that people read: mails, pages, WeChat.

HTML is escaped by itself, plain text never; a value that is missing is an error. Each template has the words of its
language as `t`, called with a key.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from zonewire import ROOT
from zonewire.rendering.translation import words


def render(template: str, locale: str, /, **values: Any) -> str:
    """The file *template* of `templates/`, in the language *locale*."""
    speech = words(locale)
    return environment().get_template(template).render(t=speech, lang=speech.locale, date=speech.date, **values)


@cache
def environment() -> Environment:
    """One for the process: it keeps compiled templates."""
    return Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=_is_html,  # noqa: S701 - on for HTML and XML, off for plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )


def _is_html(template: str | None) -> bool:
    return template is None or template.endswith((".html", ".xml"))
