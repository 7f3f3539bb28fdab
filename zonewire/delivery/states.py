"""A delivery's life: its states, its kinds, and the only moves between states."""

from enum import Enum, StrEnum

from sqlalchemy import Update, update

from zonewire.store.tables import deliveries


class State(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"  # owed, never tried
    SENDING = "sending"  # claimed under a lease
    RETRYING = "retrying"  # tried, or its lease ran out; waits for its time
    DELIVERED = "delivered"
    DEAD = "dead"  # a dead letter: its tries ran out, or it can never work
    CANCELLED = "cancelled"


class Kind(StrEnum):
    """What a delivery is about. The first two are an article's and never change: the unique key rests on them."""

    NEWS = "news"
    WITHDRAWAL = "withdrawal"
    DIGEST = "digest"
    RESEND = "resend"  # a digest once more, to who has it: an operator's doing, beside the delivery that was made
    REVISION = "revision"  # a draft of a digest is written anew, since an article in it has changed
    CONFIRMATION = "confirmation"
    LINKS = "links"  # to whoever asks on our pages what is subscribed at an address: the links to change it
    TEST = "test"  # `endpoints test`
    NOTICE = "notice"  # a changed feed document, to a subscriber of the hub; to another's hub, that it changed
    VERIFICATION = "verification"  # the hub asks whether a request was meant (WebSub §5.3)
    DENIAL = "denial"  # the hub says that a subscription is over (WebSub §5.2)


ARTICLE_KINDS = (Kind.NEWS, Kind.WITHDRAWAL)
INTENT_KINDS = (Kind.VERIFICATION, Kind.DENIAL)
"""Questions and answers about a subscription: a few tries within minutes, and over."""


class Move(Enum):
    """Every way that a delivery changes state. There is no other."""

    CLAIM = ((State.PENDING, State.RETRYING), State.SENDING)
    DELIVER = ((State.SENDING,), State.DELIVERED)
    RETRY = ((State.SENDING,), State.RETRYING)  # the try failed, or the lease ran out
    BURY = ((State.SENDING,), State.DEAD)
    CANCEL = ((State.PENDING, State.RETRYING, State.DEAD), State.CANCELLED)
    REPLAY = ((State.DEAD, State.CANCELLED), State.PENDING)

    @property
    def sources(self) -> tuple[State, ...]:
        """The states that it leaves."""
        sources: tuple[State, ...] = self.value[0]
        return sources

    @property
    def target(self) -> State:
        """The state that it ends in."""
        target: State = self.value[1]
        return target

    def statement(self) -> Update:
        """The guarded UPDATE: a row that has left the sources meanwhile stays as it is."""
        return update(deliveries).where(deliveries.c.state.in_(self.sources)).values(state=self.target)
