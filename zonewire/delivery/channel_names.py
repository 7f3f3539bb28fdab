"""The channels by name: those that this version pushes by, and those that are still to come."""

from zonewire.errors import WrongUsage

BUILT = ("email", "webhook")
"""Each has its module in zonewire/channels."""

TO_COME = ("websub", "wecom", "dingtalk", "feishu", "wechat_oa", "indexnow", "baidu")


def check_channel(name: str, *, where: str) -> None:
    """Raise WrongUsage where nothing is pushed by the channel *name*, and say which ones there are."""
    if name in TO_COME:
        raise WrongUsage(
            f"this version does not have {name} yet", where=where, mend=f"It pushes by {' and '.join(BUILT)}."
        )
    if name not in BUILT:
        raise WrongUsage(f"{name[:40]!r} is no channel", where=where, mend=f"Channels are {', '.join(BUILT)}.")
