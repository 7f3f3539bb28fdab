"""The HTTP application: its routes, put together."""

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from web import metrics, problems
from web.api import events
from web.face import Face
from web.hub import door
from web.pages import STATIC
from web.public import (
    archives,
    articles,
    feeds,
    filtered,
    health,
    listings,
    manage,
    portal,
    private_feeds,
    subscribers,
)
from zonewire import __version__


def create_app(face: Face) -> FastAPI:
    """The application over *face*. Opens nothing itself, so that a test can hand it whatever it wants."""
    app = FastAPI(title="Zonewire", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.face = face
    problems.register(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    # A route that is found first is taken: `filtered` and others before `feeds`, which takes all that is below /feeds/.
    faces = (
        events,
        door,
        listings,
        filtered,
        private_feeds,
        archives,
        feeds,
        articles,
        subscribers,
        manage,
        portal,
        health,
        metrics,
    )
    for module in faces:
        app.include_router(module.router)
    return app
