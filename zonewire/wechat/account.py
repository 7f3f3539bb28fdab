"""Whose API is called."""

from dataclasses import dataclass, field

API = "https://api.weixin.qq.com"


@dataclass(frozen=True, slots=True)
class Account:
    """An Official Account, and where its API is. Never printed with its secret."""

    appid: str
    secret: str = field(repr=False)  # AppSecret
    api: str = API  # without a slash at the end
