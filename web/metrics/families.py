"""The families of /metrics: each measure under its name, with its kind and labels."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import product

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from web.metrics.machine import Machine
from zonewire import __version__
from zonewire.delivery import histograms, readings, tallies
from zonewire.delivery.lanes import BUDGET_S, Lane
from zonewire.measures import Measures
from zonewire.store import SECOND
from zonewire.store.engine import WAIT_MS
from zonewire.subscriptions.visits import PAGES, VISITORS
from zonewire.telemetry import METRICS

OUTCOMES = ("delivered", "later", "never", "unknown")
RESULTS = ("accepted", "unchanged", "duplicate", "stale")
TOTAL = "_total"

Labels = tuple[str, ...]


class Families(Collector):
    """One reading of database and machine; *visits* are those of this process that are not written down yet."""

    def __init__(self, measures: Measures, machine: Machine, visits: Mapping[tuple[str, str], int]) -> None:
        self._of, self._machine, self._visits = measures, machine, visits

    def describe(self) -> list[Metric]:
        """Nothing: what is exported is looked up when it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric, each with its labels."""
        yield from self._lanes()
        yield from self._deliveries()
        yield from self._articles()
        yield from self._digests()
        yield from self._people()
        yield from self._surroundings()

    def _lanes(self) -> Iterator[Metric]:
        lanes = self._of.status["lanes"]
        yield _by("zonewire_lane_waiting", "lane", {name: lane["waiting"] for name, lane in lanes.items()})
        ages = {name: lane["oldest_due_seconds"] for name, lane in lanes.items()}
        yield _by("zonewire_lane_oldest_due_seconds", "lane", ages)
        yield _by("zonewire_lane_budget_seconds", "lane", {lane.value: budget for lane, budget in BUDGET_S.items()})
        yield self._counter("zonewire_lane_in_total", tallies.LANE_IN, ("lane",), of=list(Lane))
        yield self._counter("zonewire_lane_out_total", tallies.LANE_OUT, ("lane",), of=list(Lane))
        yield _by("zonewire_lane_workers", "lane", {name: lane["workers"] for name, lane in lanes.items()})
        yield _by("zonewire_lane_turn_age_seconds", "lane", self._of.turned_s)
        paused = self._of.paused_s
        yield _by("zonewire_lane_paused", "lane", {lane.value: int(lane in paused) for lane in Lane})
        yield _by("zonewire_lane_paused_seconds", "lane", {lane.value: paused.get(lane, 0.0) for lane in Lane})
        yield self._counter("zonewire_task_failures_total", tallies.TASK_FAILURES, ("lane",), of=list(Lane))

    def _deliveries(self) -> Iterator[Metric]:
        counted = sorted(self._of.counts.items(), key=lambda pair: (pair[0].lane, pair[0].state, pair[0].held))
        values: dict[Labels, float] = {(s.lane, s.state.value, str(s.held).lower()): n for s, n in counted}
        yield _gauge("zonewire_deliveries", ("lane", "state", "held"), values)
        yield self._counter("zonewire_deliveries_total", tallies.TRIES, ("channel", "outcome"))
        yield self._histogram("zonewire_delivery_seconds", tallies.DELIVERY_S, ("channel",))
        yield self._histogram("zonewire_attempt_seconds", tallies.ATTEMPT_S, ("channel",))
        mails = {outcome: self._of.tallies.get((tallies.TRIES, f"email {outcome}"), 0) for outcome in OUTCOMES}
        yield _counter("zonewire_mails_total", ("outcome",), {(outcome,): n for outcome, n in mails.items()})
        yield _plain("zonewire_backlog", self._of.status["backlog"])
        yield _by("zonewire_endpoints", "state", self._of.status["endpoints"])

    def _articles(self) -> Iterator[Metric]:
        outbox = self._of.status["lanes"][Lane.EVENTS]
        yield _plain("zonewire_articles", self._of.status["articles"])
        yield self._counter("zonewire_events_total", tallies.EVENTS, ("result",), of=RESULTS)
        yield self._histogram("zonewire_article_seconds", tallies.ARTICLE_S, ())
        yield self._counter("zonewire_feed_requests_total", tallies.FEED_REQUESTS, ("format", "status"))
        yield _plain("zonewire_outbox_rows", outbox["waiting"])
        yield _plain("zonewire_outbox_oldest_seconds", outbox["oldest_due_seconds"])

    def _digests(self) -> Iterator[Metric]:
        yield _plain("zonewire_subscriptions", self._of.status["subscriptions"])
        yield self._counter("zonewire_editions_total", tallies.EDITIONS, ())
        yield self._counter("zonewire_digests_total", tallies.DIGESTS, ())
        yield _plain("zonewire_digest_late_seconds", self._of.status["lanes"][Lane.DIGESTS]["oldest_due_seconds"])

    def _people(self) -> Iterator[Metric]:
        yield _plain("zonewire_hub_subscriptions", self._of.at_hub)
        seen = Counter(self._of.visits) + Counter(self._visits)
        visits: dict[Labels, float] = {pair: seen[pair] for pair in product(PAGES, VISITORS)}
        yield _gauge("zonewire_link_visits", ("page", "visitor"), visits)

    def _surroundings(self) -> Iterator[Metric]:
        refused = self._readings(readings.TOKEN_REFUSED)
        yield _by("zonewire_token_valid", "account", {account: int(not code) for account, code in refused.items()})
        left = {name: max(0.0, at - self._of.now_s) for name, at in self._readings(readings.TOKEN_UNTIL_S).items()}
        yield _by("zonewire_token_expires_seconds", "account", left)
        yield _plain("zonewire_disk_free_bytes", self._machine.free_bytes)
        yield _plain("zonewire_disk_size_bytes", self._machine.size_bytes)
        yield _plain("zonewire_beat_age_seconds", self._of.beat_s)
        yield _plain("zonewire_broker_up", int(self._machine.is_broker_up))
        took_us = self._of.readings.get((readings.DATABASE_WRITE_US, ""))
        took = None if took_us is None else max(took_us / SECOND, WAIT_MS / 1_000 if self._of.is_blind else 0)
        yield _plain("zonewire_database_write_seconds", took)
        until_s = self._of.readings.get((readings.CERTIFICATE_UNTIL_S, self._machine.base_url))
        yield _plain("zonewire_certificate_expires_seconds", None if until_s is None else until_s - self._of.now_s)
        yield _by("zonewire_alarms", "alarm", self._of.alarms)
        running: dict[Labels, float] = {(__version__, self._of.database): 1}
        yield _gauge("zonewire_build_info", ("version", "database"), running)

    def _readings(self, name: str) -> dict[str, int]:
        return {label: value for (of, label), value in self._of.readings.items() if of == name}

    def _counter(self, name: str, tally: str, labels: Labels, *, of: tuple[str, ...] | list[Lane] = ()) -> Metric:
        """A tally; the values *of* its label are there from the beginning, so that a rate sees the first of them."""
        values: dict[Labels, float] = {(str(value),): 0 for value in of} if of or labels else {(): 0}
        for (named, label), n in sorted(self._of.tallies.items()):
            if named == tally:
                values[tuple(label.split(" ")) if labels else ()] = n
        return _counter(name, labels, values)

    def _histogram(self, name: str, tally: str, labels: Labels) -> Metric:
        family = HistogramMetricFamily(name, METRICS[name], labels=labels)
        for label, found in histograms.read(self._of.tallies, tally).items():
            family.add_metric((label,) if labels else (), list(found.buckets), found.sum_s)
        return family


def _counter(name: str, labels: Labels, values: Mapping[Labels, float]) -> Metric:
    family = CounterMetricFamily(name.removesuffix(TOTAL), METRICS[name], labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _gauge(name: str, labels: Labels, values: Mapping[Labels, float]) -> Metric:
    family = GaugeMetricFamily(name, METRICS[name], labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _by(name: str, label: str, values: Mapping[str, float]) -> Metric:
    return _gauge(name, (label,), {(key,): value for key, value in values.items()})


def _plain(name: str, value: float | None) -> Metric:
    """Without labels; without a sample where nobody knows its value."""
    return _gauge(name, (), {} if value is None else {(): value})
