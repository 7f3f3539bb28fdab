"""The Official Account of the settings, with all that its errands need."""

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.guard import guard_of
from config.keys import ring_of
from config.settings import Settings
from zonewire.delivery import readings
from zonewire.outbound import Guard
from zonewire.outbound.session import guarded_session
from zonewire.store import Store
from zonewire.wechat import Account, Shared, TokenKeeper, WechatClient
from zonewire.wechat.errands import Errands
from zonewire.wechat.fetching import Fetcher
from zonewire.wechat.pictures import Pictures
from zonewire.wechat.quotas import Quotas
from zonewire.wechat.shelf import SqlShelf

CALL_S = 15.0
PICTURE_S = 10.0
REDIS_S = 1.0


def errands_of(settings: Settings, store: Store) -> Errands | None:
    """What carries errands to WeChat; None where no account is set."""
    client = client_of(settings, store)
    if client is None:
        return None
    pictures, shelf = guarded_session(guard_of(settings), timeout_s=PICTURE_S), SqlShelf(store)
    return Errands(client, lambda: Pictures(client, shelf=shelf, fetcher=Fetcher(pictures)))


def client_of(settings: Settings, store: Store | None = None) -> WechatClient | None:
    """What calls WeChat's API in our account's name; None where none is set. *store* learns whether it lets us in."""
    if not settings.wechat_appid:
        return None
    secret = settings.wechat_secret.get_secret_value() if settings.wechat_secret else ""
    account = Account(settings.wechat_appid, secret, settings.wechat_api.rstrip("/"))
    line = redis.Redis.from_url(
        settings.redis, socket_timeout=REDIS_S, socket_connect_timeout=REDIS_S, retry=Retry(NoBackoff(), 0)
    )
    shared = Shared(line, appid=account.appid, failures=(redis.RedisError,))
    session = guarded_session(Guard(allow_private=True), timeout_s=CALL_S)  # the operator's own address

    def told(until_s: float | None, refused: int) -> None:
        if store is not None:
            readings.note_token(store, account.appid, until_s=until_s, refused=refused)

    keeper = TokenKeeper(account, session=session, shared=shared, ring=ring_of(settings), told=told)
    return WechatClient(account, session=session, tokens=keeper, quotas=Quotas(shared, appid=account.appid))
