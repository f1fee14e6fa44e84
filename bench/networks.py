"""The networks that everything is measured on: countries of a size and kind, made once and kept in a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fom.network.artefact import load_network
from fom.network.network import Network

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data" / "net_osm_extracts"
FOLDER_VARIABLE = "FOM_BENCH_DATA"
"""Environment variable of a folder that keeps what is built between runs; without it every run builds anew."""
SEGMENTS_VARIABLE = "FOM_BENCH_SEGMENTS"
"""Environment variable with the size of the main network, for a quick look."""
CITY_SEGMENTS = 60_000
MAIN_SEGMENTS = int(os.environ.get(SEGMENTS_VARIABLE, "1000000"))


@dataclass(frozen=True, slots=True)
class Country:
    """A map file and where things built from it lie."""

    kind: str
    """`mosaic` of real extracts, or `sparse`: long rural edges, few bridges."""
    segments: int
    """At least so many were asked for."""
    folder: Path

    @property
    def file(self) -> Path:
        """Return the map file, which every engine reads."""
        return self.folder / "country.osm.pbf"

    @property
    def network_folder(self) -> Path:
        """Return the folder of our built network."""
        return self.folder / "network"

    def load(self) -> Network:
        """Return our network of the country; `built` must have made it."""
        return load_network(self.network_folder)


def country(data: Path, segments: int = MAIN_SEGMENTS, kind: str = "mosaic") -> Country:
    """Return a country, its file made if it is not there. Without the shared extracts every kind is sparse."""
    if kind == "mosaic" and not SHARED.is_dir():
        print("no shared extracts: a sparse invented country stands in for the mosaic", file=sys.stderr)
        kind = "sparse"
    found = Country(kind, segments, data / f"{kind}-{segments}")
    kept(found.folder / "country.json", lambda: _make(found))
    return found


def built(place: Country) -> dict[str, Any]:
    """Return seconds, peak memory and counts of building our network of a country, built if it is not there."""
    return in_own_process(place, "ours", place.network_folder)


def city_network(data: Path) -> Network:
    """Return the network of a city region: for measurements that need streets, not a country."""
    place = country(data, CITY_SEGMENTS)
    built(place)
    return place.load()


def in_own_process(place: Country, side: str, folder: Path) -> dict[str, Any]:
    """Return what a build by `bench.building` measured; once for each folder."""

    def build() -> dict[str, Any]:
        command = [sys.executable, "-m", "bench.building", side, str(place.file), str(folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result

    return kept(place.folder / f"built-{side}.json", build)


def kept(note: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a note says, made and written down if it is not there."""
    if not note.exists():
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(make()))
    result: dict[str, Any] = json.loads(note.read_text())
    return result


def _make(place: Country) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.make_country", str(place.file)]
    subprocess.run([*command, "--segments", str(place.segments), "--kind", place.kind], stdout=sys.stderr, check=True)
    return {"megabytes": place.file.stat().st_size / 1e6}
