"""What the web process opened, handed to every route."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from config.settings import Settings
from zonewire.feeds import Catalogue
from zonewire.keys import KeyRing
from zonewire.store import Store


@dataclass(frozen=True, slots=True)
class Face:
    """Settings, database, keys, and a way to say that a lane may have work."""

    settings: Settings
    store: Store
    keys: KeyRing
    hint: Callable[[str], None]  # hint("events"): returns at once, harmless when lost
    broker_answers: Callable[[], bool]  # for /readyz: asks for a second at most
    catalogue: Catalogue = field(default_factory=Catalogue)  # what the portal says about itself and its feeds


def face_of(request: Request) -> Face:
    """The face that `create_app` was given."""
    face: Face = request.app.state.face
    return face
