"""Every statement of intake, beside those of zonewire.articles."""

from sqlalchemy import Text, bindparam, func, select, update

from zonewire.store import insert, many, values_of
from zonewire.store.dialect import each_pair
from zonewire.store.tables import articles, deliveries, events, feed_entries, feeds, outbox, versions

_pairs = each_pair(many("sources", Text), many("event_ids", Text))

# Which of these events are known; two lists side by side, each pair looked up in the primary key.
KNOWN_EVENTS = select(events.c.source, events.c.event_id, events.c.guid, events.c.version).join_from(
    _pairs, events, (events.c.source == _pairs.c.first) & (events.c.event_id == _pairs.c.second)
)

# What stands under these guids, held until the commit: a second intake about one of them waits here. In the order of
# guids, so that two batches never wait for each other. SQLite needs no lock: its writing transaction is alone.
LOCK_ARTICLES = (
    select(articles)
    .where(articles.c.guid.in_(values_of(many("guids", Text))))
    .order_by(articles.c.guid)
    .with_for_update(key_share=True)
)

# The newest contents of those. A statement of its own, after the lock: one that waited sees what was there before.
NEWEST_CONTENTS = select(versions.c.article_id, versions.c.content, versions.c.digest).where(
    versions.c.number.in_(values_of(many("numbers")))
)

# New articles, in the order given; their first versions follow in the same transaction. A guid that another intake
# has just written breaks the unique key, and the batch starts over.
INSERT_ARTICLES = insert(articles).returning(articles.c.id, articles.c.guid)

# What was accepted; broken in the same way by another intake with the same (source, id).
INSERT_EVENTS = insert(events)

INSERT_OUTBOX = insert(outbox)

# The articles that a batch changed, by primary key; each row has values of its own. Locked by LOCK_ARTICLES.
MOVE_ARTICLES = (
    update(articles)
    .where(articles.c.id == bindparam("article"))
    .values(
        newest=bindparam("to_newest"),
        version=bindparam("to_version"),
        withdrawn=bindparam("to_withdrawn"),
        event_at=bindparam("to_event_at"),
    )
)

# The newest numbers under some guids; unique guid.
NEWEST_NUMBERS = select(articles.c.newest).where(articles.c.guid.in_(values_of(many("guids", Text))))

_numbers = values_of(many("numbers"))
_their_articles = select(versions.c.article_id).where(versions.c.number.in_(_numbers))

# What the reaction still owes about some versions. The outbox is short.
OUTBOX_LEFT = select(func.count()).select_from(outbox).where(outbox.c.number.in_(_numbers))

# The feeds in which these versions stand, and the mark that each must be published up to; by article.
FEEDS_TOUCHED = (
    select(feeds.c.id, feeds.c.dirty_to)
    .join_from(feed_entries, feeds, feeds.c.id == feed_entries.c.feed_id)
    .where(feed_entries.c.article_id.in_(_their_articles), feed_entries.c.number.in_(_numbers))
)

# How far some feeds are published; primary key.
FEEDS_PUBLISHED = select(feeds.c.id, feeds.c.published_to).where(feeds.c.id.in_(values_of(many("feeds"))))

# Deliveries of these versions that nothing holds back and that had no first try; unique (article, …).
UNTRIED = (
    select(func.count())
    .select_from(deliveries)
    .where(
        deliveries.c.kind.in_(("news", "withdrawal")),
        deliveries.c.article_id.in_(_their_articles),
        deliveries.c.number.in_(_numbers),
        deliveries.c.attempts == 0,
        ((deliveries.c.state == "pending") & deliveries.c.ready.is_not(None)) | (deliveries.c.state == "sending"),
    )
)
