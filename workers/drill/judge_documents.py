"""The judge of feeds: a document, fetched or brought by the hub, shows what is newest and nothing that is not."""

from collections.abc import Sequence

import orjson
from lxml import etree

from workers.drill.judge import Account, Finding, Sort
from workers.drill.model import newest_shown
from workers.drill.newsroom import News, guid_of
from workers.drill.reading import texts_in

SHOWN = 20
"""Of the newest articles, so many must stand in a document, which has room for fifty."""


def judge_document(name: str, address: str, body: bytes | None, accepted: Sequence[News]) -> Account:
    """How the document *body* of everything, that *name* has, shows what was *accepted*."""
    account = Account(owed=1)
    if body is None:
        account.findings.append(_finding(Sort.MISSING, name, address, accepted[-1], "no document came"))
        return account
    newest = {news.number: news for news in accepted}
    shown = {(text.number, text.version) for text in texts_in("\n".join(titles_of(body)))}
    for number, version in sorted(shown):
        news = newest.get(number)
        if news is None or news.withdrawn or news.text_version != version:
            detail = f"it shows version {version} of {guid_of(number)}"
            account.findings.append(_finding(Sort.STALE, name, address, news or accepted[-1], detail))
    for news in newest_shown(accepted, most=SHOWN):
        if (news.number, news.text_version) not in shown:
            account.findings.append(_finding(Sort.MISSING, name, address, news, "not in the document"))
    account.sent = int(not account.findings)
    return account


def titles_of(body: bytes) -> list[str]:
    """The titles of the entries of a JSON Feed, an Atom or an RSS document."""
    if body.lstrip().startswith(b"{"):
        return [str(item.get("title", "")) for item in orjson.loads(body)["items"]]
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    entries = [one for name in ("entry", "item") for one in root.iter(f"{{*}}{name}")]
    return [str(title.text or "") for entry in entries for title in entry.iterchildren("{*}title")]


def _finding(sort: Sort, name: str, address: str, news: News, detail: str) -> Finding:
    return Finding(sort=sort, receiver=name, to=address, guid=news.guid, version=news.version, detail=detail)
