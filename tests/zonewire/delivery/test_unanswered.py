"""What may have come more than once is listed, with how often."""

from sqlalchemy import Connection

from tests.builders import NOON, a_delivery, a_version, an_article, an_edition
from zonewire.delivery.ids import delivery_uuid
from zonewire.delivery.unanswered import list_unanswered


def test_tries_without_an_answer_are_listed_with_their_version_or_without_one(db: Connection) -> None:
    article = an_article()
    a_version(db, article)
    news = a_delivery(db, version=a_version(db, article), unknowns=2)
    a_delivery(db, unknowns=0)
    digest = a_delivery(db, kind="digest", edition_id=an_edition(db), state="delivered", unknowns=1)

    found = list_unanswered(db, installation=7)

    assert [(one.guid, one.version, one.times) for one in found] == [(article.guid, 2, 2), (None, None, 1)]
    assert [one.id for one in found] == [delivery_uuid(7, key, NOON) for key in (news, digest)]
