"""The line below a title: 发布时间, 来源, 发布开发区 and their like, in a portal's own words, order and width."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

LABEL_LINE_CHARACTERS = 160
"""A longer line is a paragraph, whatever it begins with."""
_FOLDED_CHARACTERS = 1_000
"""Of a line with its blanks: a longer one is not even looked at."""


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
    "发文日期 发文时间 成文日期 生成日期 公开日期 发布于 发表于 发布 日期 时间 "
    "Date Time Published Published_on Publish_date Publish_time Release_date Release_time Posted Posted_on Updated",
    Label.SOURCE: "来源 信息来源 文章来源 稿件来源 新闻来源 内容来源 稿源 出处 供稿 供稿单位 来稿单位 Source",
    Label.ORGAN: "发布单位 发布机构 发布部门 发布者 发布人 信息提供 提供单位 Publisher",
    Label.ZONE: "发布开发区 所属开发区 所在开发区 开发区名称 开发区 发布园区 所属园区 园区名称 Zone Development_zone",
    Label.AUTHOR: "作者 记者 撰稿 撰稿人 通讯员 撰文 Author Reporter Writer",
    Label.STAFF: "责任编辑 责编 网络编辑 值班编辑 文字编辑 编辑录入 文章录入 信息录入 编辑 审核 审核人 初审 复审 终审 "
    "一审 二审 三审 审稿 校对 录入 录入人 录入员 签发 排版 监制 摄影 Editor",
    Label.COUNTER: "浏览次数 浏览量 浏览数 浏览 点击次数 点击数 点击量 点击率 点击 阅读次数 阅读量 阅读数 阅读 "
    "访问次数 访问量 人气 热度 字体大小 字体 字号 视力保护色 打印 分享到 分享至 分享 评论 "
    "Views Hits Clicks Reads Comments Font_size Share Share_to Share_on Print Tags",
}
"""A blank in a word of English is written as an underscore here."""


def _packed(word: str) -> str:
    """*word* as it stands in _LABEL_OF: without blanks, in lower case."""
    return "".join(word.split()).lower()


_LABEL_OF = {_packed(word.replace("_", " ")): label for label, words in _WORDS.items() for word in words.split()}


def _loose(word: str) -> str:
    """The pattern of *word*, the characters of a Chinese one apart as in 来　源."""
    return word.replace("_", " ") if word.isascii() else r"\s*".join(word)


def _any_of(words: Iterable[str]) -> str:
    """The pattern of any of *words*, the longest first."""
    return "|".join(_loose(word) for word in sorted(words, key=len, reverse=True))


_ALL_WORDS = [word for words in _WORDS.values() for word in words.split()]
_NO_WORD_BEFORE = r"(?<![一-鿿A-Za-z])"
_LABEL = re.compile(rf"{_NO_WORD_BEFORE}({_any_of(_ALL_WORDS)})\s*:\s*", re.IGNORECASE)
# Labels that nobody would write in the midst of a name: two of them may stand without a gap between.
_SURE_WORDS = [w for w in _ALL_WORDS if not w.isascii() and (len(w) > 2 or w in {"来源", "作者", "稿源"})]
_LABEL_AMONG = re.compile(rf"({_NO_WORD_BEFORE}(?:{_any_of(_ALL_WORDS)})|{_any_of(_SURE_WORDS)})\s*:\s*", re.IGNORECASE)
# A date's label may lack its colon.
_LONG_DATE_WORDS = [word for word in _WORDS[Label.DATE].split() if len(word) > 2]
_BARE_DATE = re.compile(
    rf"{_NO_WORD_BEFORE}({_any_of(_LONG_DATE_WORDS)})\s*(?=[\[(【]?\s*\d{{4}}\s*[-/.年])", re.IGNORECASE
)
_PACKED_DATE = re.compile(rf"{_NO_WORD_BEFORE}({_any_of(_LONG_DATE_WORDS)})\s*:\s*(\d{{4}})(\d\d)(\d\d)(?!\d)")
_AMERICAN_DATE = re.compile(
    rf"{_NO_WORD_BEFORE}({_any_of(_LONG_DATE_WORDS)})\s*:\s*(\d{{1,2}})/(\d{{1,2}})/(\d{{4}})(?!\d)"
)
_PUBLICATION_WORDS = {_packed(word.replace("_", " ")) for word in _LONG_DATE_WORDS} - {"date", "time"}
_MAY_BE_LABEL = re.compile(r"[:：∶﹕]|\d{4}")
_CELL_WORDS = {_packed(word) for word in _SURE_WORDS}

DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:\s*[(（]?(?:星期|周)[一二三四五六日天][)）]?)?"
    r"(?:[\sT]*(\d{1,2})\s*[:时]\s*(\d{1,2})(?:\s*[:分]\s*(\d{1,2}))?\s*[秒分]?)?",
    re.ASCII,
)
_ONLY_A_DATE = re.compile(rf"[\[(【]?\s*{DATE.pattern}\s*(?:(?:星期|周)[一二三四五六日天])?\s*[\])】]?", re.ASCII)
_AT_AN_END = " \t　|·・•,;，；。【】[]()（）<>《》-—"
# What a visitor may do, where it stands among the labels without one of its own.
_DOINGS = re.compile(
    r"[\[(【]?\s*(?:(?:选择)?字\s*[体号]|打印|关闭|收藏|分享|繁体|简体|我要纠错|加入收藏|大\s+中\s+小|大\s*\|\s*中\s*\|\s*小).*$"
)


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_ENGLISH_DATES = tuple(
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s+(?P<year>\d{{4}})\b",
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?P<year>\d{{4}})\b",
    )
)
_BY = re.compile(r"(?:^|(?<=[\s|·•,;]))[Bb]y:?\s+(?=[A-Z])")
_BYLINES = re.compile(rf"{_BY.pattern}|(?<=[一-鿿])\s+(?:本报)?(?:记者|通讯员)\s+(?=[一-鿿])")
_DATELINE_CHARACTERS = 80
_BYLINE_CHARACTERS = 40
_VALUE_CHARACTERS = 40
_SENTENCE_END = re.compile(r"[。！？；]|[a-z)\d][.!?](?:\s|$)")
_ENDS_SENTENCE = re.compile(r"[。！？]$|(?:\w+[\s,]+){5}\w+\.$", re.ASCII)
_COUNTED = re.compile(r"[\d,.\s]*[次人条位]?[\d,.\s()（）]*")

_PLAIN = str.maketrans("：∶﹕０１２３４５６７８９－—／．［］", ":::0123456789--/.[]")


def normal(line: str) -> str:
    """*line* with colons, digits and blanks as ASCII has them; all else as it was written."""
    return " ".join(line.translate(_PLAIN).split())


def _plain(line: str) -> str:
    """*line* as `normal` has it, with a colon behind each label, and English dates in digits."""
    text = normal(line)
    for pattern in _ENGLISH_DATES:
        text = pattern.sub(_in_digits, text)
    text = _PACKED_DATE.sub(r"\1:\2-\3-\4", _BARE_DATE.sub(r"\1:", text))
    return _AMERICAN_DATE.sub(r"\1:\4-\2-\3", text)


def _in_digits(date: re.Match[str]) -> str:
    month = _MONTHS.index(date["month"].lower()) + 1
    return f"{date['year']}-{month:02}-{int(date['day']):02}"


def date_in(value: str) -> re.Match[str] | None:
    """The first date in *value*: year, month, day, and hour, minute, second where they are told."""
    return DATE.search(_plain(value))


def labels_of(lines: Sequence[str]) -> dict[Label, str]:
    """The values behind the labels of *lines*, the first of each; a label without a value is left out."""
    text = _BYLINES.sub(" 作者:", "  ".join(_plain(line) for line in lines))
    parts = _LABEL_AMONG.split(text)
    found: dict[Label, str] = {}
    for word, value in zip(parts[1::2], parts[2::2], strict=True):
        label = _LABEL_OF[_packed(word)]
        if kept := _value(label, value):
            found.setdefault(label, kept)
    if Label.DATE not in found and (date := DATE.search(text)):
        found[Label.DATE] = date[0].strip()
    return found


def _value(label: Label, text: str) -> str:
    if label is Label.DATE:
        date = DATE.search(text)
        return date[0].strip() if date else ""
    kept = _ONLY_A_DATE.sub("", _DOINGS.sub("", text)).strip(_AT_AN_END)
    return kept + "）" if kept.count("（") > kept.count("）") else kept


def has_labelled_date(line: str) -> bool:
    """Whether a date stands behind a label for it."""
    text = _plain(line) if len(line) <= _FOLDED_CHARACTERS else line
    if len(text) > LABEL_LINE_CHARACTERS:
        return False
    found = (_LABEL_OF[_packed(match[1])] is Label.DATE for match in _LABEL.finditer(text))
    return any(found) and bool(DATE.search(text))


def has_publication_date(line: str) -> bool:
    """Whether a date stands behind a label that only a publication has: 发布时间, but not 时间, which an event has."""
    if len(line) > LABEL_LINE_CHARACTERS:
        return False
    text = _plain(line)
    found = (_packed(match[1]) in _PUBLICATION_WORDS for match in _LABEL.finditer(text))
    return any(found) and bool(DATE.search(text))


def fields_in(line: str) -> set[Label]:
    """The fields of an article that *line* tells by labels, or by a date alone."""
    found = {_LABEL_OF[_packed(match[1])] for match in _LABEL.finditer(_plain(line[:_FOLDED_CHARACTERS]))}
    if is_date(line):
        found.add(Label.DATE)
    return found - {Label.STAFF, Label.COUNTER}


def has_label(line: str, *labels: Label) -> bool:
    """Whether one of *labels* stands in *line*, or any where none is named; not in a paragraph."""
    text = _plain(line) if len(line) <= _FOLDED_CHARACTERS else line
    if len(text) > LABEL_LINE_CHARACTERS:
        return False
    found = {_LABEL_OF[_packed(match[1])] for match in _LABEL.finditer(text)}
    return bool(found & set(labels) if labels else found)


def begins_with_label(line: str) -> bool:
    """Whether *line* is one of labels, and no title or paragraph."""
    if not _MAY_BE_LABEL.search(line):
        return False
    text = _plain(line).lstrip(_AT_AN_END) if len(line) <= _FOLDED_CHARACTERS else line
    if len(text) > LABEL_LINE_CHARACTERS or _ENDS_SENTENCE.search(text):
        return False
    if date := DATE.match(text):  # one without a label, as some portals begin the line
        text = text[date.end() :].lstrip(_AT_AN_END)
    found = _LABEL.match(text)
    if found is None:
        return False
    # "时间：6月8日上午九点" is what an article says of its subject.
    is_of_date = _LABEL_OF[_packed(found[1])] is Label.DATE
    rest = text[found.end() :].strip()
    is_sure = _packed(found[1]) in _PUBLICATION_WORDS
    return not is_of_date or is_sure or not rest or bool(_LABEL.match(rest) or DATE.search(rest))


def ends_with_label(line: str) -> bool:
    """Whether a value is still to come: the next cell of a table, say. A counter's is a script's affair."""
    text = normal(line) if len(line) <= _FOLDED_CHARACTERS else ""
    last = None
    for last in _LABEL.finditer(text + " "):  # noqa: B007  # the last one
        pass
    return last is not None and last.end() >= len(text) and _LABEL_OF[_packed(last[1])] is not Label.COUNTER


def is_value(line: str, before: str) -> bool:
    """Whether *line*, say the next cell of a table, is the value of the label that the line *before* ends with."""
    if ends_with_label(before):
        return len(line) <= _VALUE_CHARACTERS and not is_sentence(line)
    return line.isdigit() and begins_with_label(before)


def is_date(line: str) -> bool:
    """Whether *line* is a date, or one with a time, and nothing else."""
    return len(line) <= _FOLDED_CHARACTERS and bool(_ONLY_A_DATE.fullmatch(_plain(line)))


def is_dateline(line: str) -> bool:
    """Whether *line* is a date with little behind it, or before it: a source without its label, say. No sentence."""
    text = _plain(line) if len(line) <= _FOLDED_CHARACTERS else line
    if len(text) > _DATELINE_CHARACTERS or not (date := DATE.search(text)):
        return False
    around = text[: date.start()], text[date.end() :]
    has_both = all(part.strip(_AT_AN_END) for part in around)
    return not has_both and not any("，" in part or is_sentence(part) for part in around)


def is_byline(line: str) -> bool:
    """Whether *line* names an author as English pages do: By Ann Li."""
    text = normal(line)
    return len(text) <= _BYLINE_CHARACTERS and bool(_BY.match(text)) and not _SENTENCE_END.search(text)


def is_counter(line: str) -> bool:
    """Whether *line* begins with labels, and counts readers behind one of them: 阅读：312次, but not 阅读：一本书."""
    if not (begins_with_label(line) and has_label(line, Label.COUNTER)):
        return False
    parts = _LABEL_AMONG.split(_plain(line))
    said = {
        _LABEL_OF[_packed(word)]: value.strip(_AT_AN_END) for word, value in zip(parts[1::2], parts[2::2], strict=True)
    }
    return bool(_COUNTED.fullmatch(said.get(Label.COUNTER, "")))


def as_label(cell: str) -> str:
    """*cell* with the colon that it lacks, where it is a label and nothing else; else ""."""
    word = _packed(normal(cell).strip(_AT_AN_END)) if len(cell) <= _BYLINE_CHARACTERS else ""
    return f"{cell.strip()}:" if word in _CELL_WORDS else ""


def is_sentence(line: str) -> bool:
    """Whether *line* holds the end of a sentence: no label, title or name does."""
    return bool(_SENTENCE_END.search(line))
