"""Every log event and metric, by name; and what keeps readers' addresses and secrets out of both."""

import re
from collections.abc import Iterable, MutableMapping
from typing import Any
from urllib.parse import quote

# It begins where a name can: else each letter of a long word would be tried, 8 s for twenty thousand.
_MAILBOX = re.compile(r"(?<![\w.+-])([\w.+-])[\w.!#$%&'*+=^`{|}~-]*(@|%40)(?=[\w-]+\.|localhost)([\w.-]+)")
_SMTP = re.compile(r"(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3})\b)?")
_KEYS = re.compile(r"(?i)\b(key|access_token|token|secret|sign|signature|password)(=|%3D)[^&\s\"']+")
_HOOKS = re.compile(r"(?i)(/(?:hook|services)/)[^\s?\"']+")
_LINKS = re.compile(r"(/(?:confirm|manage|unsubscribe|editions|feeds/private)/)[\w.~=-]{16,}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+(?!\w+=[\w\"])[\w.~+/=-]{8,}")  # a challenge names its realm
_SECRETS = re.compile(r"\bwhsec_[\w+/=-]+|\bSEC[0-9a-f]{32,}")
_USERS = re.compile(r"(?<=://)[^/@\s\"']*(?=@)")


def masked(text: str) -> str:
    """*text* without what names a reader or lets somebody in, as far as that can be told by its form.

    Of a mailbox its first letter and its domain are left, of other addresses all but the key in them: r…@mail.example,
    …/send?key=…, /manage/…, redis://…@host.
    """
    text = _USERS.sub("…", text) if "://" in text else text
    text = _MAILBOX.sub(r"\1…\2\3", text)
    text = _HOOKS.sub(r"\1…", _KEYS.sub(r"\1\2…", text))
    return _SECRETS.sub("…", _BEARER.sub(r"\1 …", _LINKS.sub(r"\1…", text)))


IDS = frozenset(
    {"event", "level", "timestamp", "event_id", "event_ids", "article_guid", "article_guids", "passed_over"}
)
"""What the sender of an event chose may look like a mailbox, and must be found again as it was sent."""


class Mask:
    """A structlog processor that hides what looks like a secret or a reader's address, and *secrets* that are known.

    The last line of defence: what it has to hide should not have come so far.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spelled = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        longest_first = sorted(spelled, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """*event* without them."""
        return {key: self._clean(value, is_id=key in IDS) for key, value in event.items()}

    def _clean(self, value: Any, *, is_id: bool) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(one, is_id=is_id) for one in value]
        if isinstance(value, dict):
            return {str(key): self._clean(one, is_id=is_id) for key, one in value.items()}
        text = value if isinstance(value, str) else repr(value)
        text = self._known.sub("…", text) if self._known else text
        return text if is_id else masked(text)


def told_of(channel: str, error: str) -> str:
    """Of what was said about a try over *channel*, what may stand in a log: the ledger has the words.

    Mail servers answer in sentences, and may name whose mailbox it is; of those the codes are left (RFC 3463).
    """
    if channel == "email" and (codes := _SMTP.match(error)):
        return " ".join(filter(None, codes.groups()))
    return masked(error)


METRICS: dict[str, str] = {
    "zonewire_lane_waiting": "due items of a lane; lane",
    "zonewire_lane_oldest_due_seconds": "seconds since the oldest due item came due, 0 where none waits; lane",
    "zonewire_lane_budget_seconds": "a lane is late when its oldest due item is older than this; lane",
    "zonewire_lane_in_total": "items that came due on a lane or to be owed, also what was held before; lane",
    "zonewire_lane_out_total": "items that a lane is done with, whatever became of them, also what is held now; lane",
    "zonewire_lane_workers": "workers of a lane that have beaten within 10 s; lane",
    "zonewire_lane_turn_age_seconds": "seconds since a worker of the lane has completed a turn; lane",
    "zonewire_lane_paused": "1 while an operator lets the lane rest; lane",
    "zonewire_lane_paused_seconds": "for how long it rests by now; lane",
    "zonewire_deliveries": "deliveries in the ledger, settled ones until they are pruned; lane, state, held",
    "zonewire_deliveries_total": "tries at deliveries, by how they ended; channel, outcome (delivered, later, never, "
    "unknown)",
    "zonewire_delivery_seconds": "from when a delivery was owed until its receiver had it; channel",
    "zonewire_attempt_seconds": "how long one try took; channel",
    "zonewire_mails_total": "tries at mails, which zonewire_deliveries_total counts as well; outcome",
    "zonewire_backlog": "deliveries that are pending, retrying or being sent, and not held",
    "zonewire_endpoints": "endpoints by health; state",
    "zonewire_articles": "articles, tombstones too",
    "zonewire_events_total": "events that were answered 202; result (accepted, unchanged, duplicate, stale)",
    "zonewire_article_seconds": "from the acceptance of a version until the feed of everything carries it",
    "zonewire_feed_requests_total": "requests for feed documents, some seconds late; format (rss, atom, json, other), "
    "status",
    "zonewire_outbox_rows": "accepted versions that are not marked in all feeds and owed to everybody yet",
    "zonewire_outbox_oldest_seconds": "seconds since the oldest of them was accepted, 0 where there is none",
    "zonewire_subscriptions": "subscriptions that have not ended",
    "zonewire_editions_total": "editions of digests that were cut",
    "zonewire_digests_total": "digests that came to be owed, to one subscription each",
    "zonewire_digest_late_seconds": "seconds since the oldest due digest should have been cut, 0 where none is due",
    "zonewire_hub_subscriptions": "active subscriptions at the hub, to others' hubs not counted",
    "zonewire_link_visits": "visits within 90 days of the pages that mails lead to; page, visitor (person, scanner)",
    "zonewire_token_valid": "1 while WeChat gives the account an access token, 0 once it refused to; account",
    "zonewire_token_expires_seconds": "for how long the token is taken that was fetched last, 0 when that is over: "
    "the next call fetches one; account",
    "zonewire_disk_free_bytes": "room under DATA_DIR, on the machine that answers",
    "zonewire_disk_size_bytes": "the size of that disk",
    "zonewire_beat_age_seconds": "seconds since a hint of beat reached a worker",
    "zonewire_broker_up": "1 while Redis answers",
    "zonewire_database_write_seconds": "how long the last small write of the watch took until it was on the disk (5 "
    "where none gets through)",
    "zonewire_task_failures_total": "tasks and turns that ended in a fault of ours; lane",
    "zonewire_certificate_expires_seconds": "for how long BASE_URL's certificate holds, below 0 once it has run out",
    "zonewire_alarms": "things that Zonewire itself holds to be wrong, by the runbook's names; alarm",
    "zonewire_build_info": "1; version, database",
}
"""What /metrics exports, with labels. No host, task or receiver is one: their number has no bound. Read from the
database at each request, so that every web process says the same and a restart loses nothing. What ends in `_total` is
a counter. docs/operators/metrics.md is made from it."""

HISTOGRAMS = frozenset({"zonewire_delivery_seconds", "zonewire_attempt_seconds", "zonewire_article_seconds"})
"""Those of METRICS that come with _bucket, _sum and _count; what is neither is a gauge."""

EVENTS: dict[str, str] = {
    "article.accepted": "events were taken and are on the disk, a line for every fifty of a batch; accepted, "
    "unchanged, duplicate, stale (how many of each), article_guids and event_ids (of the versions made), passed_over "
    "(the other events, each with why)",
    "article.digested": "an article is news in new editions, one of the newest two hundred of a tick (all at debug); "
    "event_id, article_guid, number, editions (how many), edition_ids (the first twenty)",
    "articles.digested": "more articles are news in the new editions of a tick; more (how many)",
    "events.refused": "a request to /v1/events was refused, and its sender told why; status, error "
    "(without a valid token: at debug)",
    "request.refused": "a request was answered 5xx, since the database could not take it; status, error",
    "request.failed": "a request met a fault of ours and was answered 500; method, path, request_id, and the trace",
    "feeds.declared": "the catalogue's feeds were made, changed or dropped; feeds (that it declares), changed",
    "slug.refused": "a slug of the catalogue is another place's, or its place has one already; kind, name, wanted, "
    "has (none yet: null)",
    "feed.published": "feeds whose documents were made and stored together; feeds (how many), names, documents, "
    "entries_rendered, event_ids (of the newest twenty articles that came in or changed), took_ms",
    "archive.closed": "archives of a feed were closed, since its document has no room for more; feed, archives, "
    "entries (in all of them)",
    "entry.spoiled": "an article that cannot be an entry, left out of its feeds; article_guid, number, format",
    "document.spoiled": "a feed document that does not parse, its last good one stays; feed, format, number",
    "alarm.began": "something is wrong, and has lasted: at error where it wakes somebody, else at warning; alarm (its "
    "part of the runbook), about (a lane, a channel, an account), seen (in words)",
    "alarm.ended": "it is over; alarm, about, lasted_s",
    "alarm.told": "a receiver of alarms heard that one began, or that it is over; alarm, is_over, endpoint_id, channel",
    "alarm.untold": "a receiver of alarms could not be told; alarm, is_over, endpoint_id, channel, error, again (it is "
    "tried again; else it refuses for good: mend it, and try it with `zonewire alarms test`)",
    "alarm.failed": "a message of an alarm met a fault of ours, and is tried again; alarm, endpoint_id; and the trace",
    "watch.blind": "the database takes no writes: if that lasts, whoever watched last tells it from memory; error",
    "watch.failed": "a look at how things are met a fault of ours; there is another in seconds; and the trace",
    "reading.unwritten": "whether WeChat gives us a token could not be written down for operators; account, error",
    "reply.unreadable": "a receiver's answer that its channel cannot read, tried again; channel, and the trace",
    "readiness.refused": "/readyz answered 503; database, broker, workers (each with its reason)",
    "editions.cut": "a tick has moved due subscriptions on; editions, deliveries, subscriptions, up_to, took_ms",
    "readers.uncounted": "polls of feeds could not be written down and are left out of the counts; polls, error",
    "samples.loaded": "`up --sample` has published and subscribed its samples; articles, subscriptions (new ones)",
    "sample.refused": "a line of samples/subscriptions.jsonl that cannot be subscribed; line, detail",
    "articles.reacted": "outbox rows became feeds marked and deliveries owed; taken, articles (finished), deliveries",
    "article.reacted": "one version has its feeds marked and is owed to everybody; event_id, source (of the event), "
    "article_guid, number, deliveries",
    "attempt.delivered": "a try succeeded (at debug); lane, delivery_id, endpoint_id, status, took_ms, and what it is "
    "about as in attempt.failed",
    "attempt.failed": "a try failed, one of the first twenty of a turn; lane, delivery_id, endpoint_id, outcome, "
    "error, and what it is about: event_id and article_guid of news; edition_id and event_ids (of its first twenty "
    "articles) of a digest or draft; feed, and event_id and article_guid of its newest article, of a notice; else kind",
    "attempts.failed": "more tries of the same turn failed; lane, more (how many)",
    "article.left_out": "nothing can be made of an article, so digests go out without it; number, and the trace",
    "article.unreacted": "the reaction to one version failed and is tried again; event_id, article_guid, number, and "
    "the trace",
    "backup.restored": "a database was made of a backup; migration (of the backup), rows, returned (deliveries "
    "that were being sent), took_ms",
    "backup.taken": "everything was written into one file; migration, rows, took_ms",
    "batch.pushed": "what a lane's task did, in rows; lane, claimed, delivered, retried, buried, cancelled, too_late",
    "batch.unbuilt": "the database went away between claim and build, nothing was tried; lane, rows, error",
    "batch.unsettled": "the database refused how a batch ended: its rows are settled singly; lane, rows, the trace",
    "bulk_action.began": "an operator replays, cancels or resends many deliveries; action, act, operator, expected "
    "(how many)",
    "bulk_action.ended": "replaying, cancelling or resending many deliveries is through; action, act, done",
    "broker.unreachable": "a worker cannot reach Redis and will try again by itself; error, again_in_s",
    "beat.broker": "whether beat can reach Redis, each time that it changes; reachable",
    "channel.unset": "a setting that a channel cannot do without is missing or another one, and what is owed waits; "
    "channel, error",
    "child.died": "a process of `up` ended and is started again; child, code, lived_s, again_in_s",
    "child.failed": "a process of `up` met a fault; child, and the trace",
    "child.killed": "a process did not stop in time and was killed; child",
    "courier.gone": "a courier's process ended or fell silent, so its worker ends, to be started again; lane, error",
    "courier.failed": "a courier's process met a fault and ends; the trace (courier.gone follows)",
    "delivery.buried": "a delivery became a dead letter, one of a turn's first twenty; reason, channel, and all that "
    "stands in attempt.failed but its outcome",
    "delivery.unbuildable": "a delivery that no request can be made of, buried alone; delivery_id, channel, what it is "
    "about as in attempt.failed, and the error or the trace",
    "draft.changed": "a draft in an Official Account's box was made, written anew, submitted or asked after; act, "
    "delivery_id, endpoint_id, edition_id, event_ids",
    "endpoint.fed": "an endpoint that comes back is let have more of what it held; endpoint_id, rows, is_probe",
    "endpoint.relapsed": "an endpoint that was coming back fails again: the rest is held; endpoint_id, rows",
    "endpoint.secret_rotated": "an operator replaced the secret of an endpoint at the console; endpoint_id, operator",
    "endpoint.turned_off": "an operator disabled an endpoint at the console; endpoint_id, operator, reason",
    "endpoint.turned_on": "an operator enabled an endpoint at the console; endpoint_id, operator, held (the choice for "
    "its backlog), released, cancelled",
    "endpoint.disabled": "an endpoint gets nothing more until it is enabled; endpoint_id, error",
    "errand.failed": "a fault of ours in a conversation with WeChat, which is tried again; act, and the trace",
    "workers.uninspected": "Celery could not be asked what the workers do, for a page of the console; error",
    "failure.unwritten": "a fault of a task or a turn, logged before this, could not be written down for operators; "
    "lane, error",
    "files.forgotten": "files that were older than they are kept; mails (of the outbox), drafts (of a writer that "
    "was killed), logs",
    "hub.asked": "somebody asked the hub, and the callback is asked whether it was meant; mode, hub_request_id, "
    "topic, by",
    "hub.verified": "a callback has repeated its challenge, and its request came true; hub_request_id, mode, "
    "endpoint_id",
    "hub.refused": "a callback did not repeat its challenge; hub_request_id, mode, endpoint_id, reason",
    "hub.ended": "a subscription at the hub is over; hub_subscription_id, reason",
    "hub.notices_owed": "feeds have changed, and so many notices are owed to subscribers at the hub; deliveries, "
    "feeds (the first twenty), event_ids (of the newest article of each)",
    "hint.lost": "Redis did not take a hint; harmless, the relay finds the work; lanes, error",
    "library.said": "what a library warned of or failed at, in its words; logger, message, and a trace if there is one",
    "lane.paused": "an operator lets a lane rest; lane, operator, reason",
    "lane.resumed": "an operator lets a lane work again; lane, operator",
    "key.missing": "no key of the ring opens an endpoint's secret, and what is owed there waits: put the key back, or "
    "start the process again that does not know it yet; endpoint_id, error",
    "lane.late": "a lane is over its budget and still working; lane, waiting, oldest_due_s",
    "lane.stood_still": "a lane is over its budget and its worker completes no turn; lane, waiting, oldest_due_s",
    "lane.restarted": "the worker of a lane that stood still was killed and is started again; lane",
    "leases.returned": "a worker died, and what it had claimed went back; worker, deliveries",
    "login.refused": "somebody did not get into the console; came_from, reason",
    "mail.failed": "a fault while a mail was carried; delivery_id, and the trace",
    "mail.unfit": "a mail that cannot be composed; delivery_id, error",
    "migration.failed": "the database could not be brought up to date; error",
    "operator.added": "somebody may come to the console; operator (who let them in), name, role",
    "operator.removed": "somebody may come to the console no more; operator, name",
    "process.failed": "a fault that nobody caught ended a process; the trace",
    "private_feed.made": "a reader made a private feed on the page of a subscription, or replaced it; "
    "subscription_id, renewed",
    "private_feed.revoked": "a reader ended the private feed of a subscription; subscription_id",
    "relay.refused": "the SMTP server cannot be reached or refuses the login: a person must act; relay, command, error",
    "settlement.refused": "the database refused what one try came to, even alone; delivery_id, the trace",
    "secrets.resealed": "everything that the ring seals and marks was brought under its first key; rows (written), "
    "unopened (that no key opens), twins (endpoints that have one)",
    "sentinel.blind": "the sentinel cannot read the database and will try again; error",
    "subscriber.ended": "a reader had everything ended, to be forgotten by upkeep, on the page of a subscription, or "
    "an operator at the console; subscription_id, or subscriber_id and operator",
    "subscriber.exported": "a reader took all that is kept about them from the page of a subscription, or an operator "
    "at the console; subscription_id, or subscriber_id and operator",
    "subscription.asked": "somebody filled in the form of /subscribe; nothing more is said, as nothing more is known",
    "subscription.confirmed": "a reader confirmed; subscription_id",
    "subscription.managed": "a reader used the page of a subscription, or an operator the console; subscription_id, "
    "action (changed, paused, resumed, ended), operator",
    "subscription.ended": "a subscription ended, what it was still owed is cancelled; subscription_id",
    "task.unknown": "a message that is no task of ours came to a worker and was thrown away; task (its name), error",
    "task.misplaced": "a task came to a worker of another lane and was left alone; lane",
    "thread.failed": "a fault that nobody caught ended a thread; thread, and the trace",
    "tracing.unavailable": "OpenTelemetry's environment asks for traces, and its packages are not installed; variable, "
    "mend (a command)",
    "turn.failed": "a fault in a lane's turn, which is tried again; lane, and the trace",
    "turn.refused": "the database refused a lane's turn, which is tried again; lane, error",
    "upkeep.done": "what upkeep touched; rows by job",
    "visits.uncounted": "visits of pages that mails lead to could not be written down and are left out; visits, error",
    "wechat_picture.left_out": "a picture of an article cannot be fetched, read or uploaded, and is left out; "
    "appid, address (without its query), use (inside, cover-wide, cover-square), error",
    "wechat_quota.spent": "WeChat takes no more calls of a path today, in China, and none is made; appid, path, until "
    "(Unix seconds)",
    "wechat_token.dropped": "WeChat refused the shared access token, and the next call fetches one; appid",
    "wechat_token.fetched": "an access token was fetched for all workers; appid, expires_in_s",
    "wechat_token.unshared": "Redis does not answer: this process goes by an access token of its own, the same one; "
    "appid, error",
    "worker.opened": "a worker has its store, courier and heart; lane, worker, pid",
    "worker.closed": "a worker gave everything back; lane, worker",
}
"""What each log event means, and which fields it carries. docs/operators/log.md is made from it."""
