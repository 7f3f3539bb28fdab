"""The model: who is owed what, by the drill's own simple rules and nothing else.

An article's newest version is owed to whoever's filter passes it, and to whoever has an older one, whatever the filter
says now. A version that was overtaken need not come any more; if it comes, it comes before the newer one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from workers.drill.audience import Receiver
from workers.drill.board import Version
from workers.drill.newsroom import News

History = Mapping[int, Sequence[News]]
"""What was accepted of each article, in order: the first is version 1."""


def owed(receiver: Receiver, history: History, had: Collection[Version]) -> Iterator[News]:
    """What *receiver*, who has *had* these versions, must have at the end."""
    for versions in history.values():
        newest = versions[-1]
        has_older = any((news.number, news.version) in had for news in versions[:-1])
        if has_older or (receiver.wants(newest) and not newest.withdrawn):
            yield newest


def was_asked_for(receiver: Receiver, news: News, had: Collection[Version]) -> bool:
    """Whether *news* may come to *receiver*, who has *had* these versions by then."""
    if receiver.wants(news) and not news.withdrawn:
        return True
    return any((news.number, older) in had for older in range(1, news.version))


def newest_shown(accepted: Sequence[News], *, most: int) -> list[News]:
    """The articles that a feed of everything shows first: whose newest versions were accepted last, *most* of them."""
    found: dict[int, News] = {}
    for news in reversed(accepted):
        found.setdefault(news.number, news)
    return [news for news in found.values() if not news.withdrawn][:most]
