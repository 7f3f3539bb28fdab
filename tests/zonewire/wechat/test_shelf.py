"""What is kept of uploads, on both databases."""

from zonewire.store import Store
from zonewire.wechat.shaping import Use
from zonewire.wechat.shelf import SqlShelf

DIGEST = bytes(range(32))


def test_what_was_put_is_found_by_account_picture_and_use(store: Store) -> None:
    shelf = SqlShelf(store)
    assert shelf.get("wx1", DIGEST, Use.INSIDE) is None
    shelf.put("wx1", DIGEST, Use.INSIDE, "https://mmbiz.qpic.cn/a")
    assert shelf.get("wx1", DIGEST, "inside") == "https://mmbiz.qpic.cn/a"
    assert shelf.get("wx2", DIGEST, Use.INSIDE) is shelf.get("wx1", DIGEST, Use.COVER_WIDE) is None


def test_the_later_of_two_uploads_stays(store: Store) -> None:
    shelf = SqlShelf(store)
    for media_id in ("first", "second"):
        shelf.put("wx1", DIGEST, Use.COVER_WIDE, media_id)
    assert shelf.get("wx1", DIGEST, Use.COVER_WIDE) == "second"


def test_what_the_account_has_lost_is_forgotten(store: Store) -> None:
    shelf = SqlShelf(store)
    shelf.put("wx1", DIGEST, Use.COVER_WIDE, "lost")
    shelf.put("wx1", DIGEST, Use.COVER_SQUARE, "there")
    shelf.forget("wx1", "lost")
    assert shelf.get("wx1", DIGEST, Use.COVER_WIDE) is None
    assert shelf.get("wx1", DIGEST, Use.COVER_SQUARE) == "there"
