"""`/console/feeds`: each feed and whether it is built, who fetches documents; and one feed with what it carries."""

from collections import Counter
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from web.console.frame import language_of, show
from web.console.visitor import Looking
from web.face import face_of
from web.public.polling import THIS_MACHINE, UNKNOWN
from zonewire.delivery import tallies
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.delivery.tallies import AN_HOUR, MINUTE
from zonewire.feeds import (
    FeedState,
    Format,
    documents_of,
    feed_state,
    feed_states,
    list_readers,
    list_software,
    newest_in,
)
from zonewire.filters import parse_written
from zonewire.hub import count_by_feed, list_subscriptions
from zonewire.intake.moments import read_moment
from zonewire.rendering.translation import Words, words
from zonewire.rendering.wording import filter_in_words
from zonewire.store import SECOND, now
from zonewire.subscriptions import count_private_feeds
from zonewire.subscriptions.private_feeds import READER

router = APIRouter()

PATH = "/console/feeds"
A_PAGE = 100
KINDS = ("declared", "zone", "city", "section")
DAYS = (1, 7)
SOFTWARE_SHOWN, READERS_SHOWN, ENTRIES_SHOWN, TOLD_SHOWN, ARCHIVES_SHOWN = 20, 50, 30, 50, 12
WORDS_CHARS = 200
ANSWERS = ("200", "226", "304", "4xx", "5xx")
"""What the requests of a day are told apart by; all of another hundred go together."""


@router.api_route(PATH, methods=["GET", "HEAD"])
def listed(request: Request, visitor: Looking) -> Response:
    """A page of the feeds, and of all of them who fetches."""
    query = request.query_params
    kind = query.get("kind", "") if query.get("kind") in KINDS else ""
    asked, days = query.get("words", "").strip()[:WORDS_CHARS], 7 if query.get("days") == "7" else 1
    with face_of(request).store.reading() as db:
        moment = now(db)
        found = feed_states(db, words=asked, kind=kind, after=query.get("after", ""), limit=A_PAGE + 1)
        rows = found[:A_PAGE]
        values: dict[str, Any] = {
            "rows": rows,
            "told": count_by_feed(db, [row.id for row in rows]),
            "private": count_private_feeds(db),
            "answers": _answers(db, moment),
            "software": list_software(db, days=days, now=moment, limit=SOFTWARE_SHOWN),
            "readers": list_readers(db, days=days, now=moment, limit=READERS_SHOWN),
        }
    written = urlencode({name: value for name, value in (("kind", kind), ("words", asked)) if value})
    return show(
        request,
        visitor,
        "feeds",
        here="feeds",
        **values,
        after=rows[-1].name if len(found) > A_PAGE else "",
        kinds=KINDS,
        kind=kind,
        asked=asked,
        written=written,
        days=days,
        day_choices=DAYS,
        statuses=ANSWERS,
        formats=list(Format),
        state_of=lambda row: state_of(row, now=moment),
        path_of=feed_path,
        named=partial(reader_in_words, words(language_of(request))),
        at=read_moment,
    )


def _answers(db: Connection, moment: int) -> dict[str, Counter[str]]:
    """By format, how requests for documents were answered within a day."""
    found: dict[str, Counter[str]] = {}
    for label, n in tallies.sums(db, tallies.FEED_REQUESTS, since=moment // MINUTE - 24 * AN_HOUR).items():
        form, _, status = label.partition(" ")
        key = status if status in ANSWERS else f"{status[:1]}xx"
        found.setdefault(form, Counter())[key if key in ANSWERS else "200"] += n
    return dict(sorted(found.items(), key=lambda one: -one[1].total()))


@router.api_route(PATH + "/{name:path}", methods=["GET", "HEAD"])
def one(name: str, request: Request, visitor: Looking) -> Response:
    """One feed: its documents and archives, who is told of it, what came into it last."""
    face, t = face_of(request), words(language_of(request))
    with face.store.reading() as db:
        feed = feed_state(db, name)
        told = list_subscriptions(db, base_url=face.settings.base, feed_id=feed.id, limit=TOLD_SHOWN)
        values: dict[str, Any] = {
            "feed": feed,
            "documents": {row.format: row for row in documents_of(db, feed.id)},
            "told": told,
            "n_told": count_by_feed(db, [feed.id]).get(feed.id, 0),
            "entries": newest_in(db, feed.id, limit=ENTRIES_SHOWN),
        }
        moment = now(db)
    return show(
        request,
        visitor,
        "feed",
        here="feeds",
        **values,
        state=state_of(feed, now=moment),
        formats=list(Format),
        archives=range(feed.archives, max(0, feed.archives - ARCHIVES_SHOWN), -1),
        filter_words=filter_in_words(parse_written(feed.written), t) if feed.written else "",
        quoted=quote(feed.name),
        at=read_moment,
    )


def feed_path(name: str) -> str:
    """The page of a feed below the root."""
    return f"{PATH}/{quote(name)}"


def reader_in_words(t: Words, name: str) -> str:
    """A reader as the page calls it: what is no address is told in the operator's language."""
    subscription = name.removeprefix(READER)
    if subscription != name:
        return t("console.feeds.private", name=subscription)
    return t(f"console.feeds.{name.replace(' ', '_')}") if name in {THIS_MACHINE, UNKNOWN} else name


def state_of(feed: FeedState, *, now: int) -> tuple[str, str]:
    """How a feed stands: a key of `console.feeds`, and its tone."""
    if feed.dirty_since is not None:
        is_late = now - feed.dirty_since > BUDGET_S[Lane.FEEDS] * SECOND
        return ("late", "seal") if is_late else ("dirty", "warn")
    if feed.is_filling:
        return "filling", "warn"
    return ("built", "ok") if feed.published_at else ("never", "")
