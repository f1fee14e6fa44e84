"""Fresh databases for tests, on SQLite and on a real PostgreSQL: migrated once, then copied for every test.

Without FOM_TEST_POSTGRES the PostgreSQL half skips and says so.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, Engine, make_url

from fom.store.database import Database
from fom.store.schema import upgrade
from tests.postgres import ENGINES, VARIABLE


def postgres_url() -> URL:
    """Return the URL of the test server, or skip."""
    if VARIABLE not in os.environ:
        pytest.skip(f"{VARIABLE} is not set: run `python -m tests.postgres python -m pytest …` for a private server")
    return make_url(os.environ[VARIABLE])


def _on_server(url: URL, statement: str) -> None:
    """Run a statement from beside: nobody may be in a database while it is copied."""
    with _server(url.set(database="postgres")).connect() as connection:
        connection.execute(text(statement))


@cache
def _server(url: URL) -> Engine:
    return create_engine(url, isolation_level="AUTOCOMMIT")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.engine.connect().execution_options(fom_writes=True) as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


def _shrink(url: URL) -> None:
    """Leave out the reference systems that nobody uses: half of what every test would copy."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DELETE FROM spatial_ref_sys WHERE srid <> 4326"))
        connection.execute(text("VACUUM FULL spatial_ref_sys"))
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[URL]:
    """Yield the URL of a migrated PostgreSQL database to copy."""
    url = postgres_url()
    name = f"template_{uuid.uuid4().hex}"
    _on_server(url, f"CREATE DATABASE {name} TEMPLATE {url.database}")
    template = url.set(database=name)
    database = Database(template.render_as_string(hide_password=False))
    upgrade(database)
    database.dispose()
    _shrink(template)
    yield template
    _on_server(url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a fresh migrated database of each engine."""
    if request.param == "sqlite":
        path = tmp_path / "fom.sqlite"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    template: URL = request.getfixturevalue("postgres_template")
    name = f"test_{uuid.uuid4().hex}"
    _on_server(postgres_url(), f"CREATE DATABASE {name} TEMPLATE {template.database}")
    yield template.set(database=name).render_as_string(hide_password=False)
    _on_server(postgres_url(), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Yield a fresh migrated database of each engine."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture(params=ENGINES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Yield a database of each engine without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
        yield database
        database.dispose()
        return
    url, name = postgres_url(), f"empty_{uuid.uuid4().hex}"
    _on_server(url, f"CREATE DATABASE {name} TEMPLATE {url.database}")
    database = Database(url.set(database=name).render_as_string(hide_password=False))
    yield database
    database.dispose()
    _on_server(url, f"DROP DATABASE {name} WITH (FORCE)")
