"""Loading: the message of each load on the lane of robots and search engines, and how much of it one request takes.

A load names several deliveries of one endpoint. What does not fit into its platform's message goes back, to be claimed
again in a moment; a digest of several messages goes on where it was left. It only reads.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection

from zonewire.articles import reading
from zonewire.channels.registry import ROBOTS, Robot
from zonewire.delivery.channel_names import TOLD_BY_URL
from zonewire.delivery.ledger import Claimed
from zonewire.delivery.loads import Load
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import CardMessage, Message, NoRoom, UrlsMessage
from zonewire.delivery.states import Kind
from zonewire.digests.cards import Card, OwedCard, cards_of, recounted
from zonewire.digests.drafting import OwedDraft, draft_message
from zonewire.errors import SettingWrong, StoreBusy, StoreUnavailable

WAITS = "What is owed waits for it."

Loaded = Message | NoRoom | Exception | None


class ServiceUnset(SettingWrong):
    """A setting that a channel needs is missing, or was changed: what is owed there waits until it is mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The search engines and what proves to them that the sites are ours; our Official Account. Never log a key."""

    baidu: str = ""
    baidu_token: str = ""
    indexnow: str = ""
    indexnow_key: str = ""
    wechat_appid: str = ""

    @property
    def unset(self) -> Mapping[str, str]:
        """The channels that cannot be subscribed to, each with the setting that it lacks."""
        needed = {
            "baidu": (self.baidu_token, "ZONEWIRE_BAIDU_TOKEN"),
            "indexnow": (self.indexnow_key, "ZONEWIRE_INDEXNOW_KEY"),
            "wechat_oa": (self.wechat_appid, "ZONEWIRE_WECHAT_APPID"),
        }
        return {channel: setting for channel, (value, setting) in needed.items() if not value}

    @property
    def only(self) -> Mapping[str, str]:
        """The channels that have one address alone."""
        return {"wechat_oa": self.wechat_appid} if self.wechat_appid else {}

    def of(self, channel: str) -> tuple[str, str]:
        """Where *channel*'s engine is told, and by which key. Raises ServiceUnset."""
        if channel in self.unset:
            raise ServiceUnset(f"is not set, so {channel} would not believe us", where=self.unset[channel], mend=WAITS)
        return (self.baidu, self.baidu_token) if channel == "baidu" else (self.indexnow, self.indexnow_key)


class Portion(NamedTuple):
    """Some rows of a load, with what they become: one message, nothing any more, or why there is none."""

    rows: tuple[Claimed, ...]
    message: Loaded
    notes: dict[int, str] = {}  # noqa: RUF012 - by row, for whoever settles it: see `building.Builder.notes`


def portions_of(
    db: Connection, loads: Sequence[Load], *, sites: Mapping[int, str], mailing: Mailing, services: Services, at: int
) -> list[list[Portion]]:
    """What becomes of each of *loads*. *sites* has the addresses of search engines' endpoints, *at* is in Unix seconds.

    Raises what the database raises; whatever else goes wrong spoils its own load alone.
    """
    robots = [load for load in loads if load.rows[0].channel in ROBOTS]
    cards = dict(zip((load.rows[0].id for load in robots), _cards(db, robots, mailing, at), strict=True))
    return [
        _robot_portions(load, cards[load.rows[0].id])
        if load.rows[0].id in cards
        else _service_portions(db, load, sites, mailing, services)
        for load in loads
    ]


def _service_portions(
    db: Connection, load: Load, sites: Mapping[int, str], mailing: Mailing, services: Services
) -> list[Portion]:
    """Of a load that goes to no chat."""
    to = sites.get(load.rows[0].endpoint_id, "")
    try:
        if load.rows[0].channel in TOLD_BY_URL:
            return _engine_portions(db, load, to, mailing, services)
        return [_draft_portion(db, load, to, mailing, services)]
    except (StoreBusy, StoreUnavailable):
        raise
    except Exception as error:  # whatever it is: it is this load's alone
        return [Portion(load.rows, error)]


# --- robots ----------------------------------------------------------------------------------------------------------


def _cards(db: Connection, loads: Sequence[Load], mailing: Mailing, at: int) -> list[Card | Exception | None]:
    """All at once; where that fails, one by one, so that a poisoned one falls alone."""
    if not loads:
        return []
    try:
        return list(cards_of(db, [_owed(load) for load in loads], mailing=mailing, at=at))
    except (StoreBusy, StoreUnavailable):
        raise
    except Exception as error:
        if len(loads) == 1:
            return [error]
    return [card for load in loads for card in _cards(db, [load], mailing, at)]


def _owed(load: Load) -> OwedCard:
    first = load.rows[0]
    news = tuple((row.number, row.event_type) for row in load.rows if row.number is not None and row.event_type)
    is_test = first.kind == Kind.TEST
    edition_id = first.edition_id if first.kind == Kind.DIGEST else None
    return OwedCard(
        endpoint_id=first.endpoint_id, edition_id=edition_id, news=() if is_test else news, plain=bool(first.plain)
    )


def _robot_portions(load: Load, card: Card | Exception | None) -> list[Portion]:
    if card is None or isinstance(card, Exception):
        return [Portion(load.rows, card)]
    robot = ROBOTS[load.rows[0].channel]
    try:
        if load.rows[0].kind == Kind.DIGEST:
            return [_part(load, robot, card)]
        first = robot.parts(card.message)[0]
    except Exception as error:  # a card that no form can hold is this load's alone
        return [Portion(load.rows, error)]
    n = max(1, len(first.items))
    told = Portion(load.rows[:n], recounted(first._replace(part=1, parts=1)))
    return [told, Portion(load.rows[n:], NoRoom())] if load.rows[n:] else [told]


def _part(load: Load, robot: Robot, card: Card) -> Portion:
    """The next message of a digest, without what was withdrawn.

    It is cut as its rich form is, whatever has been refused of that since; a row counts the articles that were told.
    """
    (row,) = load.rows
    whole = robot.parts(card.message._replace(plain=False))
    ends = list(accumulate(len(part.items) for part in whole))
    told = row.part
    while told < ends[-1]:
        nth = bisect_right(ends, told)
        begin = ends[nth] - len(whole[nth].items)
        part = _rest_of(robot, whole[nth], skipped=told - begin, plain=card.message.plain)
        told += len(part.items)
        if items := tuple(one for one in part.items if one.number not in card.withdrawn):
            is_last = all(one.number in card.withdrawn for one in card.message.items[told:])
            message = part._replace(items=items, part=nth + 1, parts=len(whole))
            return Portion(load.rows, message, {} if is_last else {row.id: str(told)})
    return Portion(load.rows, None)


def _rest_of(robot: Robot, part: CardMessage, *, skipped: int, plain: bool) -> CardMessage:
    """*part* without its first articles, as far as a message of the form that is to be sent holds it."""
    rest = part._replace(items=part.items[skipped:], lead="" if skipped else part.lead, plain=plain)
    return rest if not plain else robot.parts(rest)[0]


# --- search engines --------------------------------------------------------------------------------------------------


def _engine_portions(db: Connection, load: Load, site: str, mailing: Mailing, services: Services) -> list[Portion]:
    """The addresses of a load: those of *site* with one scheme; others of it come next, and strangers never."""
    service, key = services.of(load.rows[0].channel)
    urls = _urls(db, load, mailing)
    places = {row.id: urlsplit(urls[row.id]) for row in load.rows}
    of_site = [row for row in load.rows if places[row.id].netloc.lower() == site]
    scheme = places[of_site[0].id].scheme if of_site else ""
    told = tuple(row for row in of_site if places[row.id].scheme == scheme)
    later = tuple(row for row in of_site if places[row.id].scheme != scheme)
    strangers = tuple(row for row in load.rows if places[row.id].netloc.lower() != site)
    notes = {row.id: urls[row.id] for row in told}
    message = UrlsMessage(tuple(dict.fromkeys(notes.values())), service, key)
    portions = (Portion(told, message, notes), Portion(later, NoRoom()), Portion(strangers, None))
    return [portion for portion in portions if portion.rows]


def _urls(db: Connection, load: Load, mailing: Mailing) -> dict[int, str]:
    """The address of each row's article."""
    versions = reading.by_numbers(db, sorted({row.number for row in load.rows if row.number is not None}))
    return {
        row.id: reading.address_of(versions[row.number], mailing.base_url)
        for row in load.rows
        if row.number is not None
    }


# --- Official Accounts -----------------------------------------------------------------------------------------------


def _draft_portion(db: Connection, load: Load, appid: str, mailing: Mailing, services: Services) -> Portion:
    """What one delivery wants done about a draft of the account *appid*."""
    if appid != services.wechat_appid:
        raise ServiceUnset(f"is not {appid}, the account of this endpoint", where="ZONEWIRE_WECHAT_APPID", mend=WAITS)
    return Portion(load.rows, draft_message(db, owed_draft(load.rows[0]), mailing=mailing))


def owed_draft(row: Claimed) -> OwedDraft:
    """*row* as a draft's."""
    return OwedDraft(
        id=row.id,
        kind=Kind(row.kind),
        endpoint_id=row.endpoint_id,
        edition_id=row.edition_id,
        subscription_id=row.subscription_id,
        part=row.part,
        was_tried=row.attempts > 0 or row.unknowns > 0,
    )
