"""Addresses put in place: what stands around them stays as it was, and nothing is left where a picture was."""

import pytest

from tests.simulators.wechat_html import faults, picture_addresses
from zonewire.wechat.placing import addresses_in, placed

WX = "https://mmbiz.qpic.cn/mmbiz_png/abc/0?wx_fmt=png&from=appmsg"
A, B = "https://a.example/1.jpg?x=1&y=2", "https://a.example/2.jpg"
TEXT = '<p style="margin:0">泰州&nbsp;&lt;5G&gt; &amp; “医药”</p>\n'


def figure(address: str, caption: str = "") -> str:
    below = f'<p style="margin:8px 0 0">{caption}</p>' if caption else ""
    shown = address.replace("&", "&amp;")
    return (
        f'<section style="margin:20px 0 4px"><img src="{shown}" alt="a &gt; b" style="width:100%">{below}</section>\n'
    )


def test_the_addresses_are_found_as_they_are_in_order_and_each_once() -> None:
    assert addresses_in(figure(B) + TEXT + figure(A) + figure(B) + figure("cid:qr")) == (B, A, "cid:qr")


def test_all_around_a_picture_stays_as_it_was() -> None:
    content = TEXT + figure(A, "两人<strong>签约</strong>") + TEXT
    done = placed(content, {A: WX})
    assert done == content.replace(A.replace("&", "&amp;"), WX.replace("&", "&amp;"))
    assert (faults(done), picture_addresses(done)) == ([], [WX])


def test_a_picture_that_is_left_out_takes_its_caption_along() -> None:
    content = f'<section style="margin:0">{TEXT}{figure(A, "图：签约")}{figure(B, "图：开工")}</section>'
    done = placed(content, {B: WX})
    assert "签约" not in done
    assert "开工" in done
    assert faults(done) == []


@pytest.mark.parametrize(
    "around",
    [
        '<section style="margin:0"><section>{}</section></section>',
        "<p>{}</p>",
        "<p><span><strong>{}</strong></span></p>",
        "<table><tbody><tr><td>{}</td><td>5</td></tr></tbody></table>",
        "<ul><li>{}</li></ul>",
        "<p>前{}后</p>",
    ],
)
def test_nothing_empty_is_left_behind(around: str) -> None:
    done = placed(TEXT + around.format(f'<img src="{B}" alt="">'), {})
    assert (faults(done), picture_addresses(done)) == ([], [])
    assert TEXT in done


def test_the_same_picture_twice_is_placed_twice() -> None:
    assert picture_addresses(placed(figure(B) + figure(B), {B: WX})) == [WX, WX]


def test_an_image_without_an_address_is_left_out() -> None:
    assert placed(f"{TEXT}<p><img alt='x'></p>", {}) == TEXT
