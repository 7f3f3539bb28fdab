"""One of each thing that a drill knows, with good defaults."""

from typing import Any

from workers.drill.audience import Receiver
from workers.drill.board import Receipt
from workers.drill.newsroom import News, zone_name

ZONE = zone_name(0)


def a_receiver(**over: Any) -> Receiver:
    fields: dict[str, Any] = {
        "name": "webhook 1",
        "channel": "webhook",
        "to": "http://127.0.0.1:9000/hooks/1",
        "door": "webhooks A",
    }
    return Receiver(**(fields | over))


def some_news(number: int, version: int = 1, **over: Any) -> News:
    fields: dict[str, Any] = {"text_version": version, "city": "泰州", "zone": ZONE}
    return News(number=number, version=version, **(fields | over))


def withdrawn(news: News) -> News:
    return some_news(news.number, news.version + 1, text_version=news.version, withdrawn=True, city=news.city)


def history_of(*news: News) -> dict[int, list[News]]:
    history: dict[int, list[News]] = {}
    for one in news:
        history.setdefault(one.number, []).append(one)
    return history


def a_receipt(news: News, receiver: Receiver | None = None, **over: Any) -> Receipt:
    receiver = receiver or a_receiver()
    fields: dict[str, Any] = {
        "text_version": news.text_version,
        "withdrawn": news.withdrawn,
        "ident": f"id-{news.number}-{news.version}",
    }
    return Receipt(
        receiver=receiver.name, door=receiver.door, number=news.number, version=news.version, **(fields | over)
    )
