"""Articles as no portal should send them, and each does one day: for tests of what readers make of them."""

from typing import Any

from tests.builders import NOON
from zonewire.articles.identity import host_of, mint_entry_id
from zonewire.articles.model import Version
from zonewire.intake import read_article

_HOME = "https://portal.example"

ODD: dict[str, dict[str, Any]] = {
    "nothing but a title": {},
    "astral characters": {"title": "😀 👨‍👩‍👧 𠮷野家", "html": "<p>😀\U0001f1e8\U0001f1f3𝒳</p>", "summary": "🀄"},
    "controls": {"title": "一\x85二\x08三&#133;", "html": "<p>\x80&#1;\x99四</p>", "author": "张\x93三"},
    "lost characters": {"title": "标\ufffd题", "html": "<p>\ufffd</p>", "summary": "\ufffd", "keywords": ["\ufffd"]},
    "no characters": {"title": "一\ufdd0二\U0001fffe", "html": "<p>\U0010ffff三&#xFDD0;</p>"},
    "what ends CDATA": {"title": "]]> 一", "html": "<p>]]&gt;<![CDATA[x]]></p>", "summary": "]]>"},
    "marks and references": {
        "title": "R&D2 &amp; 5 &lt; 6 &copy; AT&T",
        "summary": "a &amp;lt; b &#60; c",
        "author": "A&B",
    },
    "markup in a title": {"title": "<b>粗</b> &lt;i&gt; 一", "summary": "<p>摘要</p>"},
    "a Chinese address": {"url": "https://例子.测试/新闻/一.html?q=中&x=1#片"},
    "an address full of brackets": {"url": f"{_HOME}/a[1]{{2}}|3^`<>?x=[y]"},
    "an address without a path": {"url": "https://portal.example?id=1"},
    "a guid of digits": {"guid": "17"},
    "a guid with blanks": {"guid": "编号 17/a?b#c%e4"},
    "a guid that is the address": {"guid": f"{_HOME}/same", "url": f"{_HOME}/same"},
    "a guid that is another address": {"guid": f"{_HOME}/old", "url": f"{_HOME}/new"},
    "a guid in capitals": {"guid": "HTTP://Portal.Example:80/A/../b"},
    "broken HTML": {"html": "<p>一<b>二<i>三</b>四</i><div>五</p><td>六<table><tr><td>七<p>八</table><li>九"},
    "HTML that does things": {
        "html": '<script>x</script><style>p{}</style><iframe src=x></iframe><p onclick=x style="color:red">一</p>'
        "<form><input><button>b</button></form><object></object><svg><a xlink:href=x></a></svg>二"
    },
    "relative addresses": {
        "html": '<a href="x.html">一</a><img src="../p.png"><img src="data:image/png;base64,AA" alt="图">'
    },
    "a table": {
        "html": "<table><caption>表</caption><thead><tr><th colspan=2>一</th></tr></thead><tr><td>二<td>三</table>"
    },
    "text only": {"text": "一 <b> & “二”\n三\n\n四"},
    "a summary only": {"summary": '只有摘要 & < > "'},
    "a very long text": {"html": "<p>" + "长文。" * 40_000 + "</p>"},
    "long ago": {"published_at": "1900-01-01T00:00:00Z"},
    "far ahead": {"published_at": "2099-12-31T23:59:59+14:00"},
    "no date": {"published_at": None},
    "another zone": {"published_at": "2026-06-06T12:00:00.5+05:45"},
    "places": {
        "zone": "甲 & <乙>",
        "city": "泰\n州",
        "section": ["一", "一", " "],
        "keywords": [f"词{i}" for i in range(99)],
    },
    "pictures": {
        "images": [{"url": f"/{i}.jpg", "alt": "图 <b>& \"'", "type": t} for i, t in enumerate(["image/png", "x"])]
    },
    "a picture and a summary": {"summary": "摘要", "html": "<p>正文</p>", "images": [{"url": "/a.png", "alt": "图"}]},
    "files": {
        "enclosures": [
            {"url": "/报告 一.pdf".replace(" ", "%20"), "length": 5},
            {"url": "https://f.example?x=[1]", "type": "a/b+c"},
            {"url": "b.mp3"},
        ]
    },
    "a file behind a name": {"enclosures": [{"url": "https://user@f.example/x.pdf", "type": "x", "length": 0}]},
    "a mailbox": {"author": "张三 <zhang@portal.example>"},
    "a language": {"language": "yue-HK"},
    "no language": {"language": "chinese"},
}


def odd_versions() -> list[Version]:
    """One version of each, through the door that all articles come by."""
    return [_version(n, fields) for n, fields in enumerate(ODD.values())]


def _version(n: int, fields: dict[str, Any]) -> Version:
    given = {"guid": f"{_HOME}/n/{n}", "url": f"{_HOME}/n/{n}.html", "title": f"题 {n}", "published_at": "2026-06-06"}
    article = read_article(given | fields)
    return Version(
        number=n,
        article_id=n,
        version=1,
        withdrawn=False,
        entry_id=mint_entry_id(article.guid, host=host_of(article.url), year=2026),
        article=article,
        accepted_at=NOON + n,
    )
