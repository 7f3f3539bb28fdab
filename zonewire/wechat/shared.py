"""What all workers know of one account, in Redis, by names of its own. Nothing here is lost for good with Redis."""

from typing import Any, Protocol

# Deletes what is as the caller knows it. Two calls (GET, DEL) would delete what another has put there in between.
_DROP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end"


class RedisClient(Protocol):
    """As much of redis-py as is used here, answering in bytes."""

    def get(self, name: str, /) -> Any:
        """GET."""

    def set(self, name: str, value: bytes, /, *, px: int, nx: bool = False) -> Any:
        """SET … PX, or SET … PX … NX."""

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        """EVAL."""


class SharedAway(Exception):
    """Redis does not answer. Whoever shares goes on alone."""


class Shared:
    """Values that expire. Every method raises SharedAway where Redis fails."""

    def __init__(self, client: RedisClient, *, appid: str, failures: tuple[type[Exception], ...]) -> None:
        """*failures*: what *client* raises, for redis-py (RedisError,). It should not try for seconds by itself."""
        self._client, self._failures = client, failures
        self._prefix = f"zonewire:wechat:{appid}:"

    def get(self, name: str) -> bytes | None:
        """The value, if it is there."""
        found = self._asked("get", self._prefix + name)
        return None if found is None else bytes(found)

    def put(self, name: str, value: bytes, *, for_s: float) -> None:
        """Keep *value* for *for_s* seconds."""
        self._asked("set", self._prefix + name, value, px=_milliseconds(for_s))

    def put_if_absent(self, name: str, value: bytes, *, for_s: float) -> bool:
        """Keep *value* where there is none; whether it was kept."""
        return bool(self._asked("set", self._prefix + name, value, px=_milliseconds(for_s), nx=True))

    def drop(self, name: str, value: bytes) -> bool:
        """Delete *value* if it is still what is there; whether it was."""
        return bool(self._asked("eval", _DROP, 1, self._prefix + name, value))

    def _asked(self, method: str, *args: Any, **options: Any) -> Any:
        try:
            return getattr(self._client, method)(*args, **options)
        except self._failures as error:
            said = str(error).partition("\n")[0]
        raise SharedAway(said)


def _milliseconds(seconds: float) -> int:
    return max(int(seconds * 1000), 1)
