"""Makes zonewire/filters/traditional.txt from OpenCC: `python -m tests.zonewire.filters.opencc_table`."""

import unicodedata
from pathlib import Path

import opencc

TABLE = Path(__file__).parents[3] / "zonewire" / "filters" / "traditional.txt"


def made_from_opencc() -> str:
    """Two lines: every character that OpenCC simplifies by itself, and in the same places what it becomes.

    Left out are those that NFKC changes, since folding never leaves one; chains (薴 苧 苎) are followed to their end.
    """
    converter = opencc.OpenCC("t2s")
    ideographs = [chr(code) for code in range(0x2E80, 0x33480) if not 0xD800 <= code < 0xE000]
    folded = [char for char in ideographs if unicodedata.normalize("NFKC", char) == char]
    becomes = {char: simple for char in folded if (simple := converter.convert(char)) != char}
    ends = {char: becomes.get(simple, simple) for char, simple in becomes.items()}
    return "".join(ends) + "\n" + "".join(ends.values()) + "\n"


if __name__ == "__main__":
    TABLE.write_text(made_from_opencc(), encoding="utf-8")
