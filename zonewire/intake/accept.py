"""Accept events: deduplicate, store each article's new version and an outbox row, in one durable transaction.

All four ways in end here. A batch takes about a dozen statements, however many events it has. Two intakes about the
same article wait for each other where its row is locked; all of them wait where acceptance numbers are given
(articles/versions.py), which stands as near to the commit as it can.
"""

from collections import Counter
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from zonewire import tracing
from zonewire.articles.identity import host_of, mint_entry_id
from zonewire.articles.model import Article, Version, unpack
from zonewire.articles.reading import UNREADABLE
from zonewire.articles.slugs import slugs_for
from zonewire.articles.versions import Draft, write_versions
from zonewire.delivery import tallies
from zonewire.delivery.lanes import Lane
from zonewire.errors import StoreBusy
from zonewire.intake import statements
from zonewire.intake.event import Event
from zonewire.intake.moments import CST, year_of
from zonewire.intake.plan import Accepted, EventKey, Plan, Result, Standing, Step, decide
from zonewire.store import Store, now

__all__ = ["Accepted", "Result", "accept", "plan_batch", "write_batch"]

log = structlog.get_logger()

PAIRS = 500
"""Looked up at once: on SQLite the cost of a list of pairs grows with its square."""
TOLD = 50
"""Of a batch's events, so many are named on one line of the log."""
TRIES = 5
"""Each is lost to another intake that wrote the same guid or event for the first time meanwhile."""


def accept(store: Store, events: Sequence[Event], *, host: str) -> list[Accepted]:
    """Take *events*, all or none; one answer for each, in their order. On the disk when this returns.

    *host* names the authority of entry ids for articles that have neither a URI for a guid nor an address.
    Raises StoreBusy, StoreFull, StoreUnavailable.
    """
    begun = tracing.moment()
    for _ in range(TRIES):
        try:
            with store.writing() as db:
                plan = plan_batch(db, events, host=host)
                numbers = write_batch(db, plan)
        except IntegrityError:
            continue
        _tell(plan)
        if tracing.is_on():
            _trace(plan, numbers, begun)
        return plan.answers
    raise StoreBusy("another intake writes the same articles", mend="Try again in a moment; nothing was changed.")


def plan_batch(db: Connection, events: Sequence[Event], *, host: str) -> Plan:
    """Decide a batch, and lock and make ready everything that needs no acceptance number."""
    at = now(db)
    standings = _standings(db, events)
    plan = decide(events, standings, _known(db, events), now=at)
    _add_articles(db, plan, host)
    _give_slugs(db, plan)
    if plan.taken:
        # Their order is kept in their moments: of several that left one version standing the first has made it.
        rows = [_event_row(event, version, at + nth) for nth, (event, version) in enumerate(plan.taken)]
        db.execute(statements.INSERT_EVENTS, rows)
    results = Counter((tallies.EVENTS, answer.result.value) for answer in plan.answers)
    tallies.add(db, results + Counter({(tallies.LANE_IN, Lane.EVENTS.value): len(plan.steps)}), now=at)
    return plan


def write_batch(db: Connection, plan: Plan) -> list[int]:
    """Give the numbers, and write versions, outbox and articles; the numbers given. The caller commits at once."""
    made: list[Version] = []
    if plan.steps:
        made = write_versions(db, [_draft(step) for step in plan.steps], now=plan.now)
        db.execute(statements.INSERT_OUTBOX, [{"number": v.number, "created_at": v.accepted_at} for v in made])
        for step, version in zip(plan.steps, made, strict=True):
            step.of.newest = version.number
    moved = [standing for standing in plan.standings.values() if standing.touched]
    if moved:
        db.execute(statements.MOVE_ARTICLES, [_move(standing) for standing in moved])
    return [version.number for version in made]


def _standings(db: Connection, events: Sequence[Event]) -> dict[str, Standing]:
    """What stands under the guids of *events*, locked."""
    rows = db.execute(statements.LOCK_ARTICLES, {"guids": sorted({event.guid for event in events})}).all()
    newest = db.execute(statements.NEWEST_CONTENTS, {"numbers": [row.newest for row in rows]}) if rows else ()
    contents = {row.article_id: row for row in newest}
    return {
        row.guid: Standing(
            row.guid,
            article_id=row.id,
            newest=row.newest,
            version=row.version,
            withdrawn=row.withdrawn,
            event_at=row.event_at,
            entry_id=row.entry_id,
            article=_read(contents[row.id].content),
            digest=bytes(contents[row.id].digest),
        )
        for row in rows
    }


def _read(content: str) -> Article | None:
    """What stands; where it cannot be read, as if nothing did, so that it can be withdrawn or published anew."""
    try:
        return unpack(content)
    except UNREADABLE:
        return None


def _known(db: Connection, events: Sequence[Event]) -> dict[EventKey, tuple[str, int]]:
    """Those of *events* that were taken before. Asked after the lock, so that a waiting repetition is seen."""
    keys = sorted({(event.source, event.id) for event in events})
    known: dict[EventKey, tuple[str, int]] = {}
    for first in range(0, len(keys), PAIRS):
        sources, idents = zip(*keys[first : first + PAIRS], strict=True)
        rows = db.execute(statements.KNOWN_EVENTS, {"sources": sources, "event_ids": idents})
        known |= {(row.source, row.event_id): (row.guid, row.version) for row in rows}
    return known


def _add_articles(db: Connection, plan: Plan, host: str) -> None:
    """Rows for the articles that are new; `write_batch` gives them their first versions."""
    first = {step.of.guid: step for step in reversed(plan.steps) if step.of.article_id is None}
    if not first:
        return
    for step in first.values():
        name = host_of(step.article.url) or host
        step.of.entry_id = mint_entry_id(step.of.guid, host=name, year=year_of(step.article.published_at, CST))
    rows = [_article_row(first[guid].of, plan.now) for guid in sorted(first)]
    for row in db.execute(statements.INSERT_ARTICLES, rows):
        first[row.guid].of.article_id = row.id


def _give_slugs(db: Connection, plan: Plan) -> None:
    standing = [step.article for step in plan.steps if not step.withdrawn]
    names = {("zone", a.zone) for a in standing} | {("city", a.city) for a in standing}
    names |= {("section", section) for a in standing for section in a.section}
    slugs_for(db, {(kind, name) for kind, name in names if name})


def _draft(step: Step) -> Draft:
    if step.of.article_id is None:
        raise ValueError("a batch is written after it was planned on the same connection")
    return Draft(
        article_id=step.of.article_id,
        version=step.version,
        withdrawn=step.withdrawn,
        entry_id=step.of.entry_id,
        article=step.article,
        digest=step.digest,
    )


def _event_row(event: Event, version: int, at: int) -> dict[str, object]:
    return {
        "source": event.source,
        "event_id": event.id,
        "guid": event.guid,
        "version": version,
        "accepted_at": at,
    }


def _article_row(standing: Standing, at: int) -> dict[str, object]:
    return {
        "guid": standing.guid,
        "entry_id": standing.entry_id,
        "newest": 0,
        "version": 0,
        "withdrawn": False,
        "event_at": 0,
        "accepted_at": at,
    }


def _move(standing: Standing) -> dict[str, object]:
    return {
        "article": standing.article_id,
        "to_newest": standing.newest,
        "to_version": standing.version,
        "to_withdrawn": standing.withdrawn,
        "to_event_at": standing.event_at,
    }


def _trace(plan: Plan, numbers: Sequence[int], begun: int) -> None:
    """The first span of each new version's trace, in that of whoever asked linked to it."""
    accepted = [answer for answer in plan.answers if answer.result is Result.ACCEPTED]  # a version each
    for number, answer in zip(numbers, accepted, strict=True):
        about: dict[str, tracing.Value | None] = {"event_id": answer.id, "article_guid": answer.guid}
        about |= {"number": number, "version": answer.version}
        tracing.tell("article.accept", begun, about, place=tracing.of_article(number), links=[tracing.current()])


def _tell(plan: Plan) -> None:
    """What became of each event; a line for every TOLD of them."""
    for first in range(0, len(plan.answers), TOLD):
        some = plan.answers[first : first + TOLD]
        counts = {result.value: sum(answer.result is result for answer in some) for result in Result}
        made = [a for a in some if a.result is Result.ACCEPTED]
        guids, events = [f"{a.guid} v{a.version}" for a in made], [a.id for a in made]
        passed = {"passed_over": [f"{a.id} {a.result}" for a in some if a not in made]} if len(made) < len(some) else {}
        log.info("article.accepted", **counts, article_guids=guids, event_ids=events, **passed)
