"""What Outlook for Windows (2007 to 2019, where Word shows mails) does in part, looked at value by value.

caniemail knows a property as a whole: that Word does padding "in part" it says of every mail that has some.
"""

import re

from lxml import html as markup

CELLS = frozenset({"td", "th"})
DECLARATION = re.compile(r"\s*([a-z-]+)\s*:\s*([^;]+)")
STYLE_BYTES = 16_384  # Gmail drops a longer sheet


def word_faults(html: str) -> list[str]:
    """One sentence for each style that Word leaves out, and for a sheet that Gmail does."""
    faults = []
    tree = markup.document_fromstring(html)
    for element in tree.iter():
        if isinstance(element.tag, str):
            for name, value in DECLARATION.findall(element.get("style", "")):
                faults += [f"<{element.tag}> {name}: {value.strip()}: {why}" for why in _whys(element.tag, name, value)]
    sheets = sum(len((sheet.text or "").encode()) for sheet in tree.iter("style"))
    if sheets > STYLE_BYTES:
        faults.append(f"style sheets of {sheets} bytes: Gmail keeps {STYLE_BYTES}")
    return faults


def _whys(tag: str, name: str, value: str) -> list[str]:
    """What is wrong with a declaration on an element."""
    says_something = any(part not in {"0", "0px", "none"} for part in value.split())
    wrong = {
        "padding is done on cells only": name.startswith("padding") and tag not in CELLS | {"body"} and says_something,
        "a border is done on cells and tables only": name.startswith("border")
        and name not in {"border-collapse", "border-spacing", "border-radius"}
        and tag not in CELLS | {"table"}
        and says_something,
        "no margin is negative or auto": name.startswith("margin") and bool(re.search(r"-\d|auto", value)),
        "no rem": bool(re.search(r"\drem\b", value)),
    }
    return [why for why, is_so in wrong.items() if is_so]
