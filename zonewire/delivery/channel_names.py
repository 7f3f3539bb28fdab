"""The channels by name: those that this version pushes by, and those that are still to come."""

from collections.abc import Sequence

from zonewire.errors import WrongUsage

BUILT = ("email", "webhook", "websub")
"""Each has its module in zonewire/channels."""

TO_COME = ("wecom", "dingtalk", "feishu", "wechat_oa", "indexnow", "baidu")


def check_channel(name: str, *, where: str, among: Sequence[str] = BUILT) -> None:
    """Raise WrongUsage where nothing is pushed by the channel *name*, and say *among* which it can be."""
    if name in TO_COME:
        raise WrongUsage(
            f"this version does not have {name} yet",
            where=where,
            mend="It pushes by email and webhook, and by websub to those who subscribe at /hub.",
        )
    if name not in BUILT:
        raise WrongUsage(f"{name[:40]!r} is no channel", where=where, mend=f"Channels are {', '.join(among)}.")
