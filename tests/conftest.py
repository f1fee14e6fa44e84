"""Which engine a test of the services runs on in the gate: one of the two, half of them each; on the other in deep."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from tests.databases import ENGINES

SERVICES = Path(__file__).parent / "services"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark one variant of each test of the services as deep; store and migrations run on both engines always."""
    for item in items:
        values = getattr(getattr(item, "callspec", None), "params", {}).values()
        engine = next((value for value in values if isinstance(value, str) and value in ENGINES), None)
        if engine is not None and SERVICES in Path(item.path).parents:
            name = item.nodeid.replace(engine, "")
            if ENGINES[zlib.crc32(name.encode()) % 2] != engine:
                item.add_marker(pytest.mark.deep)
