"""`/feeds/private/TOKEN.FORMAT`: a subscription's own feed, for whoever holds its token.

The token is all that is asked for, so it stands in no log and no count, and no search engine or other site is to learn
of it. What was never a token is 404, one that has ended 410: nothing else tells one unknown token from another.
"""

import re
from http import HTTPStatus

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from web.face import Face, face_of
from web.problems import problem
from web.public.filtered import Bounds, made_for
from web.public.polling import counted
from zonewire import subscriptions
from zonewire.feeds import Cover, Format, private_cover
from zonewire.rendering.translation import words
from zonewire.rendering.wording import filter_in_words
from zonewire.subscriptions import Fetched, shown_id

_ADDRESS = re.compile(rf"(?P<token>[A-Za-z0-9_-]{{16,64}})\.(?P<form>{'|'.join(Format)})")
FRESH, NOT_KEPT = "private, max-age=60", "no-store"
SUBSCRIBERS = Bounds(
    whose="subscriptions",
    kept_bytes=32 * 1024 * 1024,  # 900 full documents of short articles: readers come back to each every few minutes
    at_once=2,  # as many as strangers have, and never fewer for their sake
    waiting=500,  # each is somebody's own: after much news they wait their turn, and nobody can invent more of them
)
QUIET = {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


async def private_feed(request: Request) -> Response:
    """The private feed of a token, or that there is none, or none any more."""
    response = await _answer(request.path_params["address"], request)
    is_document = response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
    response.headers.update(QUIET | {"Cache-Control": FRESH if is_document else NOT_KEPT})
    return response


ROUTE = Route("/feeds/private/{address:path}", private_feed, methods=["GET", "HEAD"])


async def _answer(address: str, request: Request) -> Response:
    match, found = _ADDRESS.fullmatch(address), None
    if match is not None:
        found = await run_in_threadpool(_fetched_by, face_of(request), match["token"])
    if match is None or found is None:
        return await counted(request, "private", _unknown)  # by address: a stranger may invent any number of tokens
    name, form = subscriptions.reader_name(found.subscription_id), Format(match["form"])
    if not found.is_served:
        return await counted(request, f"ended {found.id}.{form}", _ended, reader=name)
    cover = _cover(found, match["token"], form)
    return await counted(
        request, f"{found.id}.{form}", lambda: made_for(request, found.wanted, cover, SUBSCRIBERS), reader=name
    )


def _fetched_by(face: Face, token: str) -> Fetched | None:
    with face.store.reading() as db:
        return subscriptions.fetched_by(db, token)


def _cover(found: Fetched, token: str, form: Format) -> Cover:
    said = filter_in_words(found.options, words(found.locale))
    return private_cover(shown_id(found.subscription_id), token, form, said=said, language=found.locale)


async def _unknown() -> Response:
    mend = "Take the whole address from the page of your subscription; it ends in .rss, .atom or .json."
    return problem(HTTPStatus.NOT_FOUND, "there is no private feed at this address", mend=mend)


async def _ended() -> Response:
    mend = "If your subscription goes on, its page, to which each mail leads, has the present address or makes one."
    return problem(HTTPStatus.GONE, "this private feed has ended", mend=mend)
