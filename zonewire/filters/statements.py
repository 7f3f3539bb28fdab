"""Every statement of the filters."""

from sqlalchemy import ColumnElement, Text, bindparam, case, func, literal_column, select, union_all

from zonewire.store.dialect import each_pair, insert, many, values_of
from zonewire.store.tables import filter_terms, filters

_WANTED = ("zone", "city", "section", "keyword")
_facts = each_pair(many("dimensions", Text), many("values", Text))
_terms = filter_terms.alias("terms")


def _any(*dimensions: str) -> ColumnElement[int]:
    """1 where a group holds a term of one of *dimensions*, else 0."""
    names: list[ColumnElement[str]] = [literal_column(f"'{name}'") for name in dimensions]
    return func.max(case((_terms.c.dimension.in_(names), literal_column("1")), else_=literal_column("0")))


# The filters that share a term with the article, by the primary key of filter_terms: how many dimensions of theirs it
# has a value in, and whether one of them excludes it. (A count(DISTINCT dimension) would sort: three times slower.)
_hits = (
    select(
        _terms.c.filter_id,
        sum((_any(name) for name in _WANTED[1:]), _any(_WANTED[0])).label("met"),
        _any(*(f"not_{name}" for name in _WANTED)).label("excluded"),
    )
    .select_from(_facts.join(_terms, (_terms.c.dimension == _facts.c.first) & (_terms.c.value == _facts.c.second)))
    .group_by(_terms.c.filter_id)
    .cte("hits")
    .prefix_with("MATERIALIZED")
)

_named = (
    select(_hits.c.filter_id)
    .join(filters, filters.c.id == _hits.c.filter_id)
    .where(_hits.c.excluded == 0, _hits.c.met == filters.c.wanted, filters.c.wanted > 0)
)

# Filters that name nothing, by their partial index: they pass whatever they do not exclude.
_unwanted = select(filters.c.id).where(
    filters.c.wanted == literal_column("0"),
    filters.c.id.not_in(select(_hits.c.filter_id).where(_hits.c.excluded == 1)),
)

# The ids of the filters that an article passes, from its facts: two bound lists of one length, `dimensions` and
# `values`. The cost grows with the hits, not with the filters. Works as a subquery, also in an INSERT … SELECT.
MATCHING = select(union_all(_named, _unwanted).subquery("matching").c.filter_id)

# The last filter that was made. By primary key.
NEWEST_FILTER = select(func.coalesce(func.max(filters.c.id), 0))

# Every keyword that is wanted or excluded, each once. By the primary key of filter_terms.
ALL_KEYWORDS = select(_terms.c.value).where(_terms.c.dimension.in_(["keyword", "not_keyword"])).distinct()

# The keys of filters that came later. By primary key.
FILTERS_AFTER = select(filters.c.written).where(filters.c.id > bindparam("seen"))

# The filters with these keys. By the unique key.
FILTERS_BY_KEY = select(filters.c.key, filters.c.id).where(filters.c.key.in_(values_of(many("wanted_keys", Text))))

# New filters; one that came meanwhile stays. And their terms.
ADD_FILTERS = insert(filters).on_conflict_do_nothing(index_elements=["key"]).returning(filters.c.key, filters.c.id)
ADD_TERMS = insert(filter_terms)
