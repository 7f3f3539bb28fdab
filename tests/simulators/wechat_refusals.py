"""How WeChat says no: a code, its short message, and (for the test only) why."""

import secrets
from typing import Any

from tests.simulators.serving import Answer

BAD_DATA = 47001
OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}


class Refused(Exception):
    """The platform does not take it."""

    def __init__(self, code: int, message: str, why: str = "", **more: Any) -> None:
        """*why* is kept for the test and not sent; *more* are further keys of the answer."""
        super().__init__(f"{code} {message}{': ' if why else ''}{why}")
        self.code, self.message, self.more = code, message, more

    def answer(self) -> Answer:
        """HTTP 200 all the same. protocols, 1.1: "errmsg ends in rid: …"."""
        rid = "-".join(secrets.token_hex(4) for _ in range(3))
        return Answer.json({"errcode": self.code, "errmsg": f"{self.message} rid: {rid}", **self.more})


def bad_data(why: str) -> Refused:
    """The body is not what this call takes."""
    return Refused(BAD_DATA, "data format error hint", why)
