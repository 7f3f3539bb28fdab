"""Which characters a document cannot hold: intake drops them at the door, and feeds once more on the way out."""

import re

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)

NOT_TEXT = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
"""Controls other than tab and line ends, and surrogates: XML 1.0 §2.2 forbids most of them. U+007F to U+009F are legal
there and draw the W3C validator's BadCharacters; code points that are no characters in any plane (Unicode §23.7) are
legal in XML and not in the HTML that it carries."""
