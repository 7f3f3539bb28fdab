"""Every channel by its name. A channel is a module: its limits, and two pure functions."""

from typing import Protocol

from zonewire.channels import email, webhook, websub
from zonewire.channels.limits import Limits
from zonewire.delivery.messages import Endpoint, Message
from zonewire.delivery.outcomes import Outcome
from zonewire.outbound.courier import Reply, Request


class Channel(Protocol):
    """What a module of this package gives."""

    LIMITS: Limits

    def build(self, message: Message, endpoint: Endpoint) -> Request:
        """The request that carries *message* to *endpoint*. Raises for what the channel cannot express."""

    def judge(self, reply: Reply) -> Outcome:
        """How the try ended."""


CHANNELS: dict[str, Channel] = {"email": email, "webhook": webhook, "websub": websub}
