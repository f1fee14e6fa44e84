"""The settled area for the tests of this folder."""

import pytest

from tests.services.ground import Clock, make_host, settle


@pytest.fixture
def ground(database):
    """Return (database, host, clock) on the settled area; the host stands at T0."""
    settle(database)
    clock = Clock()
    return database, make_host(database, clock), clock
