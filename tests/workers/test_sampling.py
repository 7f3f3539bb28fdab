"""The samples: valid by the same doors that everybody's things go through, and loaded once."""

from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select

from config import settings
from workers.sampling import SAMPLES, Sampled, load_samples
from zonewire.intake import read_article, read_page
from zonewire.keys import KeyRing, new_webhook_secret
from zonewire.outbound.guard import Guard, allowed_pairs
from zonewire.store import Store
from zonewire.store.tables import articles, endpoints, outbox, subscriptions

DESK = "http://127.0.0.1:9100"
GUARD = Guard(allowed=allowed_pairs(["127.0.0.1:9100"]))
KEYS = KeyRing(("a key of these tests",))
SECRET = new_webhook_secret()
ARTICLES = sorted((SAMPLES / "articles").glob("*.json"))
LINES = (SAMPLES / "subscriptions.jsonl").read_text().splitlines()


def load(store: Store) -> Sampled:
    return load_samples(store, settings.load(base_url=DESK), KEYS, GUARD, desk_url=DESK, desk_secret=SECRET)


def test_everything_is_loaded_once(store: Store) -> None:
    assert load(store) == Sampled(len(ARTICLES), len(LINES))
    assert load(store) == Sampled(0, 0)

    with store.reading() as db:
        counts = [db.scalar(select(func.count()).select_from(table)) for table in (articles, outbox, subscriptions)]
        addresses = db.scalars(select(endpoints.c.address).where(endpoints.c.channel == "webhook")).all()
    assert counts == [len(ARTICLES), len(ARTICLES), len(LINES)]
    assert addresses == [f"{DESK}/hook"]


@pytest.mark.parametrize("path", ARTICLES, ids=lambda path: path.stem)
def test_every_sample_article_is_a_good_example(path: Path) -> None:
    article = read_article(orjson.loads(path.read_bytes()))

    assert article.url.startswith("https://news.example.com/")
    assert article.summary
    assert article.zone
    assert article.city
    assert len(article.text) > 180


def test_there_is_enough_of_every_kind() -> None:
    samples = [read_article(orjson.loads(path.read_bytes())) for path in ARTICLES]

    assert len(samples) >= 12
    assert sum(sample.language == "en" for sample in samples) >= 2
    assert {"泰州", "台州"} <= {sample.city for sample in samples}
    assert any(
        "<table>" in sample.html and 'href="https://news.example.com/policy' in sample.html for sample in samples
    )
    assert any(sample.keywords for sample in samples)


def test_the_sample_page_is_read_as_an_article_without_what_is_around_it() -> None:
    article = read_page((SAMPLES / "portal-page.txt").read_text())

    assert article.title.startswith("嘉兴港区举办新材料企业与高校对接会")
    assert (article.city, article.zone) == ("嘉兴", "嘉兴港经济开发区")
    assert article.text.startswith("6月5日下午")
    assert article.text.endswith("余热利用。")
