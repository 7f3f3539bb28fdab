"""Every statement of the feeds."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from zonewire.store.dialect import each, insert, many, values_of
from zonewire.store.tables import (
    archive_entries,
    archives,
    articles,
    documents,
    entry_renderings,
    feed_entries,
    feeds,
    hub_outbox,
    hub_subscriptions,
    installation,
    slugs,
    versions,
)

# --- marking ---------------------------------------------------------------------------------------------------------

# The feed of everything, made where it is missing. The row stays locked until the transaction ends: so touches of
# the feeds come one after the other, and what is read next is true until then.
LOCK_FEEDS = insert(feeds).values(name="all", kind="all", title="")
LOCK_FEEDS = LOCK_FEEDS.on_conflict_do_update(index_elements=[feeds.c.name], set_={"kind": LOCK_FEEDS.excluded.kind})

# The newest version of an article, and where it stands; one row with nulls where it stands nowhere. Primary key, then
# ix_feed_entries_article_id.
STANDING = (
    select(
        articles.c.newest, feeds.c.name, feeds.c.kind, feeds.c.title, feed_entries.c.number, feed_entries.c.withdrawn
    )
    .select_from(
        articles.outerjoin(feed_entries, feed_entries.c.article_id == articles.c.id).outerjoin(
            feeds, feeds.c.id == feed_entries.c.feed_id
        )
    )
    .where(articles.c.id == bindparam("article_id"))
)

# The declared feeds of some filters; and whether there is any declared feed at all. Few rows: a catalogue's.
DECLARED_FOR = select(feeds.c.name, feeds.c.kind, feeds.c.title).where(
    feeds.c.filter_id.in_(values_of(many("filter_ids")))
)
ANY_DECLARED = select(feeds.c.id).where(feeds.c.filter_id.is_not(None)).limit(1)

# The touched feeds, in the order of their names (the order in which every transaction locks them). `articles` is by
# how many the feed grows or shrinks. A dirty feed stays dirty since its first touch.
_touch = insert(feeds)
TOUCH = _touch.on_conflict_do_update(
    index_elements=[feeds.c.name],
    set_={
        "dirty_to": case(
            (_touch.excluded.dirty_to > feeds.c.dirty_to, _touch.excluded.dirty_to), else_=feeds.c.dirty_to + 1
        ),
        "dirty_since": func.coalesce(feeds.c.dirty_since, _touch.excluded.dirty_since),
        "changed_at": case(
            (_touch.excluded.changed_at > feeds.c.changed_at, _touch.excluded.changed_at), else_=feeds.c.changed_at
        ),
        "articles": feeds.c.articles + _touch.excluded.articles,
    },
).returning(feeds.c.id, feeds.c.name, feeds.c.dirty_to, feeds.c.dirty_since)

# One article in some feeds. Guarded by number: an older version never replaces a newer one. No archive holds a version
# that has only just come.
STAND = insert(feed_entries)
STAND = STAND.on_conflict_do_update(
    index_elements=[feed_entries.c.feed_id, feed_entries.c.article_id],
    set_={name: STAND.excluded[name] for name in ("number", "withdrawn", "came_in")} | {"archive": literal_column("0")},
    where=feed_entries.c.number < STAND.excluded.number,
)

# One article out of the feeds that it no longer belongs to. Primary key.
LEAVE = delete(feed_entries).where(
    feed_entries.c.article_id == bindparam("article_id"),
    feed_entries.c.feed_id.in_(values_of(many("feed_ids"))),
)


# --- publishing ------------------------------------------------------------------------------------------------------

# How far a feed is archived: its newest archive, by the primary key, and the oldest entry that stands in none, by
# ix_feed_entries_unarchived.
_kept = archives.alias("kept")
_NEWEST_ARCHIVE = select(func.max(_kept.c.nth)).where(_kept.c.feed_id == feeds.c.id).correlate(feeds).scalar_subquery()
_in_none = feed_entries.alias("in_none")
_OLDEST_UNARCHIVED = (
    select(func.min(_in_none.c.number))
    .where(_in_none.c.feed_id == feeds.c.id, _in_none.c.archive == literal_column("0"))
    .correlate(feeds)
    .scalar_subquery()
)

# What a document is made by, besides its entries.
_FEED = select(
    feeds.c.id,
    feeds.c.name,
    feeds.c.kind,
    feeds.c.title,
    feeds.c.dirty_to,
    feeds.c.published_to,
    feeds.c.changed_at,
    feeds.c.filter_id,
    feeds.c.filled_to,
    _NEWEST_ARCHIVE.label("newest_archive"),
    _OLDEST_UNARCHIVED.label("oldest_unarchived"),
)

_QUIET = or_(
    feeds.c.published_at.is_(None),
    feeds.c.published_at <= bindparam("quiet_since"),
    feeds.c.published_at > bindparam("now"),  # the clock jumped back: rather once too often than never
)

# Dirty feeds that were not published within the window, the longest dirty first. ix_feeds_dirty.
DUE_FEEDS = (
    _FEED.where(feeds.c.dirty_since.is_not(None), _QUIET)
    .order_by(feeds.c.dirty_since, feeds.c.id)
    .limit(bindparam("at_most"))
)

# When the next dirty feed falls due; null where all are clean. ix_feeds_dirty.
_window_ends_at = feeds.c.published_at + bindparam("window_us")
NEXT_DUE = select(
    func.min(case((_window_ends_at > feeds.c.dirty_since, _window_ends_at), else_=feeds.c.dirty_since))
).where(feeds.c.dirty_since.is_not(None))

# The acceptance number of the oldest article that a document may carry, with `beyond` newer ones: what is older is not
# read.
# ix_feed_entries_newest, for each feed of the set alone; a window function would read every entry of a large feed.
_older = feed_entries.alias("older")
_OLDEST_SHOWN = (
    select(_older.c.number)
    .where(_older.c.feed_id == feeds.c.id, _older.c.withdrawn.is_(False))
    .order_by(_older.c.number.desc())
    .limit(1)
    .offset(bindparam("beyond"))
    .correlate(feeds)
    .scalar_subquery()
)

# The same feeds, each with the oldest article that its document has room for: what is older and unarchived is outside.
DUE_FEEDS_ENDS = DUE_FEEDS.add_columns(_OLDEST_SHOWN.label("oldest_shown"))

# What the documents of a set of feeds carry: the articles accepted last, and the tombstones among them.
SHOWN = (
    select(
        feed_entries.c.feed_id,
        feed_entries.c.number,
        feed_entries.c.withdrawn,
        feed_entries.c.came_in,
        articles.c.entry_id,
        versions.c.published_at,
        versions.c.accepted_at,
    )
    .select_from(
        feeds.join(feed_entries, feed_entries.c.feed_id == feeds.c.id)
        .join(versions, versions.c.number == feed_entries.c.number)
        .join(articles, articles.c.id == feed_entries.c.article_id)
    )
    .where(feeds.c.id.in_(values_of(many("feed_ids"))), feed_entries.c.number >= func.coalesce(_OLDEST_SHOWN, 0))
)

# Entries that are ready, of a set of versions. Primary key.
READY_ENTRIES = select(entry_renderings.c.number, entry_renderings.c.format, entry_renderings.c.body).where(
    entry_renderings.c.number.in_(values_of(many("numbers"))),
    entry_renderings.c.made_for == bindparam("made_for"),
)

# Entries just rendered. Another worker's are equal; one that was made for another address is replaced.
KEEP_ENTRY = insert(entry_renderings)
KEEP_ENTRY = KEEP_ENTRY.on_conflict_do_update(
    index_elements=[entry_renderings.c.number, entry_renderings.c.format],
    set_={"body": KEEP_ENTRY.excluded.body, "made_for": KEEP_ENTRY.excluded.made_for},
    where=entry_renderings.c.made_for != KEEP_ENTRY.excluded.made_for,
)

# One feed is clean up to the number that its publisher read; a touch that came meanwhile stays, and waits from now on.
# Guarded by number: of two publishers the one that read more wins.
CLEAR = (
    update(feeds)
    .where(feeds.c.id == bindparam("feed_id"), feeds.c.published_to < bindparam("read_to"))
    .values(
        published_to=bindparam("read_to"),
        published_at=bindparam("at"),
        dirty_since=case((feeds.c.dirty_to > bindparam("read_to"), bindparam("at", type_=feeds.c.dirty_since.type))),
    )
)

# Of the feed of everything, when what came into it since it was last published was accepted; held, as CLEAR holds it.
# What a late reaction brings has a number from a little before that. ix_feed_entries_newest.
ACCEPTED_SINCE = (
    select(versions.c.accepted_at)
    .select_from(
        feeds.join(feed_entries, feed_entries.c.feed_id == feeds.c.id).join(
            versions, versions.c.number == feed_entries.c.number
        )
    )
    .where(
        feeds.c.id == bindparam("feed_id"),
        feed_entries.c.number > feeds.c.published_to - 1_000,
        feed_entries.c.came_in > feeds.c.published_to,
        feed_entries.c.came_in <= bindparam("read_to"),
    )
    .with_for_update(of=feeds)
)

# Those of a set of feeds that were touched meanwhile.
DIRTY_AGAIN = (
    select(func.count())
    .select_from(feeds)
    .where(feeds.c.id.in_(values_of(many("feed_ids"))), feeds.c.dirty_since.is_not(None))
)

# One document. Guarded by number, as CLEAR is. `changed_at` stays where the bytes do.
KEEP_DOCUMENT = insert(documents)
KEEP_DOCUMENT = KEEP_DOCUMENT.on_conflict_do_update(
    index_elements=[documents.c.feed_id, documents.c.format],
    set_={
        "number": KEEP_DOCUMENT.excluded.number,
        "etag": KEEP_DOCUMENT.excluded.etag,
        "changed_at": case(
            (documents.c.etag == KEEP_DOCUMENT.excluded.etag, documents.c.changed_at),
            else_=KEEP_DOCUMENT.excluded.changed_at,
        ),
        "made_for": KEEP_DOCUMENT.excluded.made_for,
        "body": KEEP_DOCUMENT.excluded.body,
    },
    where=documents.c.number < KEEP_DOCUMENT.excluded.number,
)

# Feeds whose subscribers at the hub are to be told: those that have some. By the index `active`. (Who becomes one now
# waits for the feed's row, which we have locked, and is compared with the documents after that.)
_PUBLISHED = select(each(many("feed_ids")).c.value.label("feed_id")).subquery("published")
TELL_HUB = insert(hub_outbox).from_select(
    ["feed_id", "due_at"],
    select(_PUBLISHED.c.feed_id, bindparam("at", type_=BigInteger)).where(
        or_(
            bindparam("outside", type_=Boolean),
            select(hub_subscriptions.c.id)
            .where(
                hub_subscriptions.c.feed_id == _PUBLISHED.c.feed_id,
                literal_column("hub_subscriptions.state") == literal_column("'active'"),
            )
            .exists(),
        )
    ),
)
TELL_HUB = TELL_HUB.on_conflict_do_update(
    index_elements=[hub_outbox.c.feed_id],
    set_={"due_at": TELL_HUB.excluded.due_at, "cursor": 0, "again_at": None},
)

# Feeds with a document that names another address, or has an older form, are touched once more. Reads every document's
# small columns: once in a process.
REMAKE = (
    update(feeds)
    .where(feeds.c.id.in_(select(documents.c.feed_id).where(documents.c.made_for != bindparam("made_for"))))
    .values(
        dirty_to=feeds.c.dirty_to + 1,
        dirty_since=func.coalesce(feeds.c.dirty_since, bindparam("at", type_=feeds.c.dirty_since.type)),
    )
)


# --- archives --------------------------------------------------------------------------------------------------------

# One feed, held: whoever changes what stands in it holds it too.
LOCK_FEED = (
    select(feeds.c.archives, feeds.c.filter_id, feeds.c.filled_to)
    .where(feeds.c.id == bindparam("feed_id"))
    .with_for_update()
)

# Its oldest entries that stand in no archive. ix_feed_entries_unarchived.
UNARCHIVED = (
    select(feed_entries.c.number, feed_entries.c.withdrawn, versions.c.accepted_at)
    .join_from(feed_entries, versions, versions.c.number == feed_entries.c.number)
    .where(feed_entries.c.feed_id == bindparam("feed_id"), feed_entries.c.archive == literal_column("0"))
    .order_by(feed_entries.c.number)
    .limit(bindparam("most"))
)

# The date of its newest archive. Primary key.
ARCHIVED_AT = (
    select(archives.c.changed_at)
    .where(archives.c.feed_id == bindparam("feed_id"))
    .order_by(archives.c.nth.desc())
    .limit(1)
)

# One archive more, with what stands in none from its first number to its last. ix_feed_entries_unarchived.
CLOSE_ARCHIVE = insert(archives)
_OF_ARCHIVE = and_(
    feed_entries.c.feed_id == bindparam("of_feed"),
    feed_entries.c.archive == literal_column("0"),
    feed_entries.c.number.between(bindparam("first"), bindparam("last")),
)
FILL_ARCHIVE = insert(archive_entries).from_select(
    ["feed_id", "nth", "number"],
    select(feed_entries.c.feed_id, bindparam("of_nth", type_=Integer()), feed_entries.c.number).where(_OF_ARCHIVE),
)
MARK_ARCHIVED = update(feed_entries).where(_OF_ARCHIVE).values(archive=bindparam("of_nth"))
COUNT_ARCHIVES = update(feeds).where(feeds.c.id == bindparam("feed_id")).values(archives=bindparam("to_nth"))

# One archive with its feed, and whether there is an older one. Unique name, then primary keys.
ARCHIVE = (
    _FEED.add_columns(
        archives.c.closed_at,
        archives.c.changed_at.label("newest_at"),
        exists()
        .where(_kept.c.feed_id == archives.c.feed_id, _kept.c.nth == archives.c.nth - 1)
        .correlate(archives)
        .label("has_older"),
    )
    .select_from(feeds.join(archives, archives.c.feed_id == feeds.c.id))
    .where(feeds.c.name == bindparam("feed_name"), archives.c.nth == bindparam("of_nth"))
)

# The versions in it, and when each text was withdrawn after it, if ever. Primary keys; unique (article_id, version).
_later = versions.alias("later")
_WITHDRAWN_AT = (
    select(func.min(_later.c.accepted_at))
    .where(_later.c.article_id == versions.c.article_id, _later.c.withdrawn, _later.c.version > versions.c.version)
    .correlate(versions)
    .scalar_subquery()
)
ARCHIVED = (
    select(
        archive_entries.c.number,
        articles.c.entry_id,
        versions.c.published_at,
        versions.c.accepted_at,
        versions.c.withdrawn,
        _WITHDRAWN_AT.label("withdrawn_at"),
    )
    .select_from(
        archive_entries.join(versions, versions.c.number == archive_entries.c.number).join(
            articles, articles.c.id == versions.c.article_id
        )
    )
    .where(archive_entries.c.feed_id == bindparam("of_feed"), archive_entries.c.nth == bindparam("of_nth"))
)

# The last number that an archive of a feed was given, and whether a certain one is there. Unique name.
LAST_ARCHIVE = select(
    feeds.c.archives,
    exists().where(archives.c.feed_id == feeds.c.id, archives.c.nth == bindparam("of_nth")).label("is_there"),
).where(feeds.c.name == bindparam("feed_name"))


# The installation's number and birth; its only row.
INSTALLATION = select(installation.c.number, installation.c.created_at)


# --- reading ---------------------------------------------------------------------------------------------------------

_NAMED = and_(feeds.c.name == bindparam("feed_name"), documents.c.format == bindparam("form"))
_DOCUMENTS = documents.join(feeds, feeds.c.id == documents.c.feed_id)

# One document. Unique name, then primary key.
DOCUMENT = (
    select(documents.c.number, documents.c.etag, documents.c.changed_at, documents.c.body)
    .select_from(_DOCUMENTS)
    .where(_NAMED)
)

# One feed. Unique name.
FEED = _FEED.where(feeds.c.name == bindparam("feed_name"))

# Whether a document is still the one that somebody remembers. As DOCUMENT, without its body.
DOCUMENT_NUMBER = select(documents.c.number).select_from(_DOCUMENTS).where(_NAMED)

# Every feed, by name.
FEEDS = select(feeds.c.name, feeds.c.kind, feeds.c.title, feeds.c.articles, feeds.c.changed_at).order_by(feeds.c.name)

# The feeds that an article stands in, by name. ix_feed_entries_article_id.
FEEDS_OF_ARTICLE = (
    select(feeds.c.name, feeds.c.kind, feeds.c.title, feeds.c.articles, feeds.c.changed_at)
    .select_from(feeds.join(feed_entries, feed_entries.c.feed_id == feeds.c.id))
    .where(feed_entries.c.article_id == bindparam("article_id"), feed_entries.c.withdrawn.is_(False))
    .order_by(feeds.c.name)
)

# The slug of a zone, city or section by its folded name. Unique (kind, value).
SLUG_OF = select(slugs.c.slug).where(
    slugs.c.kind == bindparam("kind", type_=Text()), slugs.c.value == bindparam("folded", type_=Text())
)

# Up to which number the feeds of an article are dirty. ix_feed_entries_article_id.
MARKS = (
    select(feeds.c.id, feeds.c.dirty_to)
    .select_from(feeds.join(feed_entries, feed_entries.c.feed_id == feeds.c.id))
    .where(feed_entries.c.article_id == bindparam("article_id"))
)

# Up to which number a set of feeds is published. Primary key.
PUBLISHED_TO = select(feeds.c.id, feeds.c.published_to).where(feeds.c.id.in_(values_of(many("feed_ids"))))
