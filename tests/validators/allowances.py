"""What a mail program or a rule may miss, each with its reason. What is not named here is a fault."""

from dataclasses import dataclass

CLIENTS = (
    "gmail.desktop-webmail",
    "gmail.ios",
    "gmail.android",
    "outlook.windows",  # 2007 to 2019: Word shows the mail
    "outlook.outlook-com",
    "outlook.macos",
    "apple-mail.macos",
    "apple-mail.ios",
)
"""Those of our readers that caniemail knows. It has no data on QQ Mail, 163 and sina: nothing here judges for them."""

RULES_LEFT_OUT = {
    "doctype-style": "HTML knows no difference between <!doctype> and <!DOCTYPE>; our pages write the first",
    "long-title": "a title names its article, whole; a browser and a search engine cut it where they like",
    "no-inline-style": "the article for WeChat is made of them, and each page's policy forbids them elsewhere",
    "prefer-tbody": "stands in articles as their portals wrote them; every parser adds the element",
}
"""Rules of html-validate:recommended that do not apply to our pages."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """*feature* (a title of caniemail's) may be missing in *clients* (a pattern), since *because*."""

    feature: str
    clients: str
    because: str


_MISSING = (
    Allowance("@media", "outlook.windows", "what it holds is for phones; 600 pixels stay, which its window has"),
    Allowance("@media (prefers-color-scheme)", "*", "the mail stays light, or is turned dark by the program"),
    Allowance("color-scheme meta tag", "*", "as before"),
    Allowance("color-scheme CSS property", "*", "as before"),
    Allowance("Attribute selector", "outlook.windows", "[data-ogsc] and [data-ogsb] are Outlook.com's own"),
    Allowance("white-space", "outlook.windows", "a date that is broken in two is read all the same"),
    Allowance("border-radius", "outlook.windows", "a button with square corners is one still"),
    Allowance("<body> element", "outlook.macos", "becomes a div; what matters is said on the tables inside again"),
)
_NO_SHEET = "a sheet that is not there: everything but what is for phones and the night is inline too"
_IN_PART = (
    Allowance("!important keyword", "*", "written small and behind a space, in sheets alone"),
    Allowance("Attribute selector", "*", "[data-ogsc] and [data-ogsb] are Outlook.com's own, and stand alone there"),
    Allowance("Class selector", "gmail.*", _NO_SHEET),
    Allowance("Descendant combinator", "gmail.*", _NO_SHEET),
    Allowance("Type selector", "gmail.*", _NO_SHEET),
    Allowance("dir attribute", "outlook.windows", "on the whole mail, on no link"),
    Allowance("word-break", "*", "only a word that is longer than a line is wider than its window"),
    Allowance("white-space", "gmail.*", "a date that is broken in two is read all the same"),
    Allowance("<body> element", "*", "becomes a div; what matters is said on the tables inside again"),
    Allowance("<style> element", "*", "everything but what is for phones and the night is inline too"),
    Allowance("@media", "*", "ours ask for the width alone, not nested; other accounts in Gmail's apps see 600 pixels"),
    Allowance("@media (prefers-color-scheme)", "*", "the mail stays light"),
    Allowance("align attribute", "outlook.macos", "we only centre"),
    Allowance("background", "outlook.windows", "we give colours, no pictures"),
    Allowance("border", "outlook.windows", "hairlines on cells, and none elsewhere (word_faults)"),
    Allowance("display", "gmail.*", "block, inline-block and none, no flex, no grid (caniemail has these by value)"),
    Allowance("display:none", "outlook.windows", "on a line of text, without tables or pictures in it"),
    Allowance("display", "outlook.windows", "a link that stays inline is one still"),
    Allowance("font-size", "outlook.windows", "pixels, no rem (word_faults)"),
    Allowance("font-weight", "outlook.windows", "400 and 600, which it shows as normal and bold"),
    Allowance("height attribute", "outlook.windows", "of bars and gaps, in pixels"),
    Allowance("height property", "outlook.windows", "of bars, gaps and pictures; none holds text"),
    Allowance("line-height", "outlook.windows", "a line is a pixel or two off"),
    Allowance("margin", "*", "none is negative or auto (word_faults)"),
    Allowance("max-width", "outlook.windows", "the width of the attribute stays, which is no more"),
    Allowance("max-width", "apple-mail.ios", "@media says the width there"),
    Allowance("padding", "outlook.windows", "on cells, where it is done (word_faults)"),
    Allowance("text-align", "*", "left, center and right"),
    Allowance("text-decoration", "*", "underline and none; colour tells a link too"),
    Allowance("width attribute", "outlook.windows", "in pixels, but for tables, whose parent is as wide"),
    Allowance("width property", "outlook.windows", "the attribute says it again"),
)
ALLOWED = {"none": _MISSING, "partial": _IN_PART, "unknown": ()}
"""By caniemail's word for how much of a feature a program does."""
