"""Loads the samples of `zonewire up --sample`: subscriptions first, so that the articles are pushed to them.

Every part goes the way that everybody's goes: articles through intake, subscriptions through the import. So a second
time changes nothing.
"""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import orjson
import structlog

from config.settings import Settings
from workers import sample_robots
from workers.sample_desk import HOOK
from zonewire import ROOT
from zonewire.articles.identity import host_of
from zonewire.intake import Event, EventType, Result, accept, read_article
from zonewire.keys import KeyRing
from zonewire.outbound import Guard
from zonewire.store import Store, now
from zonewire.subscriptions import import_chunk, read_chunks

log = structlog.get_logger()

SAMPLES = ROOT / "samples"
SOURCE = "/samples"
"""The CloudEvents source of the sample articles."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """How many of each were new."""

    articles: int
    subscriptions: int


def load_samples(
    store: Store, settings: Settings, keys: KeyRing, guard: Guard, *, desk_url: str, desk_secret: str
) -> Sampled:
    """Subscribe the desk and some readers, and publish the sample articles; what is there already stays as it is."""
    subscriptions = 0
    for chunk in read_chunks(BytesIO(_lines(desk_url, desk_secret)), guard=guard):
        with store.writing() as db:
            imported = import_chunk(db, chunk, keys=keys, now=now(db))
        subscriptions += imported.added
        for line in imported.bad:
            log.error("sample.refused", line=line.number, detail=line.detail)
    events = [_event(path) for path in sorted((SAMPLES / "articles").glob("*.json"))]
    answers = accept(store, events, host=host_of(settings.base))
    sampled = Sampled(sum(answer.result is Result.ACCEPTED for answer in answers), subscriptions)
    log.info("samples.loaded", articles=sampled.articles, subscriptions=sampled.subscriptions)
    return sampled


def _lines(desk_url: str, desk_secret: str) -> bytes:
    """samples/subscriptions.jsonl, its webhook and its robots led to the desk; without robots where it has none."""
    options = [orjson.loads(line) for line in (SAMPLES / "subscriptions.jsonl").read_bytes().splitlines()]
    if sample_robots.simulators() is None:
        options = [option for option in options if option["channel"] not in sample_robots.PLATFORMS]
    for option in options:
        if option["channel"] == "webhook":
            option |= {"to": f"{desk_url}{HOOK}", "secret": desk_secret}
        elif option["channel"] in sample_robots.PLATFORMS:
            option["to"] = sample_robots.robot_url(desk_url, option["channel"])
    return b"\n".join(map(orjson.dumps, options))


def _event(path: Path) -> Event:
    article = read_article(orjson.loads(path.read_bytes()))
    return Event(source=SOURCE, id=path.stem, type=EventType.PUBLISHED, guid=article.guid, article=article)
