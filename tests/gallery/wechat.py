"""How an article for WeChat looks in WeChat: with its QR code in it, and in the dark reading mode.

That mode turns the colours of an article round by itself. What is done here is near to it (the lightness of a colour in
HSL is mirrored, text stays light and grounds dark), and no more than that.
"""

import base64
import colorsys
import re

import requests

NIGHT, TEXT_AT_NIGHT, LINK_AT_NIGHT = "#191919", "#d1d1d1", "#8a9fc4"
_CODE = re.compile(r'<img src="https://[^"]*(?P<path>/editions/[^"]*\.png)"')
_STYLE = re.compile(r'(?<= style=")[^"]*')
_DECLARED = re.compile(r"(?P<name>[\w-]+):(?P<before>[^;]*?)(?P<colour>#[0-9a-fA-F]{6})")


def with_code(answer: requests.Response) -> requests.Response:
    """*answer* with the QR code itself in place of its address, since here nothing is fetched."""

    def shown(picture: re.Match[str]) -> str:
        root = answer.url.partition("/editions/")[0]
        code = base64.b64encode(requests.get(root + picture["path"], timeout=10).content).decode()
        return f'<img src="data:image/png;base64,{code}"'

    return _with_text(answer, _CODE.sub(shown, answer.text))


def by_night(answer: requests.Response) -> requests.Response:
    """*answer* with its article as the dark reading mode shows it."""
    around = f"background-color:{NIGHT};border-color:{NIGHT};color:{TEXT_AT_NIGHT}"
    head, phone, article = answer.text.partition('<section class="phone"')
    dark = _STYLE.sub(lambda style: at_night(style[0]), article)
    dark = dark.replace('<p class="name"', f'<p style="color:{TEXT_AT_NIGHT}" class="name"', 1)
    dark = dark.replace('<p class="by"', '<p style="color:#999999" class="by"', 1)
    for link in ("<b", '<p class="read"'):
        dark = dark.replace(link, f'{link} style="color:{LINK_AT_NIGHT}"', 1)
    return _with_text(answer, f'{head}{phone} style="{around}"{dark}')


def at_night(style: str) -> str:
    """The colours of an inline style, turned round."""

    def turned(declared: re.Match[str]) -> str:
        is_text = declared["name"] == "color"
        return f"{declared['name']}:{declared['before']}{_turned(declared['colour'], is_text=is_text)}"

    return _DECLARED.sub(turned, style)


def _turned(colour: str, *, is_text: bool) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, light, strength = colorsys.rgb_to_hls(red, green, blue)
    if is_text:
        light = max(0.62, 0.92 - light)
    elif light > 0.5:
        light = 0.1 + (1 - light)
    return "#" + "".join(f"{round(part * 255):02x}" for part in colorsys.hls_to_rgb(hue, light, strength * 0.9))


def _with_text(answer: requests.Response, text: str) -> requests.Response:
    answer._content, answer.encoding = text.encode(), "utf-8"
    return answer
