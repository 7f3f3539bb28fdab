"""Who is told of alarms: endpoints like others, which need no subscription, each with its language."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from zonewire.delivery.channel_names import ROBOTS
from zonewire.delivery.endpoints import shown_id
from zonewire.errors import WrongUsage
from zonewire.store import insert
from zonewire.store.tables import alarm_receivers, endpoints

CHANNELS = ("email", *ROBOTS, "webhook")
"""Those that an alarm can travel on."""

_RECEIVERS = (
    select(
        alarm_receivers.c.endpoint_id,
        alarm_receivers.c.locale,
        alarm_receivers.c.added_at,
        endpoints.c.channel,
        endpoints.c.address,
        endpoints.c.state,
        endpoints.c.gone,
    )
    .join(endpoints, endpoints.c.id == alarm_receivers.c.endpoint_id)
    .order_by(alarm_receivers.c.endpoint_id)
)
_CHANNEL = select(endpoints.c.channel).where(endpoints.c.id == bindparam("of_endpoint"))
_TELL = insert(alarm_receivers)
_TELL = _TELL.on_conflict_do_update(index_elements=["endpoint_id"], set_={"locale": _TELL.excluded.locale})
_UNTELL = delete(alarm_receivers).where(alarm_receivers.c.endpoint_id == bindparam("of_endpoint"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An endpoint that is told."""

    endpoint_id: int
    locale: str
    added_at: int
    channel: str
    address: str | None
    state: str
    gone: bool

    @property
    def is_on(self) -> bool:
        """Whether anything is sent there."""
        return self.state != "disabled" and not self.gone


def receivers(db: Connection) -> list[Receiver]:
    """All of them, the oldest endpoint first."""
    return [Receiver(**row) for row in db.execute(_RECEIVERS).mappings()]


def tell(db: Connection, endpoint_id: int, *, locale: str, now: int) -> None:
    """Let *endpoint_id* be told of what begins from now on, in *locale*. Raises WrongUsage for a channel that cannot.

    Told again, it only changes its language.
    """
    channel = db.execute(_CHANNEL, {"of_endpoint": endpoint_id}).scalar_one()
    if channel not in CHANNELS:
        raise WrongUsage(
            f"{shown_id(endpoint_id)} is a {channel} endpoint, which carries no alarms",
            mend=f"Alarms travel by {', '.join(CHANNELS)}.",
        )
    db.execute(_TELL, {"endpoint_id": endpoint_id, "locale": locale, "added_at": now})


def untell(db: Connection, endpoint_id: int) -> bool:
    """Tell *endpoint_id* nothing more, not even the end of what is on; whether it was told before."""
    return db.execute(_UNTELL, {"of_endpoint": endpoint_id}).rowcount > 0
