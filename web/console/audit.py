"""`/console/audit`: who did what, the newest first."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from web.console.frame import language_of, show
from web.console.visitor import Looking
from web.face import face_of
from web.numbers import number_in
from zonewire.operators import recorded
from zonewire.rendering.translation import Words, words

router = APIRouter()

A_PAGE = 50


@router.api_route("/console/audit", methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking, about: str = "", operator: str = "", before: str = "") -> Response:
    """A page of the log; of one thing or one operator where the query names one."""
    with face_of(request).store.reading() as db:
        found = recorded(db, about=about or None, operator=operator or None, before=number_in(before), limit=A_PAGE + 1)
    records, more = found[:A_PAGE], len(found) > A_PAGE
    t = words(language_of(request))
    return show(
        request,
        visitor,
        "audit",
        here="audit",
        records=records,
        more=more,
        chosen={"operator": operator, "about": about},
        act_word=partial(act_in_words, t),
        detail_of=partial(detail_in_words, t),
    )


def act_in_words(t: Words, act: str) -> str:
    """What was done; the bare word of an act that only a newer release knows."""
    key = f"console.acts.{act.replace('.', '_')}"
    return t(key) if key in t.sentences else act


def detail_in_words(t: Words, detail: Mapping[str, Any]) -> str:
    """What was said with it, on one line."""
    return t("common.also").join(f"{name} {value}" for name, value in detail.items() if value not in (None, ""))
