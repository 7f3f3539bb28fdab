"""A trail in portions: bounded in time, and by indexes alone."""

import pytest
from sqlalchemy import Executable

from tests.builders import a_delivery, a_version
from tests.plans import plan_of
from zonewire.articles import searching
from zonewire.store import Store
from zonewire.trail import reach, statements

GIVEN = {
    "article_id": 1,
    "guid": "g",
    "top": 9,
    "floor": 1,
    "most": 3,
    "moment": 1,
    "numbers": [1],
    "edition_ids": [1, 2],
}


def test_an_article_for_which_there_is_no_time_is_not_counted(plain_store: Store) -> None:
    with plain_store.writing() as db:
        version = a_version(db)
        a_delivery(db, version=version)
        of = {version.article_id: version.number}

        assert reach.reach_of(db, of)[version.article_id].counted == {
            "delivered": 0,
            "waiting": 1,
            "dead": 0,
            "held": 0,
            "cancelled": 0,
        }
        assert reach.reach_of(db, of, looks_for_s=-1)[version.article_id].counted is None


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (reach._SIZE, "COVERING INDEX uq_deliveries_article"),
        (reach._BY_STATE, "INDEX uq_deliveries_article"),
        (statements.NEWS_KEYS, "COVERING INDEX uq_deliveries_article"),
        (statements.DIGEST_KEYS, "INDEX uq_deliveries_edition"),
        (searching._NEWEST_OF, "articles USING INDEX"),
        (searching._BY_NUMBER, "versions USING INDEX"),
        (searching._PORTION, "versions USING INDEX"),
        (searching._FIRST_SINCE, "INDEX ix_versions_accepted_at"),
    ],
)
def test_what_is_read_of_many_is_found_by_an_index(plain_store: Store, statement: Executable, index: str) -> None:
    with plain_store.reading() as db:
        plan = plan_of(db, statement, GIVEN)

    assert any(index in line for line in plan), plan
    assert not [line for line in plan if line.startswith(("SCAN deliveries", "SCAN versions", "SCAN articles"))]
