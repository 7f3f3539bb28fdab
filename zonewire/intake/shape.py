"""Whether HTML has a shape that its parser takes long over, told in time linear in its length.

The parser behind nh3 takes time with the square of what stands open at once (100,000 open <div>: 43 s; <rt>: 268 s),
of the ampersands in one text (a megabyte of "&": 11 s), and of the attributes of one tag (100,000: 4 s). No article
is like that; each bound below keeps a megabyte under half a second.
"""

import re
from collections import Counter

MAX_OPEN = 400
MAX_AMPERSANDS = 50_000
MAX_TAG_CHARACTERS = 20_000
"""Of one tag, what stands in quotes not counted (a picture may be written into one)."""

_SMALL_TAGS, _SMALL_CHARACTERS = 300, 50_000  # below both, no shape takes long


def tags(names: str) -> frozenset[str]:
    """The names in a line of them."""
    return frozenset(names.split())


# Elements that hold nothing, and those whose end may be left out because the next of them, or a block, ends them.
_NEVER_OPEN = tags(
    "area base br col embed hr img input link meta param source track wbr p li dt dd tr td th thead tbody tfoot"
)
_RAW = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "plaintext")
_RAW_ENDS = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in _RAW}
_QUOTED = r""""[^"]*+"|'[^']*+'"""
# A comment, or a tag with its attributes. Possessive: no step is taken back.
_TOKEN = re.compile(rf"""<!--|<(?P<end>/?)(?P<name>[A-Za-z][^\s/>]*+)(?:[^>"']++|{_QUOTED})*+>?""")


def is_odd(markup: str) -> bool:
    """Whether *markup* is better not given to a parser."""
    if markup.count("&") > MAX_AMPERSANDS:
        return True
    if len(markup) < _SMALL_CHARACTERS and markup.count("<") < _SMALL_TAGS:
        return False
    opened: Counter[str] = Counter()
    place = depth = 0
    while token := _TOKEN.search(markup, place):
        place = _end(markup, token)
        depth += _step(token, opened)
        if depth > MAX_OPEN or _is_overlong(token[0]):
            return True
    return False


def _end(markup: str, token: re.Match[str]) -> int:
    """Where to go on: behind the token, and behind what it starts where that is no markup."""
    if not token["name"]:
        return _or_all(markup, markup.find("-->", token.end()))
    raw = _RAW_ENDS.get(token["name"].lower())
    if raw is None or token["end"]:
        return token.end()
    found = raw.search(markup, token.end())
    return _or_all(markup, found.end() if found else -1)


def _or_all(markup: str, place: int) -> int:
    return len(markup) if place < 0 else place


def _step(token: re.Match[str], opened: "Counter[str]") -> int:
    """How much deeper the token leads: 1, 0 or -1. An end tag ends only what was opened."""
    name = (token["name"] or "").lower()
    if not name or name in _NEVER_OPEN or name in _RAW_ENDS:
        return 0
    if not token["end"]:
        opened[name] += 1
        return 1
    if not opened[name]:
        return 0
    opened[name] -= 1
    return -1


def _is_overlong(tag: str) -> bool:
    return len(tag) > MAX_TAG_CHARACTERS and len(re.sub(_QUOTED, "", tag)) > MAX_TAG_CHARACTERS
