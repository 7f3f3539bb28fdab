"""Which of the hub's subscriptions are active: spelled so that the partial indices are seen, which want literals."""

from sqlalchemy import literal_column

IS_ACTIVE = literal_column("hub_subscriptions.state") == literal_column("'active'")
