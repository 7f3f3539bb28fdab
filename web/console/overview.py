"""`/console`: how things are, at one look."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from web.console.charts import points, rate
from web.console.digests import hour_labels
from web.console.frame import language_of, show
from web.console.lane_rows import Row, rows_of
from web.console.visitor import Looking
from web.face import face_of
from zonewire import digests
from zonewire.alarms import Places
from zonewire.articles.searching import ArticleSearch, search_articles
from zonewire.delivery.flows import Flow, flows_of, tries_of
from zonewire.delivery.troubled import SAMPLE, causes, troubled
from zonewire.rendering.translation import words
from zonewire.store import now
from zonewire.trail.reach import reach_of

NEWEST = 6
"""Articles that are shown with how far they got."""
COUNTS_FOR_S = 0.05
OUTCOMES = ("delivered", "later", "never", "unknown")

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Line:
    """One lane of the overview: how it is, and how much flows through it."""

    row: Row
    flow: Flow

    @property
    def drains_in_s(self) -> float | None:
        """How long what waits will take; None while it does not get less."""
        return self.flow.drains_in_s(self.row.work.items)

    @property
    def points(self) -> str:
        """The last hour of what it was done with, minute by minute; without the present one, which is not over."""
        return points(self.flow.went[:-1])


@router.api_route("/console", methods=["GET", "HEAD"])
def overview(request: Request, visitor: Looking) -> Response:
    """The lanes, how tries ended, who is in trouble, and what dead letters died of."""
    with face_of(request).store.reading() as db:
        moment = now(db)
        newest = search_articles(db, ArticleSearch(), limit=NEWEST).rows
        return show(
            request,
            visitor,
            "overview",
            here="overview",
            lanes=(lanes := rows_of(db)),
            lines=_lines(db, lanes, moment),
            rate=rate,
            tries=tries_of(db, now=moment),
            outcomes=OUTCOMES,
            troubled=troubled(db, now=moment),
            hours=(hours := digests.next_hours(db, now=moment)),
            hour_labels=hour_labels(words(language_of(request)), hours),
            listed=newest,
            reach=reach_of(db, {row.id: row.number for row in newest}, looks_for_s=COUNTS_FOR_S),
            causes=(found := causes(db)),
            looked_at=(looked_at := sum(cause.n for cause in found)),
            is_sample=looked_at == SAMPLE,
            runbook=Places(runbook=face_of(request).settings.runbook).runbook_of,
        )


def _lines(db: Connection, lanes: Sequence[Row], moment: int) -> list[Line]:
    flows = flows_of(db, now=moment)
    return [Line(row, flows[row.lane]) for row in lanes]
