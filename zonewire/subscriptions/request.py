"""What somebody asks for when they subscribe, valid and complete."""

from dataclasses import dataclass

from zonewire.delivery.addresses import Address
from zonewire.filters import Filter
from zonewire.subscriptions.windows import next_cut

TEMPLATE = "digest"
"""The template of every digest; others may come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """A subscription that may be made. Only `validate.read_options` builds one from what people write."""

    address: Address
    wanted: Filter
    cadence: str  # instant, hourly, daily, weekly
    at_minute: int = 8 * 60  # local time of day, minutes after midnight
    weekday: int = 0  # Monday is 0; weekly only
    timezone: str = "Asia/Shanghai"
    locale: str = "zh-CN"
    secret: str | None = None  # `whsec_…`, for a webhook's endpoint that is new
    submit: bool = False  # wechat_oa: each draft is submitted for publication
    confirmed: bool = False  # the reader has agreed already
    paused: bool = False  # it rests from the start
    paused_until: int | None = None  # and until then (microseconds); None: until its reader resumes it

    @property
    def channel(self) -> str:
        """How it is delivered."""
        return self.address.channel

    @property
    def state(self) -> str:
        """The state that it begins in: only email waits for its reader's word."""
        if self.channel == "email" and not self.confirmed:
            return "unconfirmed"
        return "paused" if self.paused else "active"

    def next_cut(self, now: int) -> int | None:
        """When its first window is cut if it becomes active *now*."""
        return next_cut(self.cadence, at_minute=self.at_minute, weekday=self.weekday, timezone=self.timezone, now=now)
