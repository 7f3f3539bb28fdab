"""Whole pages around an article, in the manner of many portals: whatever stands around it, the article is the same."""

import html
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tests.zonewire.intake.page_texts import PARAGRAPHS, TITLE

PORTAL = "江海投资促进网"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An article, before anything is put around it."""

    title: str = TITLE
    paragraphs: tuple[str, ...] = PARAGRAPHS
    date: str = "2026-06-04"
    source: str = "锡北镇党政办公室"
    zone: str = "无锡锡北经济开发区"
    crumbs: tuple[str, ...] = ("开发区新闻", "无锡", "文字新闻")
    labels: dict[str, str] = field(default_factory=lambda: {"date": "发布时间", "source": "来源", "zone": "发布开发区"})


# --- how each part may be written ------------------------------------------------------------------------------------

DATE_WORDS = ("发布时间", "发布日期", "日期", "时间", "发稿时间", "更新时间", "发 布 时 间")
SOURCE_WORDS = ("来源", "信息来源", "文章来源", "稿源", "来　源", "新闻来源")
ZONE_WORDS = ("发布开发区", "所属开发区", "开发区")
COLONS = (":", "：", ": ", " ：")
GAPS = ("  ", "　", "&nbsp;&nbsp;", " | ", "&#12288;&#12288;")
DATES = ("2026-06-04", "2026/06/04", "2026年6月4日", "2026.6.4", "２０２６－０６－０４", "[2026-06-04]")

MENU = '<ul class="menu"><li><a href="/">首页</a></li><li><a href="/n">新闻中心</a></li><li><a href="/z">招商引资</a></li></ul>'
SEARCH = '<form action="/s"><input type="text" name="q"><input type="submit" value="搜索"></form>'
LOGO = f'<div id="logo"><img src="/images/logo.gif" width="200"><h1>{PORTAL}</h1></div>'
TODAY = "<div>今天是2026年11月27日 星期五</div>"
SCRIPT = '<script>var t = "首页 > 别的"; document.write("<p>发布时间：2000-01-01</p>");</script><style>p { color: red }</style>'
HIDDEN = '<div style="display:none">发布时间：1999-01-01 来源：无人</div>'
SHARE = '<div class="share">分享到：<a href="#">微信</a> <a href="#">微博</a> <a href="#">QQ空间</a></div>'
TOOLS = "<div>【字体：<a href='#'>大</a> <a href='#'>中</a> <a href='#'>小</a>】 【<a href='#'>打印</a>】【<a href='#'>关闭</a>】</div>"
COUNTER = "<p>浏览次数：1288</p>"
HOT = (
    '<div class="sidebar"><h3>热点新闻</h3><ul>'
    + "".join(
        f'<li><a href="/h{n}">{name}</a> 2026-05-0{n + 1}</li>'
        for n, name in enumerate(("苏州工业园区启用新站", "合肥高新区发布清单", "青岛港开行新线"))
    )
    + "</ul></div>"
)
ABOUT = '<div class="side"><h4>园区简介</h4><p>园区成立于二〇〇三年，面积六十平方公里，是省级开发区。</p><p>电话：0510-00000000</p></div>'
BLURB = '<div class="fr"><div class="box2"><h4>关于园区</h4><p>园区面积六十平方公里。</p></div></div>'
RELATED = (
    '<div class="related"><b>相关阅读</b><ul><li><a href="/r1">园区举行春季招商会</a></li>'
    '<li><a href="/r2">园区道路改造完成</a></li><li><a href="/r3">园区新增一条公交线</a></li></ul></div>'
)
NEIGHBOURS = (
    '<p>上一条：<a href="/1">园区举行消防演练</a></p><p>下一条：<a href="/2">招商小分队赴深圳</a></p>',
    '<div>上一篇: <a href="/1">园区举行消防演练</a><br>下一篇: 没有了</div>',
    '<table><tr><td>【上一条】<a href="/1">园区举行消防演练</a></td></tr><tr><td>【下一条】<a href="/2">招商小分队赴深圳</a></td></tr></table>',
    "",
)
FOOTER = (
    '<div id="footer"><p>与我们联系</p><p>联系电话：+86-0510-00000000</p>'
    f"<p>Copyright © 2015-2026 portal.example All Rights Reserved. 版权所有：{PORTAL} 苏ICP备00000000号</p></div>"
)
SCAN = '<div class="ewm"><img src="/images/qrcode.png"><p>扫一扫在手机打开当前页</p></div>'


LOGIN = '<div>用户名：<input name="u"> 密码：<input type="password" name="p"> <a href="/reg">注册</a></div>'
PRAISE = "<div>顶一下</div><div>(3)</div><div>踩一下</div>"
COMMENT = "<p>【发表评论】【加入收藏】【告诉好友】【打印此文】【关闭窗口】</p>"
REMARKS = "<div class='comments'><h4>网友评论</h4><p>王先生：园区越来越好了。</p></div>"
LINKS = '<div>友情链接：<a href="http://a.example/">江海市政府</a> <a href="http://b.example/">江海港</a></div>'
HEAVY = f"<p>园区简介</p><p>{'园区成立于二〇〇三年，面积六十平方公里，是省级开发区。' * 4}</p>"
ENCODINGS = (
    *((b"", name) for name in ("utf-8", "gb18030")),
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def crumbs_of(article: Written, draw: st.DrawFn) -> str:
    between = draw(st.sampled_from((" &gt; ", "&gt;", " ＞ ", " » ", "&nbsp;&gt;&nbsp;")))
    names = ("首页", *article.crumbs)
    linked = draw(st.booleans())
    parts = [f'<a href="/{n}">{name}</a>' if linked else name for n, name in enumerate(names)]
    head = draw(st.sampled_from(("您现在的位置：", "当前位置:", "", "您的位置 : ")))
    last = draw(st.sampled_from(("", f"{between}正文")))
    tag = draw(st.sampled_from(('div class="pos"', "td", "p", "span", 'div id="dqwz"')))
    line = f"{head}{between.join(parts)}{last}"
    name = tag.split()[0]
    return f"<table><tr><td>{line}</td></tr></table>" if name == "td" else f"<{tag}>{line}</{name}>"


def title_of(article: Written, draw: st.DrawFn) -> str:
    shape = draw(
        st.sampled_from(
            (
                "<h1>{}</h1>",
                "<h2 class='t'>{}</h2>",
                "<div class='title'>{}</div>",
                "<p align='center'><font size='5'><b>{}</b></font></p>",
                "<center><strong>{}</strong></center>",
                "<table width='100%'><tr><td align='center' class='bt'>{}</td></tr></table>",
                "<div><span style='font-size:22px'>{}</span></div>",
            )
        )
    )
    return str(shape.format(html.escape(article.title)))


def labels_of(article: Written, draw: st.DrawFn) -> str:
    colon, gap = draw(st.sampled_from(COLONS)), draw(st.sampled_from(GAPS))
    parts = [
        f"{draw(st.sampled_from(DATE_WORDS))}{colon}{draw(st.sampled_from(DATES))}",
        f"{draw(st.sampled_from(SOURCE_WORDS))}{colon}{html.escape(article.source)}",
        f"{draw(st.sampled_from(ZONE_WORDS))}{colon}{html.escape(article.zone)}",
    ]
    parts = list(draw(st.permutations(parts)))
    if draw(st.booleans()):
        parts.append(f"浏览次数{colon}<span id='hits'>128</span>")
    if draw(st.booleans()):
        parts.append(f"责任编辑{colon}李四")
    shape = draw(st.sampled_from(("line", "spans", "cells", "lines", "items")))
    if shape == "spans":
        return f"<div class='info'>{''.join(f'<span>{part}</span> ' for part in parts)}</div>"
    if shape == "cells":
        return f"<table><tr>{''.join(f'<td>{part}</td>' for part in parts)}</tr></table>"
    if shape == "lines":
        return "".join(f"<p>{part}</p>" for part in parts)
    if shape == "items":
        return f"<ul>{''.join(f'<li>{part}</li>' for part in parts)}</ul>"
    return f"<div class='info'>{gap.join(parts)}</div>"


def body_of(article: Written, draw: st.DrawFn) -> str:  # noqa: PLR0911  # a shape each
    texts = [html.escape(text, quote=False) for text in article.paragraphs]
    shape = draw(st.sampled_from(("p", "br", "nbsp", "div", "rows", "font", "word")))
    if shape == "br":
        return f"<div class='content'>{'<br><br>'.join('　　' + text for text in texts)}</div>"
    if shape == "nbsp":
        lines = "<br/>".join("&nbsp;&nbsp;&nbsp;&nbsp;" + text for text in texts)
        return f"<table><tr><td class='con'>{lines}</td></tr></table>"
    if shape == "div":
        return f"<div id='zoom'>{''.join(f'<div>{text}</div>' for text in texts)}</div>"
    if shape == "rows":
        return f"<table>{''.join(f'<tr><td><p>{text}</p></td></tr>' for text in texts)}</table>"
    if shape == "font":
        return "".join(
            f"<p><font face='宋体'><span style='font-size:14px'>　　{text}</span></font></p>" for text in texts
        )
    if shape == "word":
        return "".join(f"<p class=MsoNormal><span lang=ZH-CN>{text}</span><o:p></o:p></p>" for text in texts)
    return f"<div class='article-body'>{''.join(f'<p>{text}</p>' for text in texts)}</div>"


def head_of(article: Written, draw: st.DrawFn) -> str:
    """Breadcrumb, title and labels, with what portals put between them."""
    between = some(draw, NEIGHBOURS[1], SHARE, TOOLS, HIDDEN)
    return crumbs_of(article, draw) + title_of(article, draw) + labels_of(article, draw) + between


def below_of(draw: st.DrawFn) -> str:
    """What stands below an article, in its column."""
    buttons = some(draw, SHARE, TOOLS, COUNTER, SCAN, PRAISE, COMMENT)
    return buttons + draw(st.sampled_from(NEIGHBOURS)) + some(draw, RELATED, REMARKS)


def split_of(article: Written, draw: st.DrawFn) -> str:
    """The body, with a box of links in its midst or without one."""
    at = draw(st.integers(0, len(article.paragraphs)))
    if not 0 < at < len(article.paragraphs):
        return body_of(article, draw)
    parts = (article.paragraphs[:at], article.paragraphs[at:])
    lines = ["".join(f"<p>{html.escape(text, quote=False)}</p>" for text in part) for part in parts]
    return f"<div class='article-body'>{RELATED.join(lines)}</div>"


def columns_of(main: str, draw: st.DrawFn) -> str:
    """*main* in the layout of a page: alone, or with columns before it, behind it, or both."""
    layout = draw(st.sampled_from(("plain", "divs", "cells", "table of tables", "form")))
    before, behind = (draw(st.sampled_from(("", HOT, ABOUT))) for _ in range(2))
    if layout == "divs":
        return f"<div class='cols'>{before}<div class='main'>{main}</div>{behind}</div>"
    if layout == "cells":
        cells = (f"<td width='200'>{before or HEAVY}</td>", f"<td>{main}</td>", f"<td>{behind}</td>")
        return f"<table width='980'><tr>{''.join(cells)}</tr></table>"
    if layout == "table of tables":
        rows = f"<tr><td><img src='images/spacer.gif' width='1' height='9'></td></tr><tr><td>{main}</td></tr>"
        return f"<table><tr><td><table>{rows}</table></td></tr></table>"
    return f"<form action='show.aspx' method='post'>{main}</form>" if layout == "form" else main


def noisy(page: str, draw: st.DrawFn) -> str:
    """*page* with attributes, comments and blanks that mean nothing."""
    noise = draw(
        st.sampled_from(("", " align='left' onclick='x()'", ' style="color:red;mso-x:1" lang=ZH-CN', " data-v-1"))
    )
    page = page.replace("<p>", f"<p{noise}>").replace("<div>", f"<div{noise}>")
    if draw(st.booleans()):
        page = page.replace("</div>", "</div><!-- 发布时间：1998-01-01 -->")
    if draw(st.booleans()):
        page = page.replace("</p>", "</p>\r\n\t")
    return page


def told_of(article: Written, draw: st.DrawFn) -> str:
    """What the page tells of itself above its body."""
    title = html.escape(article.title)
    told = ("", PORTAL, title, f"{title}_{PORTAL}", f"{title} - 文字新闻 - {PORTAL}", f"{PORTAL}-{title}")
    metas = some(draw, f'<meta name="ArticleTitle" content="{title}">', '<meta name="keywords" content="园区">')
    return f"<title>{draw(st.sampled_from(told))}</title>{metas}"


def some(draw: st.DrawFn, *parts: str) -> str:
    """Any of *parts*, in any order."""
    return "".join(draw(st.lists(st.sampled_from(parts), unique=True, max_size=len(parts))))


@st.composite
def pages(draw: st.DrawFn, article: Written) -> str:
    """A page of HTML with *article* in it."""
    head, body = head_of(article, draw), split_of(article, draw) + below_of(draw)
    if draw(st.booleans()):  # the head stands above the columns
        beside = [f"<div class='l'>{body}</div>", draw(st.sampled_from((HOT, ABOUT, BLURB)))]
        body = f"<div class='row'>{''.join(draw(st.permutations(beside)))}</div>"
    main = head + body
    for _ in range(draw(st.integers(0, 9))):
        main = f"<div class='wrap'>{main}</div>"
    main = columns_of(main, draw)
    before, after = some(draw, MENU, SEARCH, LOGO, TODAY, SCRIPT, LOGIN), some(draw, FOOTER, SCRIPT, LINKS)
    return noisy(
        f"<!DOCTYPE html><html><head>{told_of(article, draw)}</head><body>{before}{main}{after}</body></html>", draw
    )


@st.composite
def saved(draw: st.DrawFn, page: str) -> bytes:
    """*page* as bytes, in an encoding that it declares, does not declare, or declares wrongly."""
    declared = draw(st.sampled_from(("", "utf-8", "gb2312", "GBK", "iso-8859-1")))
    page = page.replace("<head>", f'<head><meta charset="{declared}">' if declared else "<head>")
    mark, encoding = draw(st.sampled_from(ENCODINGS))
    return mark + page.encode(encoding)
