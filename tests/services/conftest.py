"""Databases of both engines, and the settled area, for the tests of this folder."""

import pytest

from tests.databases import (  # noqa: F401 - fixtures
    database,
    database_url,
    empty_database,
    postgres_template,
    sqlite_template,
)
from tests.services.ground import Clock, make_host, settle


@pytest.fixture
def ground(database):  # noqa: F811
    """Return (database, host, clock) on the settled area; the host stands at T0."""
    settle(database)
    clock = Clock()
    return database, make_host(database, clock), clock
