"""Which engine a test of services or processes runs on in the gate: half of them on each; the other in deep."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId

from tests.postgres import ENGINES

pytest_plugins = ("tests.databases",)
SERVICES = Path(__file__).parent / "services"
PROCESSES = ("test_serving.py", "test_switching.py")
"""Tests that start server processes; slow for their number."""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Mark tests before any are left out, then name their groups."""
    _mark_one_engine_deep(items)
    yield
    if getattr(config.option, "loadgroup", False):
        _name_groups(items)


def _name_groups(items: list[pytest.Item]) -> None:
    """Add its group to the id of each test: pytest-xdist 3.8 does so where pytest 9.2 no longer looks."""
    for item in items:
        mark = item.get_closest_marker("xdist_group")
        if mark is not None and not item.nodeid.endswith(f"@{mark.args[0]}"):
            item._id = NodeId.parse(f"{item.nodeid}@{mark.args[0]}")


def _mark_one_engine_deep(items: list[pytest.Item]) -> None:
    """Mark one variant of each test of services and processes as deep; store and migrations run on both always."""
    for item in items:
        values = getattr(getattr(item, "callspec", None), "params", {}).values()
        engine = next((value for value in values if isinstance(value, str) and value in ENGINES), None)
        if engine is not None and (SERVICES in Path(item.path).parents or item.path.name in PROCESSES):
            name = item.nodeid.replace(engine, "")
            if ENGINES[zlib.crc32(name.encode()) % 2] != engine:
                item.add_marker(pytest.mark.deep)
