"""What stands on a page and is no part of an article: neighbours, contact and copyright lines, buttons, counters."""

import re
from collections.abc import Sequence

from zonewire.intake.pages.labels import (
    Label,
    begins_with_label,
    has_label,
    has_publication_date,
    is_counter,
    is_sentence,
    normal,
)
from zonewire.intake.pages.page import Block, Kind

_NEIGHBOURS = (
    r"(?:上|下|前|后)一?(?:条|篇|则|个)(?:新闻|文章|信息|资讯)?\s*(?:[:\]】>〉»]|$|(?=\s)(?!.*[。！？]$))"
    r"|(?!.*\w\.$)(?:[Pp]revious|[Pp]rev|[Nn]ext)(?: (?:article|news|post|page))?\s*(?:[:\]>»]|$)"
)
_NEIGHBOUR = re.compile(rf"\W{{0,8}}(?:{_NEIGHBOURS})")
# A line that begins so ends the article, and everything behind it.
_FOOT = re.compile(
    rf"\W{{0,8}}(?:{_NEIGHBOURS}"
    r"|(?:与我们联系|网友评论|发表评论|我要评论|评论列表|网站地图|站点地图|网站声明|免责声明|版权声明"
    r"|[Cc]ontact [Uu]s)\W*$"
    r"|(?:版权声明|免责声明|友情链接)\s*:"
    r"|版权所有|网站标识码|备案号|[一-鿿]{1,2}ICP备|[一-鿿]{1,2}公网安备|[Aa]ll [Rr]ights [Rr]eserved"
    r"|[Cc]opyright\b|COPYRIGHT\b|©|\([Cc]\)\s*\d{4}"
    r")"
)
# A line that begins so ends the article, unless more of the article follows it.
_HEADING_OF_LINKS = re.compile(
    r"\W{0,8}(?:相关(?:新闻|阅读|文章|链接|信息|报道|内容|推荐|附件下载)|延伸阅读|(?:编辑)?推荐(?:阅读|新闻|文章)?"
    r"|(?:热门|热点|最新|本类|近期|图片|更多)(?:新闻|文章|信息|资讯|推荐|动态)|点击排行|阅读排行|猜你喜欢|友情链接"
    r"|快速导航|常用链接|关注我们|联系我们|返回首页"
    r"|[Rr]elated (?:articles?|news|posts?|stories|reading)|[Rr]ead more)\W*$"
)
_HOSTS = re.compile(r"\W{0,8}(?:主办|承办|协办)(?:单位)?\s*:|\W{0,8}技术支持\s*:")
# A line that is nothing but this is dropped wherever it stands.
_DROPPED = re.compile(
    r"\W*+(?:"
    r"(?>打印(?:本页|此页|此文|本文|文章)?|关闭(?:窗口|本页|页面|此页)?|加入收藏|收藏(?:本页|本文|此页)?"
    r"|返回(?:顶部|列表|上页|上一页|首页)?|纠错|我要纠错|告诉好友|发表评论|顶一下|踩一下|-*分隔线-*"
    r"|繁体|简体|字[体号](?:大小)?|放大|缩小|默认|大|中|小|推荐|转发|点赞|赞|举报|复制链接|浏览|阅读|下载|朗读|语音播报|无障碍"
    r"|分享(?:到|至|给好友|本文)?|微信|微博|新浪微博|腾讯微博|QQ空间|QQ好友|QQ|朋友圈|人人网|豆瓣|百度贴吧|一键分享|更多|广告|[A+\-]++"
    r"|(?i:share(?: on| to| this)?|print(?: this(?: page)?)?|facebook|twitter|linkedin|weibo|wechat|email"
    r"|close|top|back))"
    r"[\s:|、·/,，()（）\[\]【】]*+)++\W*+"
)
_SENTENCES_DROPPED = re.compile(
    r"\W{0,8}(?:(?:用?(?:手机|微信))?扫一扫|(?:扫描|长按)(?:上方|下方|左侧|右侧)?(?:识别)?二维码\W{0,8}(?:$|分享|在?手机|打开|浏览|阅读|关注)"
    r"|用微信扫|(?:您|你)是(?:本[页文站])?第\s*\d+\s*(?:位|个)"
    r"|(?:本[文页]|该[文页]|文章|已有|共)?(?:浏览|点击|阅读|访问|被?浏览)(?:次数|量|数)?\s*:?\s*\d+\s*(?:次|人)?\W*$"
    r"|\d+\s*(?:次|人)(?:浏览|阅读|点击)\W*$|\d+\s*/\s*\d+$|[共第]\s*\d+\s*页\W*$|\(\d+\)$|[Tt]ags?\s*:)"
)
_CONTACT = re.compile(
    r"\W{0,8}(?:联系)?(?:电\s*话|传\s*真|邮\s*箱|地\s*址|邮\s*编|邮政编码|[Tt]el|[Ff]ax|[Ee]-?mail)\s*[:：]"
)
_PUNCTUATION = re.compile(r"[。！？；，,.!?;]")
_PROSE_CHARACTERS = 12
_SUBHEADS = frozenset({"推荐", "阅读", "浏览"})
_IN_BRACKETS = re.compile(r"[【\[(（].*[】\])）]")
_PAGER = re.compile(r"\W*+(?:(?>上一?页|下一?页|首页|末页|尾页|[共第]?\s*+\d++\s*+页?)[\s|/,、>»<«\[\]()]*+)++\W*+")
_TAIL = re.compile(r"[(（\[【]?\s*(?P<said>[^()（）]*(?:[(（][^()（）]*[)）][^()（）]*)*?)\s*[)）\]】]?")
_BUTTONS = re.compile(r"[【\[(（](?:纠错|打印|关闭|收藏|推荐|分享|返回)[^】\])）]{0,4}[】\])）]")
TAIL_CHARACTERS = 80
FURNITURE_CHARACTERS = 200


def is_foot(block: Block) -> bool:
    """Whether the article ends above *block*, whatever follows."""
    return block.kind is not Kind.TABLE and bool(_FOOT.match(_begin_of(block)))


def heads_links(block: Block) -> bool:
    """Whether *block* heads a list of what a visitor may read next."""
    return block.kind is not Kind.TABLE and bool(_HEADING_OF_LINKS.match(_begin_of(block)))


def may_be_foot(block: Block) -> bool:
    """Whether the article ends above *block*, unless more of it follows: 主办单位 stands in notices too."""
    return heads_links(block) or names_hosts(block)


def names_hosts(block: Block) -> bool:
    """Whether *block* names who runs a portal, or an event."""
    return block.kind is not Kind.TABLE and bool(_HOSTS.match(_begin_of(block)))


def _begin_of(block: Block) -> str:
    return normal(block.text[:FURNITURE_CHARACTERS])


def is_furniture(block: Block) -> bool:
    """Whether *block* is a button, a counter, a row of page numbers: in an article's midst, and no part of it."""
    if block.kind is Kind.TABLE or (block.pictures and not block.text):
        return False
    if len(block.text) > FURNITURE_CHARACTERS:
        return False
    line = _BUTTONS.sub("", normal(block.text)).strip()
    return bool(
        not line
        or (_DROPPED.fullmatch(line) and line not in _SUBHEADS)
        or _SENTENCES_DROPPED.match(line)
        or (_PAGER.fullmatch(line) and not line.isdigit())
        or is_counter(line)
        or (_IN_BRACKETS.fullmatch(line) and begins_with_label(line) and has_label(line, Label.STAFF))
    )


def is_prose(block: Block) -> bool:
    """Whether *block* may be a line of an article, by its length or its commas."""
    if block.is_linked or is_furniture(block):
        return False
    return len(block.text) >= _PROSE_CHARACTERS or bool(_PUNCTUATION.search(block.text))


def is_text(block: Block) -> bool:
    """Whether *block* is a line of an article for certain: it holds a sentence."""
    return is_sentence(block.text) and not (block.is_linked or is_furniture(block) or is_contact(block))


def is_contact(block: Block) -> bool:
    """Whether *block* is a telephone number, an address or the like."""
    return bool(_CONTACT.match(block.text))


def without_foot(blocks: Sequence[Block]) -> list[Block]:
    """*blocks* up to the foot, and without furniture.

    Neighbours above the text, and a list of links in its midst, are left out; what follows them stays.
    """
    goes_on = _goes_on(blocks)
    kept: list[Block] = []
    has_text = is_in_list = False
    for place, block in enumerate(blocks):
        is_in_list = is_in_list and block.linked > 0
        if is_foot(block) or (may_be_foot(block) and not goes_on[place]):
            if has_text or not goes_on[place]:
                break
            is_in_list = True
        elif heads_links(block) and blocks[place + 1].linked:
            is_in_list = True
        if not (is_in_list or is_furniture(block)):
            kept.append(block)
            has_text = has_text or is_text(block)
    return without_lists_of_links(kept)


def _goes_on(blocks: Sequence[Block]) -> list[bool]:
    """Of each line, whether more of the article follows it: text above the next foot; feet in a row are one.

    Who runs a portal stands below the neighbours: above them are an event's hosts.
    """
    follows = behind_foot = is_above_foot = has_neighbours = False
    found: list[bool] = []
    for block in reversed(blocks):
        if is_foot(block):
            behind_foot = behind_foot if is_above_foot else follows
            found.append(behind_foot)
            follows, is_above_foot = False, True
            has_neighbours = has_neighbours or bool(_NEIGHBOUR.match(_begin_of(block)))
        else:
            found.append(follows or (has_neighbours and names_hosts(block)))
            follows = follows or is_text(block)
            is_above_foot = is_above_foot and block.linked > 0
    return found[::-1]


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
    found = _TAIL.fullmatch(_BUTTONS.sub("", block.text).strip())
    said = found["said"] if found else ""
    is_of_subject = has_label(said, Label.DATE) and not has_publication_date(said)  # 时间：6月8日
    return said if said and begins_with_label(said) and not is_of_subject else ""
