"""What may come of a call to WeChat.

ZonewireError
└── WechatError            anything below
    ├── WechatRefused      the platform said no, with a code
    │   └── QuotaSpent     the day's calls of one path are used up (45009)
    └── WechatUnreachable  nothing that can be read came back

None of them shows a token or the AppSecret: errors of the HTTP library, which hold whole addresses, are no causes here.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from zonewire.errors import ZonewireError
from zonewire.telemetry import masked

BUSY, SYSTEM = -1, 61450
INVALID_CREDENTIAL, INVALID_TOKEN, TOKEN_EXPIRED = 40001, 40014, 42001
NO_SUCH_MEDIA, WRONG_SECRET, WRONG_APPID = 40007, 40125, 40013
SPENT, TOO_FREQUENT = 45009, 45011
NOT_LISTED, NOT_APPROVED = 40164, 89503
NOT_GRANTED, BANNED = 48001, 48004

TOKEN_REFUSED = frozenset({INVALID_CREDENTIAL, INVALID_TOKEN, TOKEN_EXPIRED})
"""The token is not, or no longer, taken: fetch one, and call once more."""
PASSING = frozenset({BUSY, SYSTEM, TOO_FREQUENT})
"""It may go better in a minute."""

CHINA = timezone(timedelta(hours=8), "CST")
"""Where WeChat's days begin."""

_CONSOLE = "mp.weixin.qq.com, 设置与开发 → 开发接口管理"
_MEND = {
    WRONG_SECRET: f"ZONEWIRE_WECHAT_SECRET is not the AppSecret of this account ({_CONSOLE}).",
    WRONG_APPID: f"ZONEWIRE_WECHAT_APPID is no account's AppID ({_CONSOLE}).",
    NOT_LISTED: f"Add this machine's address to the account's IP 白名单 ({_CONSOLE}); it takes about five minutes.",
    NOT_APPROVED: "An administrator of the account has to approve this machine's address in WeChat.",
    NOT_GRANTED: "The account may not make this call: see 接口权限 in the console; drafts need a certified account.",
    BANNED: "The call or the account is banned: see the notices in the console.",
}
_TOKEN = re.compile(r"[\w-]{40,}", re.ASCII)  # longer than any rid
_ADDRESS = re.compile(r"invalid ip ([0-9a-fA-F.:]+)")


class WechatError(ZonewireError):
    """A call to WeChat came to nothing. `where` is its path."""


class WechatRefused(WechatError):
    """The platform took the call, and said no."""

    def __init__(self, errcode: int, errmsg: str, path: str, *, mend: str = "") -> None:
        """*errmsg* ends in `rid: …`, which WeChat's support asks for."""
        said = _TOKEN.sub("…", masked(errmsg))
        super().__init__(f"errcode {errcode}: {said}", where=path, mend=mend or _MEND.get(errcode, ""))
        self.errcode, self.errmsg, self.path = errcode, said, path

    @property
    def address(self) -> str:
        """The address that WeChat sees us come from, where it says so (40164); else ""."""
        found = _ADDRESS.search(self.errmsg)
        return found[1] if found else ""


class QuotaSpent(WechatRefused):
    """The day's calls of *path* are used up; *until* is the next midnight in China, in Unix seconds."""

    def __init__(self, path: str, until: int, *, errmsg: str = "the day's calls are used up") -> None:
        day = datetime.fromtimestamp(until, UTC).astimezone(CHINA)
        super().__init__(SPENT, errmsg, path, mend=f"It goes on by itself at {day:%Y-%m-%d %H:%M} (UTC+8).")
        self.until = until


class WechatUnreachable(WechatError):
    """No answer that can be read. `lost`: the call went out, and the platform may have acted on it."""

    def __init__(self, what: str, path: str, *, lost: bool) -> None:
        super().__init__(what, where=path)
        self.path, self.lost = path, lost
