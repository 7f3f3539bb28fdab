"""A portal page of our own, in the form that such portals have."""

PARAGRAPHS = (
    "6月3日上午,锡北智能装备产业园二期在锡北镇开工,园区管委会负责人到场。",
    "二期占地九十亩,建成后可容纳二十家企业。",
    "三家企业当场签约",
    "签约的企业来自苏州、南通和上海,都做机器人关节。",
)
TITLE = "锡北智能装备产业园(二期)开工"
CRUMBS = "您现在的位置:首页 > 开发区新闻 > 无锡 > 文字新闻"
META = "发布时间:2026-06-04  来源:锡北镇党政办公室  发布开发区:无锡锡北经济开发区"
FOOT = """上一条:园区举行消防演练
下一条:招商小分队赴深圳
与我们联系
  • 联系电话:+86-0510-00000000
Copyright © 2015-2026 portal.example All Rights Reserved. 版权所有:示例门户"""


def a_page(
    *,
    crumbs: str = CRUMBS,
    title: str = TITLE,
    meta: str = META,
    paragraphs: tuple[str, ...] = PARAGRAPHS,
    foot: str = FOOT,
) -> str:
    """The page as a browser copies it."""
    body = "".join(f"\n  {paragraph}\n" for paragraph in paragraphs)
    return f"促进投资的网上平台\n{crumbs}\n{title}\n{meta}\n{body}\n{foot}\n"


_POSITION = (
    '您现在的位置：<a href="/">首页</a> &gt; <a href="/n">开发区新闻</a> &gt; <a href="/c">无锡</a> &gt; 文字新闻'
)
_LABELS = ("发布时间：2026年6月4日", "来源：锡北镇党政办公室", "发布开发区：无锡锡北经济开发区")

HTML_PAGE = f"""<!DOCTYPE html><html><head><title>{TITLE} - 门户</title><script>var a = "首页 > x";</script></head>
<body><div class="nav"><ul><li><a href="/">首页</a></li><li><a href="/news">新闻</a></li></ul></div>
<div class="pos">{_POSITION}</div>
<h1>{TITLE}</h1>
<div class="info">{" ".join(f"<span>{label}</span>" for label in _LABELS)}</div>
<div class="content">{"".join(f"<p>　　{paragraph}</p>" for paragraph in PARAGRAPHS)}</div>
<div>上一条：<a href="/1">园区举行消防演练</a></div><div>Copyright © 2026</div></body></html>"""
