"""The checker of WeChat's content: for each rule one content that passes and one that does not."""

import pytest

from tests.simulators.wechat_html import faults, picture_addresses, text_of, without_foreign_images

pytestmark = pytest.mark.slow  # of what tests stand on: CI runs them, not everybody each time

MMBIZ = "https://mmbiz.qpic.cn/a/0?wx_fmt=png"


@pytest.mark.parametrize(
    "content",
    [
        '<section lang="zh-CN"><p>字<br/>字</p><hr></section>',
        "<div><h1>一</h1><h6>六</h6><blockquote><p><strong>字</strong><em>字</em><u>字</u></p></blockquote></div>",
        "<ul><li>一</li><ul><li>二</li></ul></ul><ol><li>三</li></ol>",
        '<table><thead><tr><th colspan="2">字</th></tr></thead><tbody><tr><td rowspan="1">字</td></tr></tbody></table>',
        "<pre><code>a&nbsp;b<br>c</code></pre>",
        '<p><span leaf="">字</span><br></p>',
        f'<p>字<img src="{MMBIZ}&amp;from=appmsg" alt="图" style="width:100%;display:block;margin:0 auto"></p>',
        '<p><a href="https://mp.weixin.qq.com/s/AbC">字</a><a href="http://mp.weixin.qq.com/s?__biz=1">字</a></p>',
        '<p style="margin:24px 0 0;font-size:17px;line-height:1.5;color:#1a1a1a;border-left:4px solid #0B6B5B">字</p>',
        '<p style="border:0;border-top:1px solid #DDE2DD;letter-spacing:0.5px;text-indent:2em;height:auto">字</p>',
        "<p style=\"font-family:-apple-system,'PingFang SC',sans-serif\">字</p>",
        '<p style="background-color:#0B6B5B"><span style="color:#fff">字</span></p>',
        '<section>\n<p style="width:4px;height:18px"><br></p>字&copy;&#169;</section>',
        '<p style="border-radius:4px;overflow:hidden;vertical-align:middle;box-sizing:border-box;max-width:60%">字</p>',
        '<p style="font-weight:600;font-style:normal;text-align:justify;padding-left:8px;border-color:#abc;">字</p>',
    ],
)
def test_what_survives_passes(content: str) -> None:
    assert faults(content) == []


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<p>字</p><script>x</script>", "the tag <script> is not kept"),
        ("<p>字</p><style>p{}</style>", "the tag <style> is not kept"),
        ("<p>字<b>字</b></p>", "the tag <b> is not kept"),
        ("<p>字</p><input>", "the tag <input> is not kept"),
        ("<body><p>字</p></body>", "the tag <body> is not kept"),
        ("<p>字<svg><rect/></svg></p>", "the tag <svg> is not kept"),
        ("<!DOCTYPE html><p>字</p>", "no html wrappers"),
        ("<p>字</p><!-- 注 -->", "comments are not kept"),
        ('<p class="x">字</p>', "the attribute class is not kept"),
        ('<p id="x">字</p>', "the attribute id is not kept"),
        ('<p onclick="x()">字</p>', "the attribute onclick is not kept"),
        ('<p src="x">字</p>', "the attribute src is not kept"),
        (f'<p>字<img src="{MMBIZ}" width="9"></p>', "the attribute width is not kept"),
        (f'<p>字<img data-src="{MMBIZ}"></p>', "the attribute data-src is not kept"),
        ('<p lang="en" lang="zh">字</p>', "the attribute lang stands twice"),
        ('<p>字<a href="https://e.example/">字</a></p>', "links lead to mp.weixin.qq.com/s only"),
        ('<p>字<a href="https://mp.weixin.qq.com/mp/profile_ext">字</a></p>', "links lead to"),
        ('<p>字<a href="https://mp.weixin.qq.com.e.example/s/a">字</a></p>', "links lead to"),
        ("<p>字<a>字</a></p>", "links lead to"),
        ('<p>字<img src="https://e.example/a.png"></p>', "pictures stand on mmbiz.qpic.cn"),
        ('<p>字<img src="https://mmbiz.qpic.cn.e.example/a"></p>', "pictures stand on mmbiz.qpic.cn"),
        ('<p>字<img src="data:image/png;base64,AA=="></p>', "a picture has an address"),
        ('<p>字<img src="http://[x"></p>', "a picture has an address"),
        ("<p>字<img></p>", "a picture has an address"),
    ],
)
def test_tags_and_attributes_that_do_not_survive(content: str, rule: str) -> None:
    assert [one for one in faults(content) if rule in one]


@pytest.mark.parametrize(
    ("style", "rule"),
    [
        ("position:absolute", "'position'"),
        ("float:left", "'float'"),
        ("display:grid", "not a value that survives: display"),
        ("transform:none", "'transform'"),
        ("opacity:1", "'opacity'"),
        ("animation:a", "'animation'"),
        ("gap:4px", "'gap'"),
        ("box-shadow:0 0 1px #000", "'box-shadow'"),
        ("background:#fff", "'background'"),
        ("--x:1", "'--x'"),
        ("margin", "not a value that survives: margin"),
        ("color:var(--x)", "no functions in styles: color: var()"),
        ("background-color:linear-gradient(#000,#fff)", "no functions in styles"),
        ("background-image:url(https://e.example/a.png)", "no functions in styles"),
        ("color:rgba(0,0,0,.5)", "no functions in styles"),
        ("width:calc(100% - 1px)", "no functions in styles"),
        ("color:red", "colours are hex"),
        ("color:#11223344", "colours are hex"),
        ("border:1px solid red", "colours are hex"),
        ("width:3em", "not a value that survives: width"),
        ("font-size:17", "not a value that survives: font-size"),
        ("color:#000!important", "#000!important"),
        ("font-family:PingFang SC,serif", "font names of several words need quotes"),
        ("font-family:'PingFang SC", "an open quote"),
    ],
)
def test_styles_that_do_not_survive(style: str, rule: str) -> None:
    found = faults(f'<section><p style="{style}">字</p></section>')
    assert len(found) == 1
    assert rule in found[0]
    assert found[0].endswith("<p> at 1:10")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<p>字", "<p> is never closed"),
        ("<p>字</p></p>", "</p> closes nothing"),
        ("<p><strong>字</p></strong>", "<strong> is open where </p> stands"),
        ("<section/>字", "<section/> closes nothing"),
        ("<p>字</br></p>", "</br> closes nothing"),
        ("<p><section>字</section></p>", "<section> ends the open <p>"),
        ("<p>字<p>字</p></p>", "<p> ends the open <p>"),
        ("<h2><h3>字</h3></h2>", "<h3> ends the open <h2>"),
        ("<p>1 < 2</p>", "a bare < in the text"),
        ('<p>字</p><p style="col', "a tag is cut off"),
        ("<section><li>字</li></section>", "<li> does not stand in ol or ul"),
        ("<ul>字<li>字</li></ul>", "text right in <ul>"),
        ("<table><td>字</td></table>", "<td> does not stand in tr"),
        ("<table><p>字</p></table>", "<p> stands right in <table>"),
        ("<ul><li>一<ul><li>二</li></ul></li></ul>", "a nested list stands after its li"),
        ("<ul><li>一</li><ul><li>二</li><ul><li>三</li></ul></ul></ul>", "lists have two levels"),
        ("<p>字</p><section> \n</section>", "no empty nodes"),
        ("<table><tr><td>字</td><td></td></tr></table>", "no empty nodes"),
        ("<pre>a\nb</pre>", "no raw newlines in pre"),
        ("<pre><code>a\nb</code></pre>", "no raw newlines in pre"),
        ("", "the text is empty"),
        (f'<p><img src="{MMBIZ}"></p>', "the text is empty"),
        ("<p>&nbsp;</p>", "the text is empty"),
    ],
)
def test_what_is_not_well_formed_or_would_be_dropped(content: str, rule: str) -> None:
    assert [one for one in faults(content) if rule in one]


@pytest.mark.parametrize(
    ("content", "is_lost"),
    [
        ('<p style="color:#fff">字</p>', True),
        ('<section style="color:#fafafa"><p>字</p></section>', True),
        ('<p style="color:#fff;background-color:#F5F7F5">字</p>', True),
        ('<section style="background-color:#000"><p style="background-color:#eee;color:#fff">字</p></section>', True),
        ('<section style="background-color:#0B6B5B;color:#fff"><p>字</p></section>', False),
        ('<p style="color:#888">字</p>', False),
        ('<p style="color:#fff"><span style="color:#333">字</span></p>', False),
    ],
)
def test_near_white_text_needs_a_dark_background(content: str, *, is_lost: bool) -> None:
    assert bool([one for one in faults(content) if "dark mode" in one]) is is_lost


def test_the_content_has_fewer_than_20000_characters() -> None:
    assert faults(f"<p>{'字' * 19_992}</p>") == []
    assert "1.3: fewer than 20000 characters" in faults(f"<p>{'字' * 19_993}</p>")[0]
    assert any("less than 1 MB" in one for one in faults(f"<p>{'字' * 333_333}</p>"))


def test_before_the_upload_pictures_may_stand_anywhere() -> None:
    assert faults('<p>字<img src="https://e.example/a.png"></p>', images="anywhere") == []
    assert faults('<p>字<img src="a.png"></p>', images="anywhere")


def test_the_place_is_the_line_and_column_of_the_tag() -> None:
    assert faults('<section>\n<p id="x">字</p>\n</section>') == ["1.7: the attribute id is not kept, <p> at 2:1"]


def test_foreign_pictures_are_taken_out() -> None:
    content = f'<p><img alt="a>b" src="{MMBIZ}"><img src=\'https://e.example/a\'><img></p>'
    assert without_foreign_images(content) == (f'<p><img alt="a>b" src="{MMBIZ}"></p>', ["https://e.example/a", ""])
    assert picture_addresses(content) == [MMBIZ, "https://e.example/a", ""]
    assert text_of("<p>a &amp; <br>b</p>") == "a &  b"
