"""A text cut to a width where an editor would cut it: for titles, subjects and what stands under a title.

Widths are counted in columns (UAX #11), clusters are those of UAX #29; `wcwidth` knows both.
"""

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate

from wcwidth import iter_graphemes, width

from zonewire.articles.sentences import open_marks

COLUMNS = 2  # of a full-width character
LEAST_KEPT = 14  # characters; with fewer nobody knows a title again
LONGEST = 60  # characters of a number with blanks in it, as in RMB 3.5 billion
LOOKED_AT = 16  # code points for each full-width character: an emoji of a family has up to 11

_WIDE = (
    "\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
_IS_WIDE = re.compile(f"[{_WIDE}]")

_LETTER = rf"(?:[^\W{_WIDE}]|[\u0300-\u036f\uff10-\uff19])"  # of words with blanks between them, and any digit
_BETWEEN = r"(?:[-.:/’'&@–~+]{1,3}|(?<=\d),(?=\d))"  # R&D, 14:05, 1,234.5, 2026–2027, zone.example/news
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_IN_FRONT = rf"(?:第|百分之|(?:US|HK)?[¥￥$€£+−]|(?:RMB|CNY|USD|EUR|Nos?\.|{_MONTH}\.?) )"
_HAN_UNIT = (
    r" ?[余多]?[十百千万亿兆]*[余多]?(?:个百分点|平方(?:米|公里|千米)|立方米|公[顷里斤]|[千厘毫]米|千克|千瓦时?|兆瓦时?"
    "|[美欧日港]元|英镑|小时|分钟|人次|[元亩吨克米升度年月日号时分秒点天周岁个家名人次项条户件台套辆批期楼层届强倍座所位级])?"
)
_DATE = r"(?:年\d+月(?:\d+日)?|月\d+日|时\d+分)"
_SIGN = r" ?(?:%|‰|℃|°[CF]?|㎡|㎞)"
_LATIN_UNIT = (
    r" (?:thousand|million|billion|trillion|percent|per cent|hectares?|acres?|mu|(?:square|cubic) [a-z]+"
    rf"|[kcm]?m[²³]?|k?g|t|ton(?:ne)?s?|[kMGT]?Wh?|yuan|RMB|euros?|dollars?|a\.m|p\.m|{_MONTH})(?!{_LETTER})"
)
# A word, or a number with what stands before it and its unit; 十二亿元 is a number too.
_WHOLE = re.compile(
    rf"{_IN_FRONT}?{_LETTER}+(?:{_BETWEEN}{_LETTER}+)*(?:(?<=\d)(?:{_DATE}|{_SIGN}|(?:{_LATIN_UNIT})+|{_HAN_UNIT}))?"
    rf"|(?:第|百分之)?[〇零一二两三四五六七八九十百千万亿]+{_HAN_UNIT}"
)
_TRIMMED = frozenset(" ，、；：。！？,;:.!?·•—–-~/|…《〈“‘（(「『【[<")


def shorten(text: str, most: int) -> str:
    """*text* on one line, cut and marked with … where it is wider than *most* full-width characters.

    One of them is two columns: 30 are 30 characters in Chinese and about 60 in English. The … is counted. A grapheme
    cluster is never cut apart; a number with its unit, a word, a quotation or a title in 《》 only where too little
    would be left before it (LEAST_KEPT characters; for what is in quotes, half of the room). Only the beginning of a
    long text is looked at.
    """
    text = text.strip()
    beginning = text[: most * LOOKED_AT]
    line = one_line(beginning)
    if len(beginning) == len(text) and columns(line) <= most * COLUMNS:
        return line
    return f"{_cut(line, most * COLUMNS)}…"


def one_line(text: str) -> str:
    """*text* with one blank for any run of blanks and line ends."""
    return " ".join(text.split())


def columns(text: str) -> int:
    """How many columns *text* takes. Those that UAX #11 calls ambiguous, as “ and …, take two beside Chinese."""
    return width(text, control_codes="ignore", ambiguous_width=_ambiguous_in(text))


@lru_cache(maxsize=8_192)  # a text has few different ones: a third of the time
def _columns_of(cluster: str, ambiguous: int) -> int:
    return width(cluster, control_codes="ignore", ambiguous_width=ambiguous)


def _ambiguous_in(text: str) -> int:
    return COLUMNS if _IS_WIDE.search(text) else 1


def _cut(line: str, room: int) -> str:
    """What is kept of *line*, which has more than *room* columns; "" where not even a character has room."""
    bounds = _bounds(line, room)
    kept = len(bounds) - 1
    least = bounds[LEAST_KEPT if kept >= LEAST_KEPT else kept // 2]
    cut = _outside_words(line, bounds[-1], least)
    cut = max(_outside_quotes(line, cut, room), least)
    kept = bisect_right(bounds, cut) - 1
    while bounds[kept] > least and line[bounds[kept - 1] : bounds[kept]] in _TRIMMED:
        kept -= 1
    return line[: bounds[kept]]


def _bounds(line: str, room: int) -> list[int]:
    """Where *line* may be cut so that it has room with a … behind it: between grapheme clusters, 0 first."""
    ambiguous = _ambiguous_in(line)
    room -= ambiguous  # the … is such a character itself
    sizes = [0]
    for cluster in iter_graphemes(line):
        room -= _columns_of(cluster, ambiguous)
        if room < 0:
            break
        sizes.append(len(cluster))
    else:  # so many marks on few letters that `line` ended first, perhaps inside a cluster
        sizes = sizes[:-1] or [0]
    return list(accumulate(sizes))


def _outside_words(line: str, cut: int, least: int) -> int:
    """*cut*, or the beginning of the word or number that it would part, if that leaves *least*."""
    start = max(line.rfind(" ", 0, max(cut - LONGEST, 0)), 0)  # enough to have a number's beginning
    for whole in _WHOLE.finditer(line, start):
        if whole.start() >= cut:
            break
        if whole.end() > cut:
            return whole.start() if whole.start() >= least else cut
    return cut


def _outside_quotes(line: str, cut: int, room: int) -> int:
    """*cut*, or the outermost mark still open there that has half of *room* before it."""
    opened = open_marks(line, 0, cut, [])
    return next((at for at in opened if columns(line[:at]) * 2 >= room), cut)
