"""A mail in words: the files of one folder of `templates/email`, rendered, and their styles put inline."""

import re
from dataclasses import dataclass
from typing import Any

import css_inline

from zonewire.rendering.environment import render
from zonewire.rendering.portal import Portal

_BLANK_LINES = re.compile(r"\n{3,}")
# Sheets that a mail program must find as they are carry data-css-inline="keep" in the template.
_INLINER = css_inline.CSSInliner(keep_at_rules=False, minify_css=True, load_remote_stylesheets=False)
_KEPT = ' data-css-inline="keep"'


@dataclass(frozen=True, slots=True)
class MailText:
    """What a mail says, in both parts."""

    subject: str
    html: str
    text: str


def write_mail(name: str, locale: str, /, *, about: Portal, **values: Any) -> MailText:
    """The mail *name* in *locale*: `subject.txt`, `body.html` and `body.txt`, each given *values* and the portal."""
    values |= {"about": about, "portal": about.called(locale)}
    subject = " ".join(render(f"email/{name}/subject.txt", locale, **values).split())
    html = render(f"email/{name}/body.html", locale, subject=subject, **values)
    text = render(f"email/{name}/body.txt", locale, **values)
    return MailText(subject, _INLINER.inline(html).replace(_KEPT, ""), _BLANK_LINES.sub("\n\n", text))
