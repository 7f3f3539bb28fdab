"""`/console/endpoints`: where pushes go and how they fare; one of them with its health, its errors and its backlog."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import Row
from starlette.responses import Response

from web.console import charts
from web.console.addresses import address_for, listed_for
from web.console.frame import show, telling
from web.console.visitor import Looking, Visitor
from web.face import face_of
from zonewire.delivery import endpoint_history, endpoint_search, health
from zonewire.delivery.channel_names import BUILT
from zonewire.delivery.endpoint_search import MANY, STATES, Wanted
from zonewire.delivery.endpoints import CHANNELS_THAT_SIGN, existing_key
from zonewire.delivery.holding import HELD_FOR
from zonewire.delivery.ids import delivery_uuid
from zonewire.operators import Role
from zonewire.store import SECOND, migrate, now
from zonewire.subscriptions import subscriptions_of

router = APIRouter()

PATH = "/console/endpoints"
A_PAGE = 50
WORDS_CHARS = 200
SUBSCRIPTIONS_SHOWN = 20
TONES: Mapping[str, str] = {"healthy": "ok", "failing": "warn", "disabled": "seal", "coming_back": "warn"}


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking) -> Response:
    """A page of what the filter shows."""
    tell = telling(request)
    written = {name: request.query_params.get(name, "").strip()[:WORDS_CHARS] for name in ("state", "channel", "q")}
    written["state"] = written["state"] if written["state"] in STATES else ""
    written["channel"] = written["channel"] if written["channel"] in BUILT else ""
    wanted = Wanted(
        state=written["state"],
        channel=written["channel"],
        words=written["q"],
        by_letters=visitor.may(Role.OPERATE),
    )
    with face_of(request).store.reading() as db:
        found = endpoint_search.search(db, wanted, after=request.query_params.get("after", ""), limit=A_PAGE)
    return show(
        request,
        visitor,
        "endpoints",
        here="endpoints",
        written=written,
        states=STATES,
        channels=BUILT,
        rows=[
            {"row": row, "address": address_of(row, visitor), "state": state_of(row), "reason": tell.known(row.reason)}
            for row in found.rows
        ],
        tones=TONES,
        many=MANY,
        after=found.after,
    )


@router.api_route(PATH + "/{name}", methods=["GET", "HEAD"])
def one(name: str, request: Request, visitor: Looking) -> Response:
    """One endpoint: how it is and why, how it fared, what it is owed, and what may be done about it."""
    return page_of(request, visitor, name)


def page_of(request: Request, visitor: Visitor, name: str, *, wrong: str = "", status: int = HTTPStatus.OK) -> Response:
    """The page of one endpoint, with what was *wrong* about the form before it."""
    face = face_of(request)
    with face.store.reading() as db:
        moment, key = now(db), existing_key(db, name)
        row = endpoint_history.row_of(db, key)
        fared = endpoint_history.history(db, key, now=moment)
        wants = subscriptions_of(db, key)
        owed, ours = endpoint_history.owed(db, row), migrate.installation_number(db)
    return show(
        request,
        visitor,
        "endpoint",
        here="endpoints",
        status=status,
        name=name,
        row=row,
        address=address_for(visitor, row.address),
        reason=telling(request).known(row.reason),
        state=state_of(row),
        tone=TONES[state_of(row)],
        ends_at=_ends_at(row, face.settings.disable_after),
        owed=owed,
        many=MANY,
        fared=fared,
        chart=charts.bars([(hour.failed, hour.slow) for hour in fared.hours]),
        answers=[(one, delivery_uuid(ours, one.delivery_id, one.created_at)) for one in fared.answers],
        wants=wants[:SUBSCRIPTIONS_SHOWN],
        more_wants=max(0, len(wants) - SUBSCRIPTIONS_SHOWN),
        signs=row.channel in CHANNELS_THAT_SIGN and row.secret is not None,
        both_until=row.previous_until if (row.previous_until or 0) > moment else None,
        wrong=wrong,
    )


def state_of(row: Row[Any]) -> str:
    """The state of an endpoint as the console names it: one that is given its backlog step by step has its own name."""
    return "coming_back" if row.ramp is not None and row.state != "disabled" else str(row.state)


def address_of(row: Row[Any], visitor: Visitor) -> str:
    """Its address as lists show it: of a reader's the first letter and the domain."""
    return (listed_for if row.channel == "email" else address_for)(visitor, row.address)


def _ends_at(row: Row[Any], disable_after_s: int) -> int | None:
    """When it is disabled by itself, if it goes on failing; or when what it holds begins to be cancelled."""
    if row.state == "failing" and row.failing_since is not None and row.failures >= health.FEWEST_FAILURES:
        return int(row.failing_since) + disable_after_s * SECOND
    return int(row.disabled_at) + HELD_FOR if row.state == "disabled" and row.disabled_at else None
