"""Claims for channels with terms: a load is what one request will carry, of one endpoint, within its pace.

Endpoints are taken in turn, as everywhere. One that may not be sent to now has all that is ready for it put off until
it may, so that a thousand robots at their limits cost nobody a look; what waited comes together then, and shares a
request. Few messages have a request each; more of one sort are merged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection

from zonewire.delivery import ledger, owing, paces, statements
from zonewire.delivery.counts import Moves
from zonewire.delivery.ledger import START, Batch, Chosen, Claimed, Place, Places
from zonewire.delivery.paces import Pace, Terms
from zonewire.delivery.states import ARTICLE_KINDS, Kind, State
from zonewire.store import as_rows, read_rows

WORTHLESS = "not sent in time to be worth anything"
MOST_WORTHLESS = 2_000
"""That are cancelled in one claim."""
HASTENED_AT_ONCE = 5_000
_NEWS_SORTS = (2, 4)
LOOKED_AT = 256
"""Endpoints of one host in a turn: those that were sent to longest ago come first, and others may have to wait."""

TermsOf = Mapping[str, Terms]
"""By channel."""


class Candidate(NamedTuple):
    """A row that may be claimed, as LOAD_CANDIDATES has it. Sorts as its endpoint is to be sent it."""

    host_id: int
    endpoint_id: int
    sort: int  # statements._SORT
    rank: int
    id: int
    due_at: int
    state: State
    kind: Kind
    plain: int
    part: int  # of a search engine's: how often its load was halved

    @property
    def chosen(self) -> Chosen:
        """As a claim wants it."""
        return Chosen(self.host_id, self.endpoint_id, self.due_at, self.id, self.state, self.kind, 0)


class Load(NamedTuple):
    """What one request carries: rows of one endpoint, and the mark of its place in the pace."""

    rows: tuple[Claimed, ...]
    mark: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claiming:
    """One claim on a lane of channels with terms, inside its caller's transaction."""

    db: Connection
    lane: str
    worker: str
    terms: TermsOf
    now: int
    moves: Moves
    parked: list[Place] = field(default_factory=list)  # that a claim has put off

    def loads(self, places: Places, *, after: Place) -> tuple[Batch, list[Load]]:
        """Claim a load for each of the next endpoints that may be sent to; put off what the others have ready."""
        if places.total <= 0:
            return Batch(cursor=after), []
        seen, cursor = self._seen(places, after)
        if not seen:
            return Batch(cursor=cursor), []
        known = paces.to_claim(self.db, [place.endpoint_id for place in seen])
        there = [place for place in seen if place.endpoint_id in known]
        free = [place for place in there if self._free(known, place) > 0]
        free.sort(key=lambda place: known[place.endpoint_id].last_sent)
        stalled = set(there) - set(free)
        self._park(
            {place: known[place.endpoint_id] for place in stalled if not known[place.endpoint_id].is_out(self.now)}
        )
        self._cancel_worthless(free)
        return self._claimed(self._fitting(self._candidates(free, known), known, places), known, cursor)

    def lone(self, *, cursor: Place) -> tuple[Batch, list[Load]]:
        """Claim one row whose lease ran out twice, for a process that has nothing else in flight."""
        for row in read_rows(self.db, statements.SUSPECT.on(self.db), {"lane": self.lane}):
            chosen = Chosen._make(row)
            place = Place(chosen.host_id, chosen.endpoint_id)
            known = paces.to_claim(self.db, [place.endpoint_id])
            if place.endpoint_id not in known:
                break
            if self._free(known, place) <= 0:
                self._park({place: known[place.endpoint_id]})
                break
            return self._taken([[chosen]], known, cursor, alone=True)
        return Batch(cursor=cursor), []

    def _free(self, known: Mapping[int, Pace], place: Place) -> int:
        pace = known[place.endpoint_id]
        return pace.free(self.terms[pace.channel], self.now)

    def _seen(self, places: Places, after: Place) -> tuple[list[Place], Place]:
        """The next endpoints that have something ready, from *after* on and round; and the cursor behind them.

        Of a host that is full none; of the others many more than it can take, for some of them may have to wait, and
        others must not wait with them.
        """
        busy = {host: 0 for host, free in places.busy.items() if free <= 0}
        found: dict[Place, None] = {}
        for begin in (after, START) if after != START else (START,):
            left = places.total - len(found)
            if left > 0:
                rows = ledger.look(self.db, lane=self.lane, begin=begin, busy=busy, per_host=LOOKED_AT, steps=left)
                found |= dict.fromkeys(Place(row.host_id, row.endpoint_id) for row in rows)
        return list(found), (list(found)[-1] if found else START)

    def _candidates(self, free: Sequence[Place], known: Mapping[int, Pace]) -> list[list[Candidate]]:
        """What each of the places *free* may be sent, what it is to be sent first coming first."""
        by_terms: dict[tuple[int, int], list[Place]] = {}
        for place in free:
            terms = self.terms[known[place.endpoint_id].channel]
            order = 1 if terms.sorts else -1
            by_terms.setdefault((max(terms.merged, terms.singles + 1), order), []).append(place)
        found: dict[Place, list[Candidate]] = {}
        for (most, order), some in sorted(by_terms.items()):
            parameters = {"lane": self.lane, "rows": as_rows(some), "each": most, "order": order}
            rows = read_rows(self.db, statements.LOAD_CANDIDATES.on(self.db), parameters)
            for row in sorted(map(Candidate._make, rows)):
                found.setdefault(Place(row.host_id, row.endpoint_id), []).append(row)
        return [found[place] for place in free if place in found]

    def _fitting(
        self, candidates: Sequence[Sequence[Candidate]], known: Mapping[int, Pace], places: Places
    ) -> list[list[Chosen]]:
        """One load for each endpoint, as far as their hosts and this process have places."""
        room = dict(places.busy)
        loads: list[list[Chosen]] = []
        for rows in candidates:
            host = rows[0].host_id
            free = room.get(host, places.per_host)
            if free > 0 and len(loads) < places.total:
                room[host] = free - 1
                terms = self.terms[known[rows[0].endpoint_id].channel]
                loads.append([row.chosen for row in first_load(rows, terms)])
        return loads

    def _claimed(
        self, wanted: Sequence[Sequence[Chosen]], known: Mapping[int, Pace], cursor: Place
    ) -> tuple[Batch, list[Load]]:
        return self._taken(wanted, known, cursor, alone=False) if wanted else (Batch(cursor=cursor), [])

    def _taken(
        self, wanted: Sequence[Sequence[Chosen]], known: Mapping[int, Pace], cursor: Place, *, alone: bool
    ) -> tuple[Batch, list[Load]]:
        """Put *wanted* under one lease, and count their requests."""
        batch = ledger.take(
            self.db,
            [row for rows in wanted for row in rows],
            lane=self.lane,
            worker=self.worker,
            now=self.now,
            moves=self.moves,
            cursor=cursor,
            alone=alone,
        )
        claimed = {row.id: row for row in batch.rows}
        loads: list[Load] = []
        for rows in wanted:
            if carried := tuple(claimed[row.id] for row in rows if row.id in claimed):
                pace = known[carried[0].endpoint_id]
                loads.append(Load(carried, pace.reserve(self.terms[pace.channel], self.now)))
        paces.write(self.db, {load.rows[0].endpoint_id: known[load.rows[0].endpoint_id] for load in loads})
        return batch, loads

    def _park(self, stalled: Mapping[Place, Pace]) -> None:
        """Put off what is ready at *stalled* until it may be sent."""
        rows = [(*place, pace.free_at(self.terms[pace.channel], self.now)) for place, pace in stalled.items()]
        if rows:
            self.parked.extend(stalled)
            self.db.execute(statements.PARK.on(self.db), {"lane": self.lane, "rows": as_rows(sorted(rows))})

    def _cancel_worthless(self, places: Sequence[Place]) -> None:
        if places:
            parameters = {"lane": self.lane, "rows": as_rows(places), "moment": self.now, "most": MOST_WORTHLESS}
            found = read_rows(self.db, statements.WORTHLESS.on(self.db), parameters)
            owing.cancel(self.db, [ident for (ident,) in found], why=WORTHLESS, now=self.now, moves=self.moves)


def first_load(rows: Sequence[Candidate], terms: Terms) -> list[Candidate]:
    """What the next request to an endpoint carries of *rows*, which are in the order in which it is to be sent them."""
    first = rows[0]
    if not terms.sorts:
        return _engine_load(rows, terms)
    if first.plain or (first.sort not in _NEWS_SORTS) or terms.merged <= 1:
        return [first]
    alike = [row for row in rows if not row.plain and row.sort == first.sort]
    return alike[: terms.merged] if len(alike) > terms.singles else [first]


def _engine_load(rows: Sequence[Candidate], terms: Terms) -> list[Candidate]:
    """The same where all are alike: as many as there are, or half as many each time that so many were too many."""
    first = rows[0]
    if first.plain or first.kind not in ARTICLE_KINDS:
        return [first]
    alike = [row for row in rows if not row.plain and row.kind in ARTICLE_KINDS]
    return alike[: max(1, terms.merged >> max(row.part for row in alike))]


def hasten_hosts(db: Connection, recovered: Iterable[Place], *, lane: str, now: int) -> int:
    """Let what waits for a retry at the hosts of endpoints that answer again come due now; how many did."""
    parameters = {"rows": as_rows(sorted(set(recovered))), "lane": lane, "moment": now, "most": HASTENED_AT_ONCE}
    return db.execute(statements.HASTEN_AT_HOSTS.on(db), parameters).rowcount
