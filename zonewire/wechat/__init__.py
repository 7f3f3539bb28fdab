"""WeChat's API for an Official Account (公众号): token, pictures, covers, drafts and publishing.

Takes what it needs as arguments, and imports keys, outbound, store, telemetry and errors. Mass sending is not here.
"""

from zonewire.wechat.account import Account
from zonewire.wechat.client import WechatClient
from zonewire.wechat.errors import QuotaSpent, WechatError, WechatRefused, WechatUnreachable
from zonewire.wechat.shared import Shared
from zonewire.wechat.tokens import TokenKeeper

__all__ = [
    "Account",
    "QuotaSpent",
    "Shared",
    "TokenKeeper",
    "WechatClient",
    "WechatError",
    "WechatRefused",
    "WechatUnreachable",
]
