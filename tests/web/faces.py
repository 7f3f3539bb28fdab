"""A web face over a test's store: `with a_web_face(store, tmp_path) as url:`."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from config.settings import load
from tasks.inspection import NOTHING, Inspect
from tests.web.serving import serve
from web.app import create_app
from web.face import Face
from zonewire.feeds import Catalogue
from zonewire.keys import KeyRing
from zonewire.store import Store

BASE = "https://wire.example"


def a_face(
    store: Store,
    tmp_path: Path,
    *,
    broker_answers: Callable[[], bool] = lambda: True,
    catalogue_given: Catalogue | None = None,
    installation: str = "",
    inspect: Inspect = lambda _workers: NOTHING,
    **over: Any,
) -> Face:
    """A face whose hints go nowhere, and whose broker is well unless told."""
    settings = load(data_dir=tmp_path, **({"base_url": BASE} | over))
    keys = KeyRing(("a key of the tests that is long enough",))
    return Face(
        settings=settings,
        store=store,
        keys=keys,
        hint=lambda _lane: None,
        broker_answers=broker_answers,
        catalogue=catalogue_given or Catalogue(),
        installation=installation,
        inspect=inspect,
    )


@contextlib.contextmanager
def a_web_face(store: Store, tmp_path: Path, **over: Any) -> Iterator[str]:
    """The address of a running web face."""
    with serve(create_app(a_face(store, tmp_path, **over))) as url:
        yield url
