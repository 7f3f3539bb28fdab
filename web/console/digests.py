"""`/console/digests`: what falls due in the coming hours, the editions that were cut, and one edition whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from web.console.filters import STATES
from web.console.frame import language_of, show
from web.console.visitor import Looking
from web.face import face_of
from web.numbers import number_in
from web.pages import FRAMED
from zonewire import digests
from zonewire.delivery.states import State
from zonewire.digests import Hour, Preview
from zonewire.operators import Act, recorded
from zonewire.operators.audit import Record
from zonewire.rendering.translation import NEWS_ZONE, Words, words
from zonewire.rendering.wording import filter_in_short, filter_in_words
from zonewire.store import SECOND, now

router = APIRouter()

PATH = "/console/digests"
A_PAGE = 25
RESENDS_SHOWN = 20


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking, hour: str = "", before: str = "") -> Response:
    """What comes next, the audiences of an hour, and a page of editions."""
    t = words(language_of(request))
    with face_of(request).store.reading() as db:
        moment = now(db)
        hours = digests.next_hours(db, now=moment)
        overdue = digests.overdue(db, now=moment)
        at = number_in(hour)
        at = next((one.at for one in hours), None) if at is None else at
        coming = digests.coming(db, at) if at is not None else None
        found = digests.list_editions(db, before=number_in(before), limit=A_PAGE + 1)
    return show(
        request,
        visitor,
        "digests",
        here="digests",
        hours=hours,
        overdue=overdue,
        at=at,
        coming=coming,
        editions=found[:A_PAGE],
        has_older=len(found) > A_PAGE,
        is_first=not before,
        in_short=partial(_in_short, t),
        labels=hour_labels(t, hours),
    )


def _in_short(t: Words, options: Mapping[str, Sequence[str]]) -> str:
    return filter_in_short(options, t)


def hour_labels(t: Words, hours: Sequence[Hour]) -> dict[int, str]:
    """Each hour as a clock in China shows it; the first of another day than the one before names the day."""
    labels, day = {}, ""
    for hour in hours:
        local = datetime.fromtimestamp(hour.at // SECOND, ZoneInfo(NEWS_ZONE))
        is_new = bool(day) and day != t.date(hour.at)
        day = t.date(hour.at)
        labels[hour.at] = f"{day} {local:%H:%M}" if is_new else f"{local:%H:%M}"
    return labels


@router.api_route(PATH + "/d{edition_id:key}", methods=["GET", "HEAD"])
def one(edition_id: int, request: Request, visitor: Looking) -> Response:
    """One edition: what it carried, what became of its deliveries, and sending it again."""
    face, t = face_of(request), words(language_of(request))
    with face.store.reading() as db:
        edition = digests.listed_edition(db, edition_id)
        resends = _resends(db, edition_id)
    return show(
        request,
        visitor,
        "edition",
        here="digests",
        edition=edition,
        filter=filter_in_words(edition.options, t),
        public=face.mailing.edition_link(edition_id, edition.made_at),
        states=[state for state in STATES if edition.states is None or edition.states.get(state)],
        resends=resends,
        ledger=partial(_ledger, edition_id),
        can_resend=edition.states is None or bool(edition.states.get(State.DELIVERED)),
    )


def _ledger(edition_id: int, **more: str) -> str:
    """The query of the ledger for the deliveries of an edition."""
    return urlencode({**more, "edition": f"d{edition_id}"})


def _resends(db: Connection, edition_id: int) -> list[Record]:
    """Who sent it again, the newest first."""
    found = recorded(db, about=f"d{edition_id}", limit=RESENDS_SHOWN)
    return [one for one in found if one.act == Act.RESENT]


@router.api_route(PATH + "/d{edition_id:key}/mail", methods=["GET", "HEAD"])
def mail(edition_id: int, request: Request, visitor: Looking) -> Response:
    """Its mail as it would be made now, for a frame of our page; a reader's own links are shown as they begin."""
    del visitor
    face, t = face_of(request), words(language_of(request))
    mailing = face.mailing
    with face.store.reading() as db:
        edition = digests.render_edition(
            db,
            edition_id,
            base_url=mailing.base_url,
            portal=mailing.portal,
            sender=mailing.sender,
            page_of=mailing.edition_link,
        )
    return framed(t.locale, Preview(edition=edition, sentence=t("edition.empty"), base_url=mailing.base_url))


def framed(locale: str, shown: Preview) -> Response:
    """A mail, or the sentence that says why there is none, for a frame."""
    headers = {**FRAMED, "Cache-Control": "no-store"}
    if shown.edition is not None:
        return HTMLResponse(shown.html, headers=headers)
    head = f'<!doctype html><html lang="{locale}"><meta charset="utf-8"><title>{shown.sentence}</title>'
    return HTMLResponse(f"{head}<p>{shown.sentence}</p></html>", headers=headers)
