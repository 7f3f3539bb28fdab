"""One article as a browser copies it, and as HTML of seven makes: always the same article."""

import pytest

from tests.zonewire.intake.page_texts import CRUMBS, FOOT, META, PARAGRAPHS, TITLE, a_page
from zonewire.articles import Article
from zonewire.intake import read_page
from zonewire.intake.pages import article_of, decoded, page_of

INDENTED = [f"&nbsp;&nbsp;&nbsp;&nbsp;{paragraph}" for paragraph in PARAGRAPHS]
FOOT_LINES = "".join(f"<p>{line}</p>" for line in FOOT.split("\n"))
CELLS = "".join(f"<td>{part}</td>" for part in META.split("  "))
SPANS = "".join(f"<span>{part}</span>" for part in META.split("  "))
SPACER = "<tr><td><img src='images/spacer.gif' height='9'></td></tr>"

BREAKS = f"<html><body>{CRUMBS}<br>{TITLE}<br>{META.replace('  ', '&nbsp;&nbsp;')}<br><br>{'<br><br>'.join(INDENTED)}<br>{'<br>'.join(FOOT.splitlines())}"
TABLES = f"""<html><body><table width=760><tr><td>{CRUMBS}</td></tr>{SPACER}<tr><td class=title><font size=5>{TITLE}</font></td></tr>
<tr><td><table><tr>{CELLS}</tr></table></td></tr>{SPACER}<tr><td>{"<br>".join(INDENTED)}</td></tr><tr><td>{FOOT_LINES}</td></tr></table>"""
FRONT_PAGE = f"""<HTML><HEAD><TITLE>New Page 1</TITLE></HEAD><BODY><P>{CRUMBS}<P ALIGN=center><FONT SIZE=5><B>{TITLE}</B></FONT>
<P ALIGN=center><FONT SIZE=2>{META}</FONT><HR>{"".join(f"<P><FONT SIZE=3>{line}</FONT>" for line in INDENTED)}{FOOT_LINES}"""
WORD = f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {{mso-style-parent:"";}} --></style></head><body>
<p class=MsoNormal>{CRUMBS}<o:p></o:p></p><p class=MsoNormal align=center><b>{TITLE}<o:p></o:p></b></p><p class=MsoNormal>{META}</p>
{"".join(f"<p class=MsoNormal><span style='mso-spacerun:yes'>{line}</span><o:p></o:p></p>" for line in PARAGRAPHS)}{FOOT_LINES}"""
COLUMNS = f"""<!DOCTYPE html><html><head><title>{TITLE} - 门户</title></head><body><nav><a href=/>首页</a></nav><div class=row>
<aside><p>园区面积六十平方公里。</p></aside><main><div class=breadcrumb>{CRUMBS}</div><h1>{TITLE}</h1><div class=meta>{SPANS}</div>
<div class=share>分享到：<a href=#>微信</a></div><div class=content>{"".join(f"<p>{line}</p>" for line in PARAGRAPHS)}</div>
{FOOT_LINES}</main><div class=side><h3>热点新闻</h3><p>园区昨天开工，八家企业到场。</p></div></div></body></html>"""
ITEMS = f"""<html><body><dl><dt>{CRUMBS}</dt><dd><h2>{TITLE}</h2></dd>{CELLS.replace("td", "dd")}
{"".join(f"<dd><div>{line}</div></dd>" for line in PARAGRAPHS)}</dl>{FOOT_LINES}</body></html>"""
PREFORMATTED = f"<html><body><p>{CRUMBS}</p><h3>{TITLE}</h3><p>{META}</p><pre>{chr(10).join('　　' + line for line in PARAGRAPHS)}</pre>{FOOT_LINES}"


def read(whole: bytes) -> Article:
    return article_of([page_of(decoded(whole))])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("make", [BREAKS, TABLES, FRONT_PAGE, WORD, COLUMNS, ITEMS, PREFORMATTED])
def test_a_page_of_any_make_is_the_article_that_its_text_is(make: str, encoding: str) -> None:
    assert read(make.encode(encoding)) == read_page(a_page())
