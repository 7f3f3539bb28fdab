"""Which event each version goes back to."""

from sqlalchemy import Connection

from tests.builders import a_version, an_article
from tests.zonewire.intake.events import HOST, a_publication, a_withdrawal
from zonewire.articles.origins import event_ids, origins_of
from zonewire.intake import accept
from zonewire.store import Store


def numbered(store: Store) -> dict[int, tuple[str | None, str | None]]:
    with store.reading() as db:
        return {n: (one.event_id, one.source) for n, one in origins_of(db, range(1, 10)).items()}


def test_a_version_goes_back_to_the_first_event_that_said_so(store: Store) -> None:
    article, other = an_article(), an_article()
    accept(store, [a_publication(article, id="z"), a_publication(article, id="a"), a_publication(other)], host=HOST)
    accept(store, [a_publication(article, id="b"), a_withdrawal(article.guid, id="c")], host=HOST)

    found = numbered(store)

    assert [found[number][0] for number in (1, 3)] == ["z", "c"]


def test_two_sources_may_use_the_same_id(store: Store) -> None:
    both = [a_publication(an_article(), id="1", source=f"https://{name}.example") for name in ("one", "two")]
    accept(store, both, host=HOST)

    assert numbered(store) == {1: ("1", "https://one.example"), 2: ("1", "https://two.example")}


def test_what_came_by_no_event_is_known_by_its_guid_alone(db: Connection) -> None:
    version = a_version(db)

    found = origins_of(db, [version.number, version.number + 1])

    assert found[version.number].told == {"article_guid": version.article.guid}
    assert event_ids(found, [version.number]) == []
