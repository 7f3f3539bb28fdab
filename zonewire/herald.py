"""The herald: carries alarms to operators at once, on connections of its own.

It takes no lane and needs no worker, no broker and no ledger: an alarm that says that a lane stands still may not wait
on it. What a channel makes of a message, and reads from an answer, is the same as everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
import structlog

from zonewire.alarms import Known, Places, Receiver
from zonewire.alarms.messages import message_of
from zonewire.alarms.telling import Telling
from zonewire.alarms.words import TEST
from zonewire.channels.registry import CHANNELS, ROBOTS
from zonewire.delivery.endpoints import shown_id
from zonewire.delivery.mailing import Mailing
from zonewire.delivery.messages import CardMessage, Endpoint, Message
from zonewire.delivery.outcomes import Delivered, Later, Never, Outcome
from zonewire.errors import AddressRefused, TooLarge, ZonewireError
from zonewire.outbound.courier import ANSWER_BYTES, HttpRequest, MailRequest, Reply, Request
from zonewire.outbound.couriers.eml import Outbox
from zonewire.outbound.couriers.smtp import Line, Relay, Timeouts
from zonewire.outbound.guard import Guard
from zonewire.outbound.session import guarded_session, read_bounded

log = structlog.get_logger()

WITHIN_S = 10.0
TIMEOUTS = Timeouts(connect=5.0, command=10.0, final_dot=30.0)
"""Shorter than for readers' mail: somebody else waits to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Herald:
    """What messages to operators are made of, and ways to send them."""

    mailing: Mailing
    places: Places
    guard: Guard
    relay: Relay | None  # None: mails are written into `outbox`
    outbox: Path
    installation: str = ""

    def carry(self, telling: Telling, endpoint: Endpoint, *, now: int) -> Outcome:
        """Tell it; what became of it. Raises nothing: whatever is wrong with one keeps no other from being told."""
        ident = telling.ident(self.installation)
        try:
            message = message_of(telling, ident=ident, mailing=self.mailing, places=self.places, now=now)
            outcome = self._sent(message, endpoint)
            if isinstance(message, CardMessage) and isinstance(outcome, Never) and outcome.has_plainer:
                outcome = self._sent(message._replace(plain=True), endpoint)
        except ZonewireError as error:
            return Never(error.what)
        except Exception as error:
            log.exception("alarm.failed", alarm=telling.alarms[0].name, endpoint_id=shown_id(endpoint.id))
            return Later(f"a fault of ours ({type(error).__name__}); the log has its trace")
        return outcome

    def _sent(self, message: Message, endpoint: Endpoint) -> Outcome:
        channel = CHANNELS[endpoint.channel]
        outcome: Outcome = Delivered()
        parts = ROBOTS[endpoint.channel].parts(message) if isinstance(message, CardMessage) else [message]
        for part in parts:
            outcome = channel.judge(self._answer(channel.build(part, endpoint)))
            if not isinstance(outcome, Delivered):
                break
        return outcome

    def _answer(self, request: Request) -> Reply:
        match request:
            case HttpRequest():
                return _posted(request, self.guard)
            case MailRequest():
                return self._mailed(request)
            case _:
                raise TypeError(f"no alarm is a {type(request).__name__}")

    def _mailed(self, request: MailRequest) -> Reply:
        line = Outbox(self.outbox) if self.relay is None else Line(self.relay)
        content = request.content if isinstance(request.content, bytes) else request.content()
        try:
            return line.carry(request, content)
        finally:
            line.rest()


def relay_of(url: str | None) -> Relay | None:
    """The relay of SMTP_URL, with less patience than the lane of mail has."""
    return None if url is None else Relay.of(url, timeouts=TIMEOUTS)


def try_out(herald: Herald, receiver: Receiver, place: Endpoint | ZonewireError, *, now: int) -> str:
    """Tell *receiver* of an alarm that is none; what was in the way, "" where it was delivered."""
    if isinstance(place, ZonewireError):
        return place.what
    alarm = Known(id=0, name=TEST, about="", began_at=now, seen_at=now)
    outcome = herald.carry(Telling(receiver=receiver, is_over=False, alarms=(alarm,)), place, now=now)
    return "" if isinstance(outcome, Delivered) else outcome.error


def _posted(request: HttpRequest, guard: Guard) -> Reply:
    headers: Mapping[str, str] = dict(line.split(": ", 1) for line in request.headers)
    session = guarded_session(guard, timeout_s=WITHIN_S)
    try:
        answer = session.post(request.url, data=request.body, headers=headers)
        body = read_bounded(answer, most_bytes=ANSWER_BYTES)
    except AddressRefused as error:
        return Reply(error=error.what, refused=True)
    except TooLarge:
        return Reply(status=answer.status_code, broken=True)
    except requests.exceptions.ConnectTimeout:
        return Reply(error="no connection in time")
    except requests.exceptions.Timeout:
        return Reply(error="no answer in time", lost=True)
    except requests.RequestException as error:  # its words name the address, which may be a secret
        return Reply(error=f"the connection failed ({type(error).__name__})")
    finally:
        session.close()
    after = answer.headers.get("retry-after", "")
    return Reply(answer.status_code, body, int(after) if after.isdecimal() else None)
