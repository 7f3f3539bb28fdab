"""What is counted while a drill goes on: receivers, events, and what the installation still has to do."""

from collections import Counter
from collections.abc import Sequence

from workers.drill.audience import CALLBACKS, Receiver
from workers.drill.board import Board
from workers.drill.newsroom import Act
from zonewire.errors import ZonewireError
from zonewire.hub import count_subscriptions
from zonewire.status import status
from zonewire.store import Store


def kinds(audience: Sequence[Receiver]) -> dict[str, int]:
    """How many receivers there are of each kind."""
    return dict(Counter(one.counted_as for one in audience)) | {"websub": CALLBACKS}


def acts(board: Board) -> dict[str, int]:
    """How many events of each sort were accepted."""
    acts: Counter[str] = Counter({act.value: 0 for act in Act})
    for versions in board.history().values():
        for before, news in zip([None, *versions], versions, strict=False):
            act = Act.NEW if before is None else Act.BRING_BACK if before.withdrawn else Act.UPDATE
            acts[(Act.WITHDRAW if news.withdrawn else act).value] += 1
    return dict(acts)


def subscribed_at_hub(store: Store) -> int:
    """How many callbacks the hub has verified."""
    with store.reading() as db:
        return count_subscriptions(db)


def waiting(store: Store) -> int:
    """What is owed or due now, wherever; at least one where the database does not say."""
    try:
        with store.reading() as db:
            found = status(db)
    except ZonewireError:
        return 1
    backlog, lanes = found["backlog"], found["lanes"]
    assert isinstance(backlog, int)  # noqa: S101  # as status() makes them
    assert isinstance(lanes, dict)  # noqa: S101
    return backlog + sum(int(lane["waiting"]) for name, lane in lanes.items() if not name.startswith("push."))
