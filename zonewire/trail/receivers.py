"""One receiver of a trail: what went there, and why something did not."""

from collections.abc import Sequence

from sqlalchemy import Connection

from zonewire.delivery.addresses import normalised
from zonewire.delivery.endpoints import SHOWN, existing_key
from zonewire.errors import NotFound, ZonewireError
from zonewire.trail import statements

Receiver = tuple[int, ...]
"""The keys of a receiver's endpoints: an address may be one of several channels."""


def receivers_of(db: Connection, name: str) -> Receiver:
    """The endpoints that *name* means: an endpoint's id, or an address. Raises NotFound."""
    if SHOWN.fullmatch(name):
        return (existing_key(db, name),)
    for folded in _spellings(name):
        found = db.execute(statements.ENDPOINTS_AT, {"address": name, "folded": folded}).scalars().all()
        if found:
            return tuple(found)
    raise NotFound(
        f"nobody is subscribed as {name[:200]!r}",
        mend="`zonewire endpoints list` shows every address; --to takes one of them, or its id.",
    )


def _spellings(name: str) -> Sequence[str]:
    found = [name]
    for channel in ("email", "webhook"):
        try:
            found.append(normalised(channel, name).text)
        except ZonewireError:
            continue
    return found
