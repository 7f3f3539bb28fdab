"""The subscription behind a link of a mail."""

from web.face import Face
from zonewire import subscriptions
from zonewire.errors import NotFound
from zonewire.keys import given_at_s, read_token
from zonewire.store import SECOND
from zonewire.subscriptions import Subscription

CLOCKS_APART_S = 300
"""As far the clock of who wrote the mail may be behind the database's."""


def subscription_behind(face: Face, purpose: str, token: str, *, max_age_s: int | None = None) -> Subscription:
    """What *token* opens for *purpose*. Raises NotFound for what is no link of ours, is too old, or leads to another.

    A subscription's key may be given again: SQLite's once the newest is forgotten, and any that came after a backup
    once that is restored. The link of somebody before must not open what is somebody else's now.
    """
    subscription_id = read_token(face.keys, purpose, token, max_age_s=max_age_s)
    with face.store.reading() as db:
        found = subscriptions.find(db, subscription_id)
    if given_at_s(face.keys, purpose, token) < found.created_at // SECOND - CLOCKS_APART_S:
        raise NotFound("this link is of a subscription that is no longer there", mend="Subscribe once more.")
    return found
