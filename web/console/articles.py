"""`/console/articles`: what was accepted and how far it got; one article's trail, to all receivers or to one."""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from web.console.addresses import listed_for
from web.console.deliveries import TONES
from web.console.filters import STATES
from web.console.frame import language_of, show, span, telling
from web.console.paths import ARTICLES, article_path
from web.console.visitor import Looking, Visitor
from web.face import face_of
from web.numbers import number_in
from zonewire.articles import Version
from zonewire.articles.listing import known_article
from zonewire.articles.searching import ArticleSearch, search_articles
from zonewire.delivery.endpoints import shown_id
from zonewire.errors import NotFound
from zonewire.intake.moments import read_moment
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_words
from zonewire.store import migrate, now
from zonewire.trail import receivers_of, trail_of
from zonewire.trail.deliveries import History, View
from zonewire.trail.portions import OLDER, portion_of, tally_of, windows_of
from zonewire.trail.reach import reach_of
from zonewire.trail.trail import feeds_with, history_of

router = APIRouter()

A_PAGE = 30
DELIVERIES_A_PAGE = 50
MINUTE_S = 60
WORDS_CHARS = 1_024  # a guid may be an address


@router.api_route(ARTICLES, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking) -> Response:
    """A page of articles, the one that was accepted last first."""
    written, wanted, wrong = _wanted(request.query_params)
    before = request.query_params.get("before", "")
    with face_of(request).store.reading() as db:
        found = search_articles(db, wanted, before=number_in(before), limit=A_PAGE)
        reach = reach_of(db, {row.id: row.number for row in found.rows})
    return show(
        request,
        visitor,
        "articles",
        here="articles",
        found=found,
        reach=reach,
        written=written,
        wrong=wrong,
        query=urlencode({name: value for name, value in written.items() if value}),
    )


def _wanted(query: Mapping[str, str]) -> tuple[dict[str, str], ArticleSearch, dict[str, str]]:
    """What was asked for as it was written, as it is searched for, and what of it cannot be meant."""
    written = {name: query.get(name, "").strip()[:WORDS_CHARS] for name in ("words", "since", "until")}
    moments: dict[str, int] = {}
    wrong: dict[str, str] = {}
    for name in ("since", "until"):
        try:
            moments |= {name: read_moment(written[name])} if written[name] else {}
        except ValueError:
            wrong[name] = f"wrong_{name}"
    return written, ArticleSearch(words=written["words"], **moments), wrong


@router.api_route(ARTICLES + "/{guid:path}", methods=["GET", "HEAD"])
def one(guid: str, request: Request, visitor: Looking) -> Response:
    """One article's trail; of the receiver `to` alone where the query names one."""
    guid = guid or request.query_params.get("guid", "")
    to = request.query_params.get("to", "").strip()
    with face_of(request).store.reading() as db:
        version = known_article(db, guid)
        history = history_of(db, guid)
        tally = tally_of(db, version, history)
        values: dict[str, Any] = {
            "version": version,
            "history": history,
            "feeds": feeds_with(db, version),
            "windows": windows_of(db, version),
            "tally": tally,
            "receiver": _receiver(request, db, guid, to) if to else None,
            "portion": None if to else _portion(request, db, version, history),
        }
    t = words(language_of(request))
    return show(
        request,
        visitor,
        "article",
        here="articles",
        **values,
        path=article_path(guid),
        here_with="&" if "?" in article_path(guid) else "?",
        to=to,
        tabs={state: tally.by_state[state] for state in STATES if tally.by_state.get(state)},
        chosen=request.query_params.get("state", ""),
        tones=TONES,
        at=read_moment,
        lasting=partial(lasting, t),
        named=partial(receiver_name, visitor),
        filter_words=lambda options: filter_in_words(options, t),
    )


def _portion(request: Request, db: Connection, version: Version, history: History) -> Any:
    """The page of deliveries that was asked for."""
    state, before = request.query_params.get("state", ""), request.query_params.get("before", "")
    return portion_of(
        db,
        version,
        history,
        View(installation=migrate.installation_number(db), now=now(db), tell=telling(request)),
        state=state if state in {*STATES, OLDER} else "",
        before=number_in(before),
        limit=DELIVERIES_A_PAGE,
    )


def _receiver(request: Request, db: Connection, guid: str, to: str) -> dict[str, Any]:
    """The trail of one receiver: what went there, and why something did not; `wrong` where there is no such one."""
    try:
        receiver = receivers_of(db, to)
    except NotFound:
        return {"wrong": True, "deliveries": [], "waiting": [], "had_older": [], "endpoints": []}
    found = trail_of(
        db,
        guid,
        installation=migrate.installation_number(db),
        now=now(db),
        retention_days=face_of(request).settings.retention_days,
        to=receiver,
        tell=telling(request),
    )
    return asdict(found) | {"wrong": False, "endpoints": [shown_id(key) for key in receiver]}


def receiver_name(visitor: Visitor, one: Mapping[str, Any]) -> str:
    """Who a delivery of the trail goes to: a reader's mailbox is not shown in full where only looking is needed."""
    return listed_for(visitor, one["to"] or one["endpoint"])


def lasting(t: Words, seconds: float) -> str:
    """How long something took: 0.42 秒; 4 分钟."""
    if seconds >= MINUTE_S:
        return span(t, seconds)
    return t("console.time.fine", seconds=f"{max(seconds, 0):.2f}" if seconds < 10 else f"{seconds:.0f}")
