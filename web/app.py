"""The HTTP application: its routes, put together."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from web import problems
from web.api import events
from web.console import articles as articles_page
from web.console import (
    audit,
    bulk,
    deliveries,
    endpoint_acts,
    endpoints,
    frame,
    lanes,
    live,
    overview,
    people,
    personal,
    subscriber,
    tasks,
)
from web.console import digests as console_digests
from web.console import door as console_door
from web.console import feeds as feeds_page
from web.console import previews as console_previews
from web.console import subscribers as console_subscribers
from web.console.visitor import NotAllowed, NotOurForm
from web.face import Face
from web.forms import FormRefused
from web.hub import door
from web.metrics import door as metrics_door
from web.pages import STATIC, refused_form
from web.public import (
    archives,
    articles,
    editions,
    feeds,
    filtered,
    health,
    indexnow,
    listings,
    manage,
    portal,
    private_feeds,
    subscribe,
    subscribers,
    wechat,
)
from web.public.looks import Looks
from web.public.visitors import Visits
from web.request_ids import RequestIds
from zonewire import __version__
from zonewire.errors import ZonewireError


def create_app(face: Face) -> FastAPI:
    """The application over *face*. Opens nothing itself, so that a test can hand it whatever it wants."""
    app = FastAPI(title="Zonewire", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.face = face
    app.state.visits = Visits()
    app.state.looks = Looks()
    app.state.watch = live.Watch()
    app.state.is_ending = lambda: False  # who serves it may know better: streams end then
    app.add_middleware(RequestIds)
    problems.register(app)
    app.add_exception_handler(FormRefused, refused_form)
    app.add_exception_handler(ZonewireError, frame.told)
    app.add_exception_handler(NotAllowed, frame.not_allowed)
    app.add_exception_handler(NotOurForm, frame.not_our_form)
    # A route that is found first is taken. Most of what is asked for is a feed document, so these come first, and of
    # them the narrower before that of `feeds`, which takes all that is left. They are plain routes: those of FastAPI
    # would cost more than the answer (docs/contributors/performance.md).
    app.routes.extend(module.ROUTE for module in (filtered, private_feeds, archives, feeds))
    for module in (
        events,
        door,
        listings,
        feeds,
        articles,
        editions,
        wechat,
        subscribe,
        subscribers,
        manage,
        portal,
        health,
        metrics_door,
        indexnow,
        console_door,
        overview,
        live,
        articles_page,
        deliveries,
        bulk,
        endpoints,
        endpoint_acts,
        feeds_page,
        console_subscribers,
        personal,
        subscriber,
        console_digests,
        console_previews,
        lanes,
        tasks,
        audit,
        people,
    ):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
