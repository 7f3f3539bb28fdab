"""Pages that hold no article are refused, each with its own reason."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zonewire.intake.page_texts import HTML_PAGE
from zonewire.errors import NotAnArticle, ZonewireError
from zonewire.intake.pages import article_of, decoded, page_of, read_page

ENTRIES = "".join(
    f'<li><a href="/n/{n}.html">园区第{n}批项目开工建设</a><span>2026-05-{n + 10}</span></li>' for n in range(9)
)
LIST = f"<html><head><title>园区新闻</title></head><body><div>首页 &gt; 园区新闻</div><ul>{ENTRIES}</ul><p>共 3 页 下一页</p></body></html>"
COPIED_LIST = "首页 > 园区新闻\n" + "\n".join(f"园区第{n}批项目开工建设 2026-05-{n + 10}" for n in range(9))
SEARCH = f"<html><head><title>搜索结果</title></head><body><form><input name=q></form><p>找到 9 条</p><ul>{ENTRIES}</ul></body></html>"
HOME = f"<html><head><title>江海投资促进网</title></head><body><h1>江海投资促进网</h1><div><h2>新闻</h2><ul>{ENTRIES}</ul></div></body></html>"
LOGIN = "<html><head><title>会员登录</title></head><body><form>用户名<input name=u>密码<input type=password name=p><button>登录</button></form></body></html>"
FRAMES = '<html><head><title>园区网</title></head><frameset cols="20%,80%"><frame src="menu.htm"><frame src="main.htm"></frameset></html>'
IFRAME = '<html><body><iframe src="show.asp?id=1"></iframe></body></html>'
NOT_FOUND = "<html><head><title>404 Not Found</title></head><body><h1>404</h1><p>抱歉，您访问的页面不存在或者已经删除。</p></body></html>"
BROKEN = "<html><head><title>出错了</title></head><body><p>系统出错，请稍后再试。错误编号 500</p></body></html>"
SHELL = "<html><head><title>园区</title></head><body><noscript>请打开 JavaScript</noscript><div id=app></div><script src=a.js></script></body></html>"


MENU = "<p><a href='/'>首页</a> <a href='/n'>新闻中心</a> <a href='/z'>招商引资</a></p>" * 20
FOOTER = "<p>主办单位：江海开发区管理委员会</p><p>地址：江海大道1号行政中心三楼</p><p>版权所有 江海开发区</p>"


def a_portal_page(body: str, *, title: str = "江海开发区") -> str:
    """A page with a large menu and a foot around *body*."""
    return f"<html><head><title>{title}</title></head><body>{MENU}{body}{FOOTER}</body></html>"


GONE = a_portal_page(
    "<h1>页面不存在</h1><p>您访问的页面可能已被删除。</p><p>5秒后自动跳转到首页，请稍候。</p>", title="页面不存在"
)
MISSING = a_portal_page("<p>404</p><p>抱歉，您访问的页面不存在。</p>")
SIGN_IN = a_portal_page("<form>用户名 <input> 密码 <input type=password> 验证码 <input></form><p>立即注册</p>")
APP = "<html><body><div id=app>You need to enable JavaScript to run this app.</div><script src=a.js></script></body></html>"
WAITING = a_portal_page("<div id=app>正在加载中，请稍候…</div><script src=a.js></script>")
NO_FRAMES = '<html><frameset cols="20%,*"><frame src=a><noframes>您的浏览器不支持框架。</noframes></frameset></html>'
INSIDE = a_portal_page("<iframe src='show.asp?id=1'></iframe>")
ENTRY = "<div><h3><a href='/n/{0}'>园区第{0}批项目开工</a></h3><p>园区第{0}批项目昨天开工，共有八个项目。</p>{1}</div>"
SNIPPETS = a_portal_page("".join(ENTRY.format(n, f"<p>来源：园区报 发布时间：2026-06-0{n}</p>") for n in range(1, 8)))
LABELLED = a_portal_page(
    "<div>首页 &gt; 园区新闻</div><h2>园区新闻</h2>"
    + "".join(f"<p><a href='/{n}'>园区第{n}批项目</a></p><p>发布时间：2026-06-0{n}</p>" for n in range(1, 8))
)
CARDS = a_portal_page(f"<h1>江海开发区</h1>{''.join(ENTRY.format(n, '') for n in range(1, 8))}")
UNDATED = a_portal_page("".join(f"<li><a href='/p/{n}'>高端装备产业园第{n}期招商项目</a></li>" for n in range(20)))


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (LIST, "is a list of articles"),
        (COPIED_LIST, "is a list of articles"),
        (SEARCH, "is a list of articles"),
        (HOME, "is a list of articles"),
        (LOGIN, "asks for a login"),
        (FRAMES, "is a frame around others"),
        (IFRAME, "is a frame around others"),
        (NOT_FOUND, "says that there is none, or that something went wrong"),
        (BROKEN, "says that there is none, or that something went wrong"),
        (SHELL, "shows nothing but what its scripts would write"),
        (GONE, "says that there is none, or that something went wrong"),
        (MISSING, "says that there is none, or that something went wrong"),
        (SIGN_IN, "asks for a login"),
        (APP, "shows nothing but what its scripts would write"),
        (WAITING, "shows nothing but what its scripts would write"),
        (NO_FRAMES, "is a frame around others"),
        (INSIDE, "is a frame around others"),
        (SNIPPETS, "is a list of articles"),
        (LABELLED, "is a list of articles"),
        (CARDS, "is a list of articles"),
        (UNDATED, "is a list of articles"),
        ("", "the page is empty"),
        ("<html></html>", "the page is empty"),
        ("<html><body><h1>标题在这里</h1><p>发布时间：2026-06-01</p></body></html>", "no paragraphs below it"),
        ("随便一段话，没有别的。", "has no line with 发布时间"),
    ],
)
def test_what_is_no_article_is_refused_with_its_own_reason(page: str, reason: str) -> None:
    with pytest.raises(NotAnArticle) as caught:
        read_page(page)
    assert reason in caught.value.all_fields
    assert caught.value.mend


@given(st.binary(max_size=400))
def test_any_bytes_are_an_article_or_are_refused(whole: bytes) -> None:
    _read(whole)


@given(st.lists(st.sampled_from(HTML_PAGE.replace(">", ">\0").split("\0")), max_size=60))
def test_any_pieces_of_a_page_are_an_article_or_are_refused(pieces: list[str]) -> None:
    _read("".join(pieces).encode())


def _read(whole: bytes) -> None:
    try:
        article = article_of([page_of(decoded(whole))])
    except ZonewireError:
        return
    assert article.title
    assert article.text


MEGABYTE = 1_000_000
NASTY = {
    "open elements": "<html>" + "<div>" * 100_000,
    "brackets": "<p>" + "<" * MEGABYTE,
    "ampersands": "<p>" + "&" * MEGABYTE,
    "cells": "<table>" + "<td>" * (MEGABYTE // 4),
    "labels": "<p>" + "发布时间:\n" * (MEGABYTE // 6),
    "lines of labels": "发布时间:\n" * (MEGABYTE // 6),
    "nested tables": "<table><tr><td>" * 390 + "<h1>标题在此</h1><p>发布时间：2026-06-04</p>" + "<p>正文。</p>" * 9_000,
    "nested tags": "<p>字" + ("<b>" * 300 + "</b>" * 300) * 300,
    "columns": "".join("<div><p>正文在这里，还有一些字。</p>" for _ in range(390))
    + "<h1>标题</h1><p>时间：2026-06-04</p>",
    "signs": "<h1>标题在此</h1><p>发布时间：2026-06-04</p>" + ("<p>" + "〔" * 190 + "字</p>") * 2_000,
    "a long title": "<title>" + "字-" * (MEGABYTE // 4) + "</title>" + "<p>字-</p>" * 9_000,
    "links": "<html>" + "<a href=x>y</a>" * 100_000,
    "crumbs": "首页>" + "a>" * 300_000,
    "titles": "<title>标题在此 - 网</title>" + "<p>标题在此</p>" * 15_000 + "<p>发布时间：2026-06-04</p><p>正文。</p>",
    "paragraphs": "<h1>标题在此</h1><p>发布时间：2026-06-04</p>" + "<p>正文。</p>" * 15_000,
    "buttons": "标题在此\n发布时间：2026-06-04\n" + "打印" * 100_000 + "x",
    "numbers": "标题在此\n发布时间：2026-06-04\n" + "1 / " * 40 + "x\n" + "1 2 " * 20_000 + "x",
    "parentheses": "标题在此\n发布时间：2026-06-04\n正文正文正文正文。\n" + "(a)" * 26,
    "small tables": "<table><tr><td>1<td>2<tr><td>3<td>4</table>" * 10_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NASTY)
def test_no_shape_of_a_page_takes_long(name: str) -> None:
    whole = NASTY[name].encode()
    began = time.process_time()
    _read(whole)
    assert time.process_time() - began < 4  # a second and less by itself; what is not linear takes minutes
