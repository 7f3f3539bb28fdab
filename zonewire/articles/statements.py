"""Every statement about articles, versions and slugs."""

from sqlalchemy import Select, Text, bindparam, select

from zonewire.store import insert, many, values_of
from zonewire.store.tables import articles, slugs, versions

_A_VERSION = select(
    versions.c.number,
    versions.c.article_id,
    versions.c.version,
    versions.c.withdrawn,
    articles.c.entry_id,
    versions.c.content,
    versions.c.accepted_at,
).join_from(versions, articles, articles.c.id == versions.c.article_id)

# Versions by their acceptance numbers, with their articles' entry ids; primary keys.
VERSIONS_BY_NUMBER: Select[tuple[int, int, int, bool, str, str, int]] = _A_VERSION.where(
    versions.c.number.in_(values_of(many("numbers")))
)

# The newest version of one article, by its guid; articles' unique guid, then the primary key.
NEWEST_BY_GUID: Select[tuple[int, int, int, bool, str, str, int]] = _A_VERSION.where(
    articles.c.guid == bindparam("guid"), versions.c.number == articles.c.newest
)

# The newest version of one article, by its key.
NEWEST_BY_ID: Select[tuple[int, int, int, bool, str, str, int]] = _A_VERSION.where(
    articles.c.id == bindparam("article_id"), versions.c.number == articles.c.newest
)

# The last acceptance number and its moment; the primary key backwards.
LAST_NUMBER = select(versions.c.number, versions.c.accepted_at).order_by(versions.c.number.desc()).limit(1)

# The same behind the advisory lock, in one round trip. Two statements, not one: a statement's view is taken at its
# start, so one that waited for the lock would not see what its holder has just committed.
LAST_NUMBER_LOCKED = (
    "SELECT pg_advisory_xact_lock({lock}); SELECT number, accepted_at FROM versions ORDER BY number DESC LIMIT 1"
)

INSERT_VERSIONS = insert(versions)

# Who already has a slug; unique (kind, value).
SLUGS_BY_VALUE = select(slugs.c.kind, slugs.c.value, slugs.c.slug).where(
    slugs.c.kind.in_(values_of(many("kinds", Text))), slugs.c.value.in_(values_of(many("values", Text)))
)

# Every slug of some kinds: read only when a name's first choice was taken.
SLUGS_OF_KINDS = select(slugs.c.kind, slugs.c.slug).where(slugs.c.kind.in_(values_of(many("kinds", Text))))

# Guarded by both unique keys: another's slug, or another who named the same thing meanwhile.
GIVE_SLUGS = insert(slugs).on_conflict_do_nothing()
