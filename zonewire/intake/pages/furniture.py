"""What stands on a page and is no part of an article: neighbours, contact and copyright lines, buttons, counters."""

import re
from collections.abc import Sequence

from zonewire.intake.pages.labels import Label, begins_with_label, has_label, normal
from zonewire.intake.pages.page import Block, Kind

# A line that begins so ends the article, and everything behind it.
_FOOT = re.compile(
    r"\W*(?:"
    r"(?:上|下|前|后)一?(?:条|篇|则|个)(?:新闻|文章|信息)?\s*(?:[:\]】>]|$|(?=\s))"
    r"|(?:与我们联系|联系我们|相关(?:新闻|阅读|文章|链接|信息|报道|内容|推荐|附件下载)|延伸阅读|推荐(?:阅读|新闻|文章)"
    r"|(?:热门|热点|最新|本类|近期|图片|更多)(?:新闻|文章|信息|资讯|推荐|动态)|点击排行|阅读排行|猜你喜欢|友情链接|友情提示"
    r"|网站地图|站点地图|网站声明|免责声明|版权声明|网友评论|发表评论|我要评论|评论列表|快速导航|常用链接|关注我们|返回首页)\W*$"
    r"|(?:版权声明|免责声明)\s*:"
    r"|版权所有|主办单位?\s*:|主办\s*:|承办单位?\s*:|技术支持\s*:|网站标识码|备案号|[一-鿿]{1,2}ICP备|[一-鿿]{1,2}公网安备"
    r"|[Cc]opyright\b|COPYRIGHT\b|©|\([Cc]\)\s*\d{4}"
    r")"
)
# A line that is nothing but this is dropped wherever it stands.
_DROPPED = re.compile(
    r"\W*+(?:"
    r"(?>打印(?:本页|此页|文章)?|关闭(?:窗口|本页|页面|此页)?|加入收藏|收藏(?:本页|本文|此页)?|返回(?:顶部|列表|上页|上一页)?|纠错|我要纠错"
    r"|繁体|简体|字[体号](?:大小)?|放大|缩小|默认|大|中|小|推荐|转发|点赞|赞|举报|复制链接|浏览|阅读|下载|朗读|语音播报|无障碍"
    r"|分享(?:到|至|给好友|本文)?|微信|微博|新浪微博|腾讯微博|QQ空间|QQ好友|QQ|朋友圈|人人网|豆瓣|百度贴吧|一键分享|更多|[A+\-]++)"
    r"[\s:|、·/,，()（）\[\]【】]*+)++\W*+"
)
_SENTENCES_DROPPED = re.compile(
    r"\W*(?:扫一扫|扫描二维码|微信扫|用微信|长按(?:识别|二维码)|(?:您|你)是(?:本[页文站])?第\s*\d+\s*(?:位|个)"
    r"|(?:本[文页]|该[文页]|文章|已有|共)?(?:浏览|点击|阅读|访问|被?浏览)(?:次数|量|数)?\s*:?\s*\d+\s*(?:次|人)?\W*$"
    r"|\d+\s*(?:次|人)(?:浏览|阅读|点击)\W*$|\d+\s*/\s*\d+$|[共第]\s*\d+\s*页\W*$)"
)
_PAGER = re.compile(r"\W*+(?:(?>上一?页|下一?页|首页|末页|尾页|[共第]?\s*+\d++\s*+页?)[\s|/,、>»<«\[\]()]*+)++\W*+")
_TAIL = re.compile(r"[(（\[【]?\s*(?P<said>[^()（）]*(?:[(（][^()（）]*[)）][^()（）]*)*?)\s*[)）\]】]?")
TAIL_CHARACTERS = 80
FURNITURE_CHARACTERS = 200


def is_foot(block: Block) -> bool:
    """Whether the article ends above *block*."""
    return block.kind is not Kind.TABLE and bool(_FOOT.match(normal(block.text)))


def is_furniture(block: Block) -> bool:
    """Whether *block* is a button, a counter, a row of page numbers: in an article's midst, and no part of it."""
    if block.kind is Kind.TABLE or (block.pictures and not block.text):
        return False
    line = normal(block.text)
    return len(line) <= FURNITURE_CHARACTERS and bool(
        _DROPPED.fullmatch(line)
        or _SENTENCES_DROPPED.match(line)
        or (_PAGER.fullmatch(line) and not line.isdigit())
        or (begins_with_label(line) and has_label(line, Label.COUNTER) and len(line) < 60)
    )


def without_lists_of_links(blocks: Sequence[Block]) -> list[Block]:
    """*blocks* without runs of three lines and more that are links to other pages: what a visitor may read next."""
    kept: list[Block] = []
    run: list[Block] = []
    for block in blocks:
        if block.is_linked and not block.files:
            run.append(block)
            continue
        kept += run if len(run) < 3 else []
        run = []
        kept.append(block)
    return kept + (run if len(run) < 3 else [])


def tail_of(block: Block) -> str:
    """The labels that some portals write below an article, as in （来源：泰州日报）; "" where *block* is none."""
    if len(block.text) > TAIL_CHARACTERS or block.kind is Kind.TABLE:
        return ""
    found = _TAIL.fullmatch(block.text.strip())
    said = found["said"] if found else ""
    return said if said and begins_with_label(said) and not has_label(said, Label.DATE) else ""
