"""What news begins with before it says anything: the dateline, and who reports."""

import re

_HAN = r"[\u4e00-\u9fff]"
_REPORTER = r"(?:本[报网台刊站])?(?:首席|见习|实习|特约|全媒体)?(?:记者|通讯员)"
_AFTER = r"(?=[\s（(：:，,】\]）)]|记者|$)"
_DAY = r"(?:\d{4}年)?(?:\d{1,2}月)?\d{1,2}日"
# 本报讯, 泰州日报消息, 新华社南京6月5日电, 6月5日讯. What says whose word it is or when stays: 据…消息, 6月5日消息.
_WIRE = (
    rf"[【\[]?(?!据)(?:本[报网台刊站]讯|讯(?=\s*[（(])|(?:本[报网台刊站]|{_HAN}{{1,8}}[社网报台])(?:讯|电|消息){_AFTER}"
    rf"|(?:{_HAN}{{1,14}}{_DAY}消息|{_HAN}{{0,14}}{_DAY}[讯电]){_AFTER})[】\]]?"
)
_IN_BRACKETS = r"[（(][^（）()]{0,60}[）)]"
_REPORTS = rf"{_REPORTER}[^，。：:]{{1,40}}"
_CHINESE = (
    rf"(?:{_WIRE}\s*(?:{_IN_BRACKETS})?\s*(?:{_REPORTS}[：:])?|[（(]\s*{_REPORTER}[^（）()]{{0,60}}[）)]|{_REPORTS}报道[：:])"
    r"[：:，,\s]*"
)
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DASH = r"\s?(?:--|—|–|-)\s?"
# NANJING, June 5 (Xinhua) --. A word in capitals before a dash alone may be the subject: "GDP — the sum of …".
_ENGLISH = (
    rf"[A-Z][A-Za-z.'’ -]{{1,30}}(?:, [A-Z][A-Za-z.]+)?, {_MONTH} \d{{1,2}}(?:, \d{{4}})?(?: \([^()]{{2,30}}\))?{_DASH}"
    rf"|(?:[A-Z][A-Z.'’ -]{{2,30}}(?:, [A-Z][A-Za-z.]+)? ?)?\([A-Z][^()]{{1,30}}\){_DASH}"
    rf"|[A-Z][A-Z.'’ -]{{3,30}}, [A-Z][A-Za-z.]+{_DASH}"
)
_DATELINE = re.compile(f"(?:{_CHINESE}|{_ENGLISH})")
_BYLINE = re.compile(
    rf"[（(]?{_REPORTS}(?:报道|整理|摄|供稿)[）)]?。?"
    r"|(?:By|Reported by|Written by|Photos? by)(?: [A-Z][\w.’-]*,?| and| for)+\.?"
)


def without_dateline(paragraph: str) -> str:
    """*paragraph*, one line, without agency, place and reporters at its head. A date that begins the sentence stays."""
    return paragraph[found.end() :] if (found := _DATELINE.match(paragraph)) else paragraph


def is_byline(paragraph: str) -> bool:
    """Whether *paragraph* says nothing but who reports."""
    return _BYLINE.fullmatch(paragraph) is not None
