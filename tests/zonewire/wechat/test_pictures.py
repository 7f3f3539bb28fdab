"""The pictures of a draft: each uploaded once, and none that can spoil the draft."""

import time

import pytest
from structlog.testing import capture_logs

from tests.simulators.wechat_caller import INSIDE, MATERIAL
from tests.simulators.wechat_oa import WechatOa
from tests.zonewire.wechat.articles import MemoryShelf
from tests.zonewire.wechat.pictures import PictureHost, a_noise, a_picture
from tests.zonewire.wechat.workers import ANYWHERE, STABLE, Worker
from zonewire.outbound.guard import Guard
from zonewire.outbound.session import guarded_session
from zonewire.wechat import WechatRefused
from zonewire.wechat.fetching import Fetcher
from zonewire.wechat.pictures import Pictures

pytestmark = pytest.mark.slow


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


def the_pictures(worker: Worker, shelf: MemoryShelf, *, guard: Guard = ANYWHERE, timeout_s: float = 2.0) -> Pictures:
    """Of one more draft."""
    return Pictures(worker.client, shelf=shelf, fetcher=Fetcher(guarded_session(guard, timeout_s=timeout_s)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
def test_a_picture_of_any_kind_stands_inside_and_on_the_cover(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost, kind: str
) -> None:
    address = host.serve("/p", a_picture(kind))
    pictures = the_pictures(worker, shelf)
    assert pictures.inside(address) in platform.box.inside
    media_id = pictures.cover([address], is_first=True)
    assert (platform.box.materials[str(media_id)].width, platform.refusals) == (900, [])
    assert host.times_asked("/p") == 1


def test_the_same_picture_in_two_drafts_is_uploaded_once(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost
) -> None:
    one, same = host.serve("/a", a_picture()), host.serve("/b", a_picture())
    for _ in range(2):
        pictures = the_pictures(worker, shelf)
        assert pictures.inside(one) == pictures.inside(same) == pictures.inside(one)
        assert pictures.cover([one], is_first=True) == pictures.cover([same], is_first=True)
    assert (platform.calls[INSIDE], platform.calls[MATERIAL]) == (1, 1)
    assert host.times_asked("/a") == 2, "once for each draft"


def test_the_cover_is_the_first_picture_that_makes_one(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost
) -> None:
    icon, good = host.serve("/icon", a_picture("PNG", (64, 64))), host.serve("/good", a_picture())
    media_id = the_pictures(worker, shelf).cover([host.base + "/none", icon, good], is_first=False)
    (made,) = platform.box.materials.items()
    assert (made[0], made[1].width, made[1].height) == (media_id, 400, 400)
    assert the_pictures(worker, shelf).cover([icon], is_first=False) is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", a_noise("PNG", (300, 300))[:9000], b"z" * 30_000_000], ids=["none", "page", "cut", "30 MB"]
)
def test_what_is_no_picture_is_left_out_and_told(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost, body: bytes
) -> None:
    address = host.serve("/x.jpg", body)
    pictures = the_pictures(worker, shelf)
    with capture_logs() as lines:
        assert pictures.inside(f"{address}?key=secret") is pictures.inside(f"{address}?key=secret") is None
    (line,) = [one for one in lines if one["event"] == "wechat_picture.left_out"]
    assert (line["address"], line["use"], line["appid"]) == (address, "inside", platform.appid)
    assert not platform.calls[INSIDE]


@pytest.mark.parametrize("address", ["", "cid:x", "data:image/png;base64,AA", "http://[", "ftp://a.example/x", "//a/b"])
def test_an_address_that_is_none_is_left_out(worker: Worker, shelf: MemoryShelf, address: str) -> None:
    assert the_pictures(worker, shelf).inside(address) is None


def test_a_picture_that_lies_inside_is_not_fetched(worker: Worker, shelf: MemoryShelf, host: PictureHost) -> None:
    address = host.serve("/x", a_picture())
    assert the_pictures(worker, shelf, guard=Guard()).inside(address) is None
    assert host.asked == []


def test_a_host_that_hangs_is_waited_for_once(worker: Worker, shelf: MemoryShelf, host: PictureHost) -> None:
    host.hanging = {f"/{n}" for n in range(9)}
    pictures = the_pictures(worker, shelf, timeout_s=4.5)
    began = time.monotonic()
    assert [pictures.inside(f"{host.base}/{n}") for n in range(9)] == [None] * 9
    assert time.monotonic() - began < 6


def test_the_pictures_of_a_draft_have_a_time_together(worker: Worker, shelf: MemoryShelf, host: PictureHost) -> None:
    fetcher = Fetcher(guarded_session(ANYWHERE, timeout_s=2), within_s=-1)
    assert Pictures(worker.client, shelf=shelf, fetcher=fetcher).inside(host.serve("/x", a_picture())) is None
    assert host.asked == []


@pytest.mark.parametrize("code", [40005, 40009, 45009, 48001])
def test_a_picture_that_the_platform_does_not_want_is_left_out(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost, code: int
) -> None:
    platform.refuse_next(code, path=INSIDE)
    assert the_pictures(worker, shelf).inside(host.serve("/x", a_picture())) is None
    assert platform.calls[INSIDE] == 1


def test_a_busy_platform_is_asked_once_more(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost
) -> None:
    address = host.serve("/x", a_picture())
    platform.be_busy(1, path=INSIDE)
    assert the_pictures(worker, shelf).inside(address)
    platform.be_busy(2, path=MATERIAL)
    assert the_pictures(worker, shelf).cover([address], is_first=True) is None


def test_trouble_with_the_account_is_no_fault_of_a_picture(
    platform: WechatOa, worker: Worker, shelf: MemoryShelf, host: PictureHost
) -> None:
    platform.refuse_next(40164, "invalid ip 203.0.113.9, not in whitelist", path=STABLE)
    with pytest.raises(WechatRefused, match="40164"):
        the_pictures(worker, shelf).inside(host.serve("/x", a_picture()))
