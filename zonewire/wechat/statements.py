"""The statements on wechat_media."""

from sqlalchemy import bindparam, delete, select

from zonewire.store import insert
from zonewire.store.tables import wechat_media

# What was given for one picture, by primary key.
MEDIA = select(wechat_media.c.value).where(
    wechat_media.c.appid == bindparam("wanted_appid"),
    wechat_media.c.digest == bindparam("wanted_digest"),
    wechat_media.c.use == bindparam("wanted_use"),
)

# One upload; of two at once the later one stays, both are good.
_KEEP = insert(wechat_media)
KEEP_MEDIA = _KEEP.on_conflict_do_update(
    index_elements=["appid", "digest", "use"],
    set_={"value": _KEEP.excluded.value, "kept_at": _KEEP.excluded.kept_at},
)

# An upload that the account has lost. Once in a while, over some hundred rows an account: no index.
FORGET_MEDIA = delete(wechat_media).where(
    wechat_media.c.appid == bindparam("wanted_appid"), wechat_media.c.value == bindparam("lost_value")
)
