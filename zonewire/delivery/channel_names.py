"""The channels by name: those that this version pushes by, and those that are still to come."""

from collections.abc import Sequence

from zonewire.errors import WrongUsage

ROBOTS = ("wecom", "dingtalk", "feishu", "slack")
"""Of chats: their addresses are secrets, and they may be sent little a minute."""

BUILT = ("email", "webhook", "websub", *ROBOTS, "wechat_oa", "indexnow", "baidu")
"""Each has its module in zonewire/channels."""

SEALED = frozenset(ROBOTS)
"""Whoever knows the address can write there: it is kept sealed, and shown in part."""

TOLD_BY_URL = ("indexnow", "baidu")
"""Search engines: they are told addresses, and nothing else."""


def check_channel(name: str, *, where: str, among: Sequence[str] = BUILT) -> None:
    """Raise WrongUsage where nothing is pushed by the channel *name*, and say *among* which it can be."""
    if name not in BUILT:
        raise WrongUsage(f"{name[:40]!r} is no channel", where=where, mend=f"Channels are {', '.join(among)}.")
