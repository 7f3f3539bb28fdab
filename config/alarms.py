"""What alarms are told with, as the settings give it."""

import shutil
from collections.abc import Callable
from pathlib import Path

from config.catalogue import catalogue_of
from config.guard import guard_of
from config.keys import ring_of
from config.settings import Settings
from zonewire.alarms import Places, Surroundings
from zonewire.delivery.mailing import Mailing
from zonewire.herald import Herald, relay_of
from zonewire.store import Store, migrate


def places_of(settings: Settings) -> Places:
    """Where links of alarms lead."""
    return Places(settings.base, settings.runbook)


def herald_of(settings: Settings, store: Store) -> Herald:
    """Whoever carries alarms from this process."""
    with store.reading() as db:
        installation = migrate.installation_name(migrate.installation_number(db))
    return Herald(
        mailing=Mailing(settings.base, settings.mail_from, ring_of(settings), catalogue_of(settings).portal),
        places=places_of(settings),
        guard=guard_of(settings),
        relay=relay_of(settings.smtp_url.get_secret_value() if settings.smtp_url else None),
        outbox=settings.data_dir / "outbox",
        installation=installation,
    )


def look_around(settings: Settings, broker_answers: Callable[[], bool]) -> Surroundings:
    """What stands in no database."""
    free, size = _disk(settings.data_dir)
    return Surroundings(disk_free=free, disk_size=size, is_broker_up=broker_answers())


def _disk(folder: Path) -> tuple[int, int] | tuple[None, None]:
    try:
        disk = shutil.disk_usage(folder)
    except OSError:  # the rest can be seen all the same
        return None, None
    return disk.free, disk.total
