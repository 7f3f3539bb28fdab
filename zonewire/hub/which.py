"""Which of the hub's subscriptions a statement is about."""

from sqlalchemy import and_, bindparam, literal_column

from zonewire.store.tables import hub_subscriptions

IS_ACTIVE = literal_column("hub_subscriptions.state") == literal_column("'active'")
"""Spelled so that the partial indices are seen, which want literals."""

IS_THAT = and_(
    hub_subscriptions.c.endpoint_id == bindparam("of_endpoint"),
    hub_subscriptions.c.feed_id == bindparam("of_feed"),
    hub_subscriptions.c.format == bindparam("of_format"),
)
"""The one of a callback and a topic. By its unique key."""
