"""The benchmark board of the demo: over all benchmarks, every status occurs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fom.config import Config
from fom.domain.access import OPERATOR
from fom.domain.benchmarks import Status
from fom.domain.instants import to_us
from fom.domain.registers import REGISTERS
from fom.network.network import Network
from fom.services.benchmarks import benchmark_status
from fom.services.deployment import open_database
from fom.services.facts_exchange import load_facts
from fom.services.picture_host import PictureHost
from fom.services.policies import activate_network
from fom.services.register_loading import load_registers
from tests.geodata.conftest import NOW

pytestmark = pytest.mark.xdist_group("the demo mission")

AT = to_us(NOW)


def test_every_benchmark_status_occurs(
    facts: dict[str, Any], registers: dict[str, list[dict[str, Any]]], network: Network, tmp_path: Path
) -> None:
    database = open_database(Config(data=tmp_path))
    rows = {name: registers[name] for name in REGISTERS}
    with database.writing() as session:
        activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=AT)
        load_facts(session, facts, network=network, actor=OPERATOR, now=AT)
        load_registers(session, rows, network=network, actor=OPERATOR, now=AT)
    host = PictureHost(database, network, clock=lambda: AT)
    with database.reading() as session:
        found = {value.code: value.status for value in benchmark_status(session, host, at=AT, known_at=AT)}
    database.dispose()
    assert set(found.values()) == set(Status), found
    assert found["S2"] is Status.REGRESSING
    assert found["S4"] is Status.MET
