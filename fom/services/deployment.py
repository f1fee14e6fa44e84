"""A deployment's database and secret, for the edges: open it, bring its schema up to date, say what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from fom.errors import BadReferenceData
from fom.store.database import Database
from fom.store.records import has_records
from fom.store.schema import current_revision, downgrade, newest_revision, upgrade

__all__ = ["Database", "find_secret", "is_in_use", "migrate", "open_database", "schema_revision"]

SECRET_FILE = "secret"  # noqa: S105 - the name of the file, not what is in it


class DeploymentSettings(Protocol):
    """What a deployment's settings must say."""

    @property
    def data(self) -> Path: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def sqlalchemy_url(self) -> str: ...


def open_database(config: DeploymentSettings, *, is_upgraded: bool = True) -> Database:
    """Return the deployment's database, making the data folder for an embedded one.

    Parameters
    ----------
    is_upgraded
        Migrate to the schema of this code first; without, an older or newer schema is refused.

    Raises
    ------
    BadReferenceData
        The schema is another one than this code's.
    """
    config.data.mkdir(parents=True, exist_ok=True)
    database = Database(config.sqlalchemy_url)
    if is_upgraded:
        upgrade(database)
    found, wanted = schema_revision(database), newest_revision()
    if found != wanted:
        database.dispose()
        raise BadReferenceData(f"the database has schema {found}, this code needs {wanted}: run `fom db upgrade`")
    return database


def migrate(config: DeploymentSettings, revision: str, *, is_up: bool) -> str | None:
    """Migrate up or down to a revision and return it; None = nothing left."""
    config.data.mkdir(parents=True, exist_ok=True)
    database = Database(config.sqlalchemy_url)
    try:
        return (upgrade if is_up else downgrade)(database, revision)
    finally:
        database.dispose()


def schema_revision(database: Database) -> str | None:
    """Return the schema version of a database, None for an empty one."""
    with database.engine.connect() as connection:
        return current_revision(connection)


def is_in_use(database: Database) -> bool:
    """Return whether the database holds any record."""
    with database.reading() as session:
        return has_records(session)


def find_secret(config: DeploymentSettings) -> str | None:
    """Return the deployment's secret: the setting, else the one kept in the data folder, None before the first."""
    path = config.data / SECRET_FILE
    return config.secret_key or (path.read_text() if path.exists() else None)
