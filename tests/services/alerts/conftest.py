"""Databases of both engines for the tests of this folder."""

from tests.databases import (  # noqa: F401 - fixtures
    database,
    database_url,
    postgres_template,
    sqlite_template,
)
