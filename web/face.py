"""What the web process opened, handed to every route."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from starlette.requests import Request

from config.settings import Settings
from tasks.inspection import NOTHING, Inspect
from zonewire.delivery.mailing import Mailing
from zonewire.feeds import Catalogue
from zonewire.keys import KeyRing
from zonewire.store import Store


@dataclass(frozen=True)
class Face:
    """Settings, database, keys, and a way to say that a lane may have work."""

    settings: Settings
    store: Store
    keys: KeyRing
    hint: Callable[[str], None]  # hint("events"): returns at once, harmless when lost
    broker_answers: Callable[[], bool]  # for /readyz: asks for a second at most
    catalogue: Catalogue = field(default_factory=Catalogue)  # what the portal says about itself and its feeds
    inspect: Inspect = lambda _workers: NOTHING  # what Celery says of workers that are named, within a second
    installation: str = ""  # migrate.installation_name: which one this is, for whoever wonders

    @cached_property
    def mailing(self) -> Mailing:
        """What mails of this installation begin with and lead to."""
        settings = self.settings
        return Mailing(settings.base, settings.mail_from, self.keys, self.catalogue.portal)


def face_of(request: Request) -> Face:
    """The face that `create_app` was given."""
    face: Face = request.app.state.face
    return face
