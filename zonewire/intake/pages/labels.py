"""The line below a title: 发布时间, 来源, 发布开发区 and their like, in a portal's own words, order and width."""

import re
from collections.abc import Sequence
from enum import StrEnum

LABEL_LINE_CHARACTERS = 160
"""A longer line is a paragraph, whatever it begins with."""


class Label(StrEnum):
    """What a label is for. Its value is a field of the article, but for the last two."""

    DATE = "date"
    SOURCE = "source"
    ORGAN = "organ"  # who put it on the portal: the source where no other is named
    ZONE = "zone"
    AUTHOR = "author"
    STAFF = "staff"  # editors and proof-readers: no field of an article
    COUNTER = "counter"  # readers so far, and what a visitor may do


_WORDS = {
    Label.DATE: "发布时间 发布日期 发表时间 发表日期 发稿时间 发稿日期 更新时间 更新日期 录入时间 添加时间 上传时间 "
    "发文日期 日期 时间",
    Label.SOURCE: "来源 信息来源 文章来源 稿件来源 新闻来源 内容来源 稿源 出处 供稿 供稿单位 来稿单位",
    Label.ORGAN: "发布单位 发布机构 发布部门 发布者 发布人 信息提供 提供单位",
    Label.ZONE: "发布开发区 所属开发区 所在开发区 开发区名称 开发区 发布园区 所属园区 园区名称",
    Label.AUTHOR: "作者 记者 撰稿 撰稿人 通讯员 撰文",
    Label.STAFF: "责任编辑 责编 网络编辑 编辑 审核 审核人 初审 复审 终审 校对 录入 录入人 录入员 签发 排版 监制 摄影",
    Label.COUNTER: "浏览次数 浏览量 浏览数 浏览 点击次数 点击数 点击量 点击率 点击 阅读次数 阅读量 阅读数 阅读 "
    "访问次数 访问量 人气 热度 字体大小 字体 字号 视力保护色 打印 分享到 分享至 分享 评论",
}
_LABEL_OF = {word: label for label, words in _WORDS.items() for word in words.split()}


def _loose(word: str) -> str:
    """The pattern of *word*, its characters apart as in 来　源."""
    return r"\s*".join(word)


_ANY_WORD = "|".join(_loose(word) for word in sorted(_LABEL_OF, key=len, reverse=True))
_LABEL = re.compile(rf"(?<![一-鿿])({_ANY_WORD})\s*:\s*")
# Labels that nobody would write in the midst of a name: two of them may stand without a gap between.
_SURE_WORDS = [word for word in _LABEL_OF if len(word) > 2 or word in {"来源", "作者", "稿源"}]
_ANY_SURE_WORD = "|".join(_loose(word) for word in sorted(_SURE_WORDS, key=len, reverse=True))
_LABEL_AMONG = re.compile(rf"((?<![一-鿿])(?:{_ANY_WORD})|{_ANY_SURE_WORD})\s*:\s*")
# A date's label may lack its colon.
_DATE_WORD = "|".join(_loose(word) for word in _WORDS[Label.DATE].split() if len(word) > 2)
_BARE_DATE = re.compile(rf"(?<![一-鿿])({_DATE_WORD})\s*(?=[\[(【]?\s*\d{{4}}\s*[-/.年])")

DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[\sT]*(\d{1,2})\s*[:时]\s*(\d{1,2})(?:\s*[:分]\s*(\d{1,2}))?\s*[秒分]?)?",
    re.ASCII,
)
_ONLY_A_DATE = re.compile(rf"[\[(【]?\s*{DATE.pattern}\s*(?:(?:星期|周)[一二三四五六日天])?\s*[\])】]?", re.ASCII)
_AT_AN_END = " \t　|·・•,;，；。【】[]()（）<>《》-—"
# What a visitor may do, where it stands among the labels without one of its own.
_DOINGS = re.compile(
    r"[\[(【]?\s*(?:字\s*[体号]|打印|关闭|收藏|分享|繁体|简体|我要纠错|加入收藏|大\s+中\s+小|大\s*\|\s*中\s*\|\s*小).*$"
)


_PLAIN = str.maketrans("：∶﹕０１２３４５６７８９－—／．［］", ":::0123456789--/.[]")


def normal(line: str) -> str:
    """*line* with colons, digits and blanks as ASCII has them; all else as it was written."""
    return " ".join(line.translate(_PLAIN).split())


def labels_of(lines: Sequence[str]) -> dict[Label, str]:
    """The values behind the labels of *lines*, the first of each; a label without a value is left out."""
    text = _BARE_DATE.sub(r"\1:", "  ".join(normal(line) for line in lines))
    parts = _LABEL_AMONG.split(text)
    found: dict[Label, str] = {}
    for word, value in zip(parts[1::2], parts[2::2], strict=True):
        label = _LABEL_OF["".join(word.split())]
        if kept := _value(label, value):
            found.setdefault(label, kept)
    if Label.DATE not in found and (date := DATE.search(text)):
        found[Label.DATE] = date[0].strip()
    return found


def _value(label: Label, text: str) -> str:
    if label is Label.DATE:
        date = DATE.search(text)
        return date[0].strip() if date else ""
    return _ONLY_A_DATE.sub("", _DOINGS.sub("", text)).strip(_AT_AN_END)


def has_labelled_date(line: str) -> bool:
    """Whether a date stands behind a label for it."""
    text = _BARE_DATE.sub(r"\1:", normal(line))
    found = (_LABEL_OF["".join(match[1].split())] is Label.DATE for match in _LABEL.finditer(text))
    return len(text) <= LABEL_LINE_CHARACTERS and any(found) and bool(DATE.search(text))


def has_label(line: str, *labels: Label) -> bool:
    """Whether one of *labels* stands in *line*, or any where none is named; not in a paragraph."""
    text = _BARE_DATE.sub(r"\1:", normal(line))
    if len(text) > LABEL_LINE_CHARACTERS:
        return False
    found = {_LABEL_OF["".join(match[1].split())] for match in _LABEL.finditer(text)}
    return bool(found & set(labels) if labels else found)


def begins_with_label(line: str) -> bool:
    """Whether *line* is one of labels, and no title or paragraph."""
    text = _BARE_DATE.sub(r"\1:", normal(line)).lstrip(_AT_AN_END)
    if len(text) > LABEL_LINE_CHARACTERS:
        return False
    if date := DATE.match(text):  # one without a label, as some portals begin the line
        text = text[date.end() :].lstrip(_AT_AN_END)
    found = _LABEL.match(text)
    if found is None:
        return False
    # "时间：6月8日上午九点" is what an article says of its subject.
    is_of_date = _LABEL_OF["".join(found[1].split())] is Label.DATE
    rest = text[found.end() :].strip()
    return not is_of_date or not rest or bool(_LABEL.match(rest) or DATE.search(rest))


def ends_with_label(line: str) -> bool:
    """Whether a value is still to come: the next cell of a table, say. A counter's is a script's affair."""
    text = normal(line)
    last = None
    for last in _LABEL.finditer(text + " "):  # noqa: B007  # the last one
        pass
    return last is not None and last.end() >= len(text) and _LABEL_OF["".join(last[1].split())] is not Label.COUNTER


def is_date(line: str) -> bool:
    """Whether *line* is a date, or one with a time, and nothing else."""
    return bool(_ONLY_A_DATE.fullmatch(normal(line)))
