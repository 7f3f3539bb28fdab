"""What the forms of `/manage` do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import orjson
import structlog
from fastapi import Request, Response
from sqlalchemy import Connection

from web.face import Face, face_of
from web.numbers import number_in
from web.pages import locale_of
from web.public.polling import client_of
from web.public.wishes import is_same_wish, wish_of
from zonewire import digests, subscriptions
from zonewire.delivery.addresses import normalised
from zonewire.errors import NotFound, WrongUsage
from zonewire.filters import Filter, parse_written
from zonewire.rendering.translation import words
from zonewire.store import SECOND, migrate, now
from zonewire.subscriptions import Asker, Subscription, owner_of, subscriber_of

log = structlog.get_logger()

FIELDS = ("cadence", "at", "weekday", "timezone", "locale")
FEED_ACTIONS = {"make_feed": "feed_made", "renew_feed": "feed_renewed", "end_feed": "feed_ended"}
LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a token opens; `is_owner`: whoever holds it reads the mailbox now."""

    subscription: Subscription
    is_owner: bool


class Expired(NotFound):
    """A token that is one of ours, and was for an hour."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a form did, for the page to say: a key of the words, and how many articles will not be sent."""

    said: str
    left_out: int | None = 0  # None: more than can be counted


def do(request: Request, before: Subscription, fields: Mapping[str, Sequence[str]]) -> tuple[Subscription, Done]:
    """Do what *fields* say about the subscription that was *before*; as it is then.

    Raises WrongUsage with the field in `where`, Conflict, TooMany.
    """
    face, form = face_of(request), {name: values[-1] for name, values in fields.items() if values}
    action = form.get("action", "")
    if action == "links":
        return before, Done("mailed" if _mail_links(request, before) else "mailed_enough")
    with face.store.writing() as db:
        if action in FEED_ACTIONS:
            said, subscription = _done_to_feed(db, before.id, form, face), before
        else:
            subscription, said = _moved(db, before, fields, form)
    _write_down(subscription, said)
    return subscription, Done(said, _left_out(face, before, subscription) if said == "resumed" else 0)


def _moved(
    db: Connection, before: Subscription, fields: Mapping[str, Sequence[str]], form: Mapping[str, str]
) -> tuple[Subscription, str]:
    """The subscription as it is now, and what was done: a key of the words."""
    match form.get("action", ""):
        case "change":
            rhythm = subscriptions.read_rhythm({name: form[name] for name in FIELDS if name in form}, was=before)
            wanted = _wanted(before, fields)
            return subscriptions.change(db, before.id, rhythm, now(db), wanted=wanted), "changed"
        case "pause":
            return subscriptions.pause(db, before.id, now(db), until=_until(form, before.timezone)), "paused"
        case "resume":
            return subscriptions.resume(db, before.id, now(db)), "resumed"
        case "unsubscribe":
            return subscriptions.unsubscribe(db, before.id, now(db)), "ended"
    raise WrongUsage("no form of ours says this", where="action")


def _wanted(before: Subscription, fields: Mapping[str, Sequence[str]]) -> Filter | None:
    """The filter that *fields* ask for; None where it is the one that there is, which is never written anew."""
    wish = wish_of(fields)
    if "with_filter" not in fields or is_same_wish(wish, parse_written(before.written)):
        return None
    return subscriptions.read_filter(wish)


def _until(form: Mapping[str, str], timezone: str) -> int | None:
    """The beginning of the day on which a pause ends, in microseconds; None where none is named."""
    given = form.get("until", "").strip()
    if not given:
        return None
    zone = ZoneInfo(timezone)
    today = datetime.now(zone).date()
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = today
    if not today < day <= today + LONGEST_PAUSE:
        raise WrongUsage(f"{given[:40]!r} is no day of the coming year", where="until")
    return int(datetime.combine(day, time(), zone).timestamp()) * SECOND


def _done_to_feed(db: Connection, subscription_id: int, form: Mapping[str, str], face: Face) -> str:
    """What was done to the private feed: a key of the words."""
    said = FEED_ACTIONS[form["action"]]
    match said:
        case "feed_made":
            made = subscriptions.make_private_feed(db, subscription_id, keys=face.keys, now=now(db))
            return said if made.is_new else "feed_there"
        case "feed_renewed":
            subscriptions.renew_private_feed(db, subscription_id, keys=face.keys, now=now(db), was=_meant(form))
        case "feed_ended":
            subscriptions.revoke_private_feed(db, subscription_id, now=now(db), was=_meant(form))
    return said


def _meant(form: Mapping[str, str]) -> int | None:
    """Which private feed the page showed: a form that is sent twice must not end the one that it has just made."""
    return number_in(form.get("was", ""))


def _mail_links(request: Request, before: Subscription) -> bool:
    """Whether they are on their way: the mailbox may have had its mails of the day."""
    face, t = face_of(request), words(locale_of(request))
    if before.channel != "email" or before.address is None:
        raise WrongUsage("only a mailbox is sent links", where="action")
    asker = Asker(address=client_of(request) or "127.0.0.1", locale=t.locale, wording=t("manage.owner_lead"))
    address = normalised("email", before.address)
    with face.store.writing() as db:
        is_owed = subscriptions.ask_for_links(db, address, asker, keys=face.keys, now=now(db), known=before.id)
    face.hint("push.email")
    return is_owed


def export(request: Request, before: Subscription) -> Response:
    """All that is kept about the reader, as a file for them to have."""
    face = face_of(request)
    with face.store.reading() as db:
        found = subscriber_of(db, owner_of(before.address or ""), keys=face.keys)
        number = migrate.installation_number(db)
        kept = subscriptions.export_subscriber(db, found.id, installation=number, now=now(db))
    log.info("subscriber.exported", subscription_id=before.id)
    headers = {"Content-Disposition": 'attachment; filename="subscriptions.json"', "Cache-Control": "no-store"}
    body = orjson.dumps(kept, option=orjson.OPT_INDENT_2)
    return Response(body, media_type="application/json", headers=headers)


def forget(request: Request, before: Subscription, *, is_sure: bool) -> None:
    """End all that the reader has and is owed; upkeep removes who it was as soon as nothing is on its way."""
    if not is_sure:
        raise WrongUsage("nobody is forgotten by a slip", where="sure")
    face = face_of(request)
    with face.store.writing() as db:
        found = subscriber_of(db, owner_of(before.address or ""), keys=face.keys)
        subscriptions.end_everything(db, found, keys=face.keys, now=now(db))
    log.info("subscriber.ended", subscription_id=before.id)


def _left_out(face: Face, before: Subscription, after: Subscription) -> int | None:
    """How many articles lie between the window that was and the one that is. Read by itself: it may take a while."""
    with face.store.reading() as db:
        return digests.count_left_out(
            db,
            filter_id=before.filter_id,
            after=before.window_after,
            up_to=after.window_after,
            subscription_id=before.id,
            filter_ids={before.filter_id, *before.earlier_filters},
        )


def _write_down(subscription: Subscription, said: str) -> None:
    if said in {"feed_made", "feed_renewed"}:
        log.info("private_feed.made", subscription_id=subscription.id, renewed=said == "feed_renewed")
    elif said == "feed_ended":
        log.info("private_feed.revoked", subscription_id=subscription.id)
    elif said != "feed_there":
        log.info("subscription.managed", subscription_id=subscription.id, action=said)
