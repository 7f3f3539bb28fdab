"""Every channel by its name. A channel is a module: its limits, and two pure functions."""

from typing import Protocol

from zonewire.channels import baidu, dingtalk, email, feishu, indexnow, slack, webhook, websub, wechat_oa, wecom
from zonewire.channels.limits import Limits
from zonewire.delivery.messages import CardMessage, Endpoint, Message
from zonewire.delivery.outcomes import Outcome
from zonewire.delivery.paces import Terms
from zonewire.outbound.courier import Reply, Request


class Channel(Protocol):
    """What a module of this package gives."""

    LIMITS: Limits

    def build(self, message: Message, endpoint: Endpoint) -> Request:
        """The request that carries *message* to *endpoint*. Raises for what the channel cannot express."""

    def judge(self, reply: Reply) -> Outcome:
        """How the try ended."""


class Robot(Channel, Protocol):
    """What a module gives whose platform has chats."""

    def parts(self, card: CardMessage) -> list[CardMessage]:
        """*card* as messages that the platform takes, each of which `build` makes a request of."""


ROBOTS: dict[str, Robot] = {"wecom": wecom, "dingtalk": dingtalk, "feishu": feishu, "slack": slack}

CHANNELS: dict[str, Channel] = {
    "email": email,
    "webhook": webhook,
    "websub": websub,
    **ROBOTS,
    "indexnow": indexnow,
    "baidu": baidu,
    "wechat_oa": wechat_oa,
}

TERMS: dict[str, Terms] = {name: channel.LIMITS.terms for name, channel in CHANNELS.items() if channel.LIMITS.terms}
"""Of the channels whose platforms let an endpoint have only so much."""
