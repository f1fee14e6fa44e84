"""From a file of roads to a network: read, assemble, describe, save.

Building runs from the command line or a worker, never inside a page request.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from fom import __version__
from fom.errors import BadReferenceData, InvalidInput
from fom.network.artefact import content_hash, load_network, save_network
from fom.network.assemble import assemble
from fom.network.line_layer import DRIVERS, is_line_layer, read_lines
from fom.network.network import ASSET_TYPES, Network
from fom.network.osm_file import OSM_SUFFIXES, is_osm_file, read_osm
from fom.network.progress import Progress, quiet
from fom.network.raw import RawRoads
from fom.network.read import read_network

DEFAULT_MAX_LENGTH_M = 1000.0
MAX_LENGTH_RANGE_M = (50.0, 100_000.0)
TOOLS = ("numpy", "osmium", "pyproj", "scipy", "shapely")


def build_network(
    path: Path | str,
    out: Path | str,
    *,
    max_length_m: float = DEFAULT_MAX_LENGTH_M,
    name: str | None = None,
    progress: Progress | None = None,
) -> Network:
    """Build the network of a road file into the folder `out` and return it, loaded from there.

    Raises
    ------
    InvalidInput
        The file is missing, of no known kind, or a parameter is out of range.
    BadReferenceData
        The file cannot be read or holds no road; nothing is written then.
    """
    network = compile_network(path, max_length_m=max_length_m, name=name, progress=progress)
    return load_network(save_network(network, Path(out)))


def compile_network(
    path: Path | str,
    *,
    max_length_m: float = DEFAULT_MAX_LENGTH_M,
    name: str | None = None,
    progress: Progress | None = None,
) -> Network:
    """Return the network of a road file, in memory. Errors as `build_network`."""
    path = Path(path)
    _check_max_length(max_length_m)
    if not path.is_file():
        raise InvalidInput.single("file", path, "an existing file with roads")
    if path.stat().st_size == 0:
        raise BadReferenceData(f"{path}: the file is empty; expected road data")
    name = name or default_name(path.name)
    file = {"file": path.name, "bytes": path.stat().st_size, "sha256": _file_hash(path)}
    if is_drawn(path):
        source = {**file, "format": "drawn", "licence": None, "attribution": None, "data_date": None}
        return _described(
            read_network(path), name, {"source": source, "max_length_m": None, "dropped": {}, "noted": {}}
        )
    raw = _read(path, progress or quiet)
    raw.source |= file
    return compile_roads(raw, name=name, max_length_m=max_length_m)


def compile_roads(raw: RawRoads, *, name: str, max_length_m: float = DEFAULT_MAX_LENGTH_M) -> Network:
    """Return the network of roads already read. Errors as `build_network`."""
    _check_max_length(max_length_m)
    try:
        network = assemble(raw, max_length_m=max_length_m)
    except BadReferenceData as error:
        raise BadReferenceData(f"{raw.source.get('file', name)}: {error}") from error
    counts = {"dropped": _sorted(raw.dropped), "noted": _sorted(raw.noted)}
    return _described(network, name, {"source": raw.source, "max_length_m": max_length_m, **counts})


def _check_max_length(max_length_m: float) -> None:
    low, high = MAX_LENGTH_RANGE_M
    if not low <= max_length_m <= high:
        raise InvalidInput.single("max_length_m", max_length_m, f"metres from {low:g} to {high:g}")


def is_drawn(path: Path) -> bool:
    """Return whether a file is GeoJSON with `segment_id`: a hand-drawn network, to be taken as drawn."""
    return path.suffix.lower() in (".geojson", ".json") and b'"segment_id"' in path.read_bytes()


def _read(path: Path, progress: Progress) -> RawRoads:
    if is_osm_file(path):
        return read_osm(path, progress)
    if is_line_layer(path):
        return read_lines(path)
    expected = f"OSM data ({', '.join(OSM_SUFFIXES)}) or a line layer ({', '.join(DRIVERS)})"
    raise InvalidInput.single("file", path.name, expected)


def default_name(text: str) -> str:
    """Return a folder-safe name made from a file's name or a place."""
    stem = re.sub(r"(\.osm)?\.[a-z]+$", "", text.lower().removesuffix(".gz").removesuffix(".bz2"))
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40] or "network"


def _described(network: Network, name: str, about: dict[str, Any]) -> Network:
    """Return the network with its id (name and hash of the content) and its manifest."""
    digest = content_hash(network)
    manifest = {
        "name": name,
        "built_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "counts": count(network),
        **about,
        "tools": {"fom": __version__} | {tool: version(tool) for tool in TOOLS},
        "content_hash": digest,
    }
    return replace(network, network_id=f"{name}-{digest[:8]}", manifest=manifest)


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return {reason: n for reason, n in sorted(counts.items()) if n}


def _file_hash(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def count(network: Network) -> dict[str, Any]:
    """Return the numbers that describe a network."""
    k = len(network.node_lonlat)
    ends = np.ones(network.n_segments, dtype=np.int8), (network.from_node, network.to_node)
    islands = connected_components(coo_matrix(ends, shape=(k, k)), directed=False)[0]
    degree = np.bincount(np.concatenate([network.from_node, network.to_node]), minlength=k)
    kinds = np.bincount(network.asset_type, minlength=len(ASSET_TYPES)).tolist()
    return {
        "segments": network.n_segments,
        "arcs": 2 * network.n_segments - int(np.count_nonzero(network.is_oneway)),
        "nodes": k,
        "links": len(np.unique(network.link)),
        "vertices": len(network.coords),
        "km": round(float(network.length_m.sum()) / 1000, 3),
        "islands": int(islands),
        "dead_ends": int(np.count_nonzero(degree == 1)),
        "oneway_segments": int(np.count_nonzero(network.is_oneway)),
        "forbidden_turns": len(network.forbidden_turns),
        "barriers": len(network.barrier_node),
        "gates": len(network.gate_type),
        **{f"asset_{word}": n for word, n in zip(ASSET_TYPES, kinds, strict=True)},
    }
