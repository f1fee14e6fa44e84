"""The network that everything is measured on: the largest shared extract, else the invented country."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fom.network.build import build_network
from fom.network.network import Network

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "net_osm_extracts"
LARGEST = "rnv.osm.pbf"


def map_file(scratch: Path) -> Path:
    """Return the largest shared extract; without the shared data, the invented country made into `scratch`."""
    shared = SHARED / LARGEST
    if shared.exists():
        return shared
    print(f"no {SHARED}: measuring on the invented country", file=sys.stderr)
    from geodata.recipe import make_demo

    return make_demo(scratch / "demo", now=datetime(2026, 1, 1, tzinfo=UTC)).osm


@cache
def largest_network(scratch: Path) -> Network:
    """Return the built network of `map_file`."""
    return build_network(map_file(scratch), scratch / "network")
