"""Alembic's entry: runs on the connection that `zonewire.store.migrate` opened, inside its transaction."""

from alembic import context

from zonewire.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
