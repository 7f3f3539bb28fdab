"""How keywords are compared: as names are, and with traditional characters taken for their simplified forms.

Character by character, by a table made from OpenCC's (Apache License 2.0; tests/zonewire/filters/opencc_table.py
makes it anew), never by phrase: what a character becomes must not hang on its neighbours, or a keyword would miss
inside a longer word.
"""

import re
from functools import cache
from pathlib import Path

from zonewire.articles.folding import fold

# Scripts that write words without spaces between them, or with endings attached: Han, kana, bopomofo, hangul.
CJK = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa"
    "\u30fc-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7ff\uf900-\ufaff"
    "\U00016fe0-\U00018dff\U0001aff0-\U0001b16f\U00020000-\U000323af]"
)


def fold_keyword(value: str) -> str:
    """開發區 becomes 开发区; else as `fold`."""
    return fold(value).translate(_simplified())


def has_cjk(value: str) -> bool:
    """Whether *value* holds a character of a script without spaces: then it is looked for inside words too."""
    return CJK.search(value) is not None


@cache
def _simplified() -> dict[int, int]:
    lines = (Path(__file__).parent / "traditional.txt").read_text(encoding="utf-8").splitlines()
    return dict(str.maketrans(*lines))
