"""How names are compared: after NFKC, with space at the ends and case taken away (rules.md, Matching)."""

import unicodedata


def fold(value: str) -> str:
    """泰州 stays, "ＡＢＣ " becomes "abc"; inner space is one blank."""
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
