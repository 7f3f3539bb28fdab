"""Languages as feed readers know them: a tag whose language is in ISO 639-1 (RFC 5646 §2.2.1)."""

import re

from zonewire.feeds.feed import LANGUAGE

_TAG = re.compile(r"(?P<language>[A-Za-z]{2,8})(?:-[A-Za-z0-9]{1,8})*")


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


_KNOWN = _words(
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng "
    "nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su "
    "sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
_OF_CHINESE = _words("cdo cjy cmn cpx czh czo gan hak hsn lzh mnp nan wuu yue")
"""Chinese languages with subtags of their own; behind "zh-" they mean the same, and more readers know them."""


def shown_language(tag: str) -> str:
    """*tag* in a form that readers know; the feeds' own language where they would know none of it ("english", "cn")."""
    match = _TAG.fullmatch(tag)
    language = match["language"].lower() if match else ""
    if language in _OF_CHINESE:
        return f"zh-{tag}"
    return tag if language in _KNOWN else LANGUAGE
