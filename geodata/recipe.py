"""The demo mission in one call: map data, map background, registers and facts in a folder, from a seed and a moment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from fom.domain.instants import to_us
from geodata.admin_units import make_admin_units
from geodata.cast import make_cast
from geodata.context import make_context
from geodata.country import Progress, build_country, quiet
from geodata.facts import facts_document, write_history
from geodata.key_routes import choose_key_routes, post_limits
from geodata.mission import Mission
from geodata.names import MISSION
from geodata.osm_writer import write_osm
from geodata.registers import make_registers
from geodata.road_graph import RoadGraph

DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """What the recipe wrote."""

    folder: Path
    osm: Path
    """Map data for the ordinary network build."""
    registers: Path
    """JSON: register name -> rows."""
    facts: Path
    """Facts file (docs/formats.md) of all records that need no segment ids."""
    facts_by_place: Path
    """JSON list of records that name segments and assets by position; `geodata.history.make_history` completes them."""
    mission: str
    """Short name of the invented mission."""
    context: dict[str, Path]
    """Background layers by name: GeoJSON for the map."""


def make_demo(folder: Path, *, seed: int = DEFAULT_SEED, now: datetime, progress: Progress | None = None) -> DemoFiles:
    """Write the demo mission; the same seed and moment give the same bytes.

    Parameters
    ----------
    folder
        Made when missing; files of the same names are replaced.
    now
        Aware time on which the sixty days of history end. The clock is never read.
    progress
        Told in a few words what is being made.
    """
    say = progress or quiet
    folder.mkdir(parents=True, exist_ok=True)
    country = build_country(seed, say)
    graph = RoadGraph(country)
    routes = choose_key_routes(country, graph)
    post_limits(country, routes)
    mission = Mission(country, graph, routes, make_admin_units(country), to_us(now))
    say("map data")
    files = DemoFiles(
        folder,
        folder / "demo.osm.pbf",
        folder / "registers.json",
        folder / "facts.json",
        folder / "facts-by-place.json",
        MISSION,
        {name: folder / f"{name}.geojson" for name in ("land", "water", "relief", "urban", "admin", "places")},
    )
    write_osm(country, files.osm, timestamp=now)
    for name, layer in make_context(mission).items():
        _write(files.context[name], layer)
    say("registers")
    cast = make_cast(mission)
    registers = make_registers(mission, cast)
    say("history")
    history = write_history(mission, cast, registers["site"])
    _write(files.registers, registers | history.registers)
    _write(files.facts, facts_document(history.records))
    _write(files.facts_by_place, history.by_place)
    return files


def _write(path: Path, document: Any) -> None:
    path.write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8"
    )
