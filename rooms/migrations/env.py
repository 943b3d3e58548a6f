"""How Alembic runs the versions: on the connection, and in the transaction, that `rooms.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from rooms.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transactional_ddl=True,  # on SQLite too, since `migrate` begins the transaction itself
)
with context.begin_transaction():
    context.run_migrations()
