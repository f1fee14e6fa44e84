"""The demo mission made once for all tests of this folder, and the network built from it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fom.network.build import build_network
from fom.network.network import Network
from geodata.history import make_history
from geodata.recipe import DemoFiles, make_demo

NOW = datetime(2026, 11, 23, 14, 32, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return make_demo(tmp_path_factory.mktemp("demo"), now=NOW)


@pytest.fixture(scope="session")
def registers(demo: DemoFiles) -> dict[str, list[dict[str, Any]]]:
    return dict(json.loads(demo.registers.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def network(demo: DemoFiles, tmp_path_factory: pytest.TempPathFactory) -> Network:
    return build_network(demo.osm, Path(tmp_path_factory.mktemp("network")) / "demo")


@pytest.fixture(scope="session")
def facts(demo: DemoFiles, network: Network) -> dict[str, Any]:
    return make_history(network, demo.facts, demo.facts_by_place)
