"""Alembic's entry: runs on the connection that `fom/store/schema.py` opened; no offline mode, no ini file."""

from __future__ import annotations

from alembic import context

from fom.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
