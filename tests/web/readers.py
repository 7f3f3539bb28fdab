"""A reader with a subscription, the links that its mails hold, and what the pages behind them say."""

import requests
from lxml import html as markup
from sqlalchemy import select

from tests.builders import a_subscription, an_endpoint
from zonewire.filters import Filter, intern
from zonewire.keys import KeyRing, make_token
from zonewire.store import Store
from zonewire.store.tables import subscriptions


def a_reader(store: Store, state: str = "active", *, cadence: str = "daily") -> int:
    with store.writing() as db:
        endpoint_id = an_endpoint(db, channel="email", address="li@mail.example")
        filter_id = intern(db, Filter(cities=("泰州",)))
        return a_subscription(
            db, endpoint_id=endpoint_id, channel="email", state=state, filter_id=filter_id, cadence=cadence
        )


def state_of(store: Store, ident: int) -> str:
    with store.reading() as db:
        return str(db.execute(select(subscriptions.c.state).where(subscriptions.c.id == ident)).scalar_one())


def link(face: str, keys: KeyRing, purpose: str, ident: int) -> str:
    return f"{face}/{purpose}/{make_token(keys, purpose, ident)}"


def text_of(answer: requests.Response) -> str:
    (main,) = page_of(answer).iter("main")
    return " ".join("".join(main.itertext()).split())


def page_of(answer: requests.Response) -> markup.HtmlElement:
    return markup.document_fromstring(answer.text)
