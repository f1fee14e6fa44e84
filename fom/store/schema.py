"""Bring a database to a version of the schema and back, by the migrations in `migrations/`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from fom.store.database import WRITE_LOCK, Database

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(database: Database, revision: str = "head") -> str | None:
    """Migrate upwards to `revision` in one transaction, so that a killed upgrade leaves the old schema; return it."""
    return _migrate(database, command.upgrade, revision)


def downgrade(database: Database, revision: str) -> str | None:
    """Migrate downwards to `revision` (`base` = nothing left) in one transaction; return it."""
    return _migrate(database, command.downgrade, revision)


def current_revision(connection: Connection) -> str | None:
    """Return the schema version of a database, None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the version that this code wants."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _migrate(database: Database, verb: object, revision: str) -> str | None:
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.execution_options(fom_writes=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITE_LOCK})
        config.attributes["connection"] = connection
        verb(config, revision)  # type: ignore[operator]
        return current_revision(connection)
