"""Hand-drawn networks: a GeoJSON file of lines with `segment_id`, each taken as drawn; and a network written as one.

For tests and for areas that no map data covers. Source: facts format, section 8 (docs/formats.md).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.domain.complaints import Complaints, Said, is_number
from fom.domain.geodesy import line_length_m
from fom.domain.geojson import read_geometry
from fom.errors import InvalidInput
from fom.network.network import ASSET_LIMIT_NAMES, ASSET_TYPES, LIMIT_NAMES, Network

DEFAULT_SPEED_KMH = 30.0
"""Source: facts format, section 6."""
SPEED_DEFAULT, SPEED_DRAWN = 2, 3
NODE_DECIMALS = 7
"""Ends that agree to this many decimals of a degree (about a centimetre) are one node."""
ROAD_TYPES = ("X", "Y", "Z")


def load_network_file(document: object) -> Network:
    """Return the network of a drawn file.

    Raises
    ------
    InvalidInput
        Every bad field at once, with the segment id where there is one.
    """
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        came = document.get("type") if isinstance(document, dict) else type(document).__name__
        raise InvalidInput.single("network.type", came, "FeatureCollection")
    complaints = Complaints()
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise InvalidInput.single("network.features", "none", "at least one line with segment_id")
    rows = [row for place, feature in enumerate(features) if (row := _Row.read(feature, place, complaints))]
    seen: set[str] = set()
    for row in rows:
        if row.segment_id in seen:
            complaints.add(row.segment_id, "segment_id", Said("twice in the file"), "one line for one segment")
        seen.add(row.segment_id)
    complaints.raise_if_any()
    digest = hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()
    return _assemble(rows, digest)


class _Row:
    """One line of the file, checked."""

    def __init__(self, segment_id: str, coords: NDArray[np.float64], properties: dict[str, Any]) -> None:
        self.segment_id, self.coords, self.properties = segment_id, coords, properties

    @classmethod
    def read(cls, feature: Any, place: int, complaints: Complaints) -> _Row | None:
        before = len(complaints.errors)
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(properties, dict) or feature.get("type") != "Feature":
            complaints.add(None, f"network.features[{place}]", Said("no Feature with properties"), "a Feature")
            return None
        segment_id = properties.get("segment_id")
        if not isinstance(segment_id, str) or not segment_id:
            complaints.add(None, f"network.features[{place}].segment_id", segment_id, "a text, not empty")
            segment_id = f"features[{place}]"
        line = read_geometry(feature.get("geometry"), ("LineString",), complaints, segment_id)
        coords = np.zeros((0, 2)) if line is None else shapely.get_coordinates(line)
        if line is not None and np.all(coords == coords[0]):
            complaints.add(segment_id, "geometry", Said("a line of no length"), "two different positions")
        _check_properties(properties, segment_id, complaints)
        return cls(segment_id, coords, properties) if len(complaints.errors) == before else None


def _check_properties(properties: dict[str, Any], segment_id: str, complaints: Complaints) -> None:
    def check(name: str, is_good: bool, expected: str) -> None:
        if not is_good:
            complaints.add(segment_id, name, properties.get(name), expected)

    highway = properties.get("highway")
    check("highway", isinstance(highway, str) and highway != "", "a class such as primary")
    check("road_type", properties.get("road_type") in (*ROAD_TYPES, None), "X, Y, Z or null")
    check("oneway", isinstance(properties.get("oneway", False), bool), "true or false")
    for name in ("surface", "name", "ref"):
        check(name, isinstance(properties.get(name), str | None), "a text or null")
    for name in ("length_m", "speed_kmh"):
        value = properties.get(name)
        check(name, value is None or (is_number(value) and value > 0), "a number above 0, or null")
    for name in ("carriageway_m", "shoulder_m", "axle_t"):
        value = properties.get(name)
        check(name, value is None or (is_number(value) and value >= 0), "a number, 0 or more, or null")
    _check_limits(properties.get("limits", {}), LIMIT_NAMES, segment_id, "limits", complaints)
    assets = properties.get("assets", [])
    if not isinstance(assets, list):
        complaints.add(segment_id, "assets", assets, "a list")
        return
    for place, asset in enumerate(assets):
        _check_asset(asset, segment_id, f"assets[{place}]", complaints)


def _check_limits(value: Any, names: tuple[str, ...], segment_id: str, path: str, complaints: Complaints) -> None:
    if not isinstance(value, dict):
        complaints.add(segment_id, path, value, "an object")
        return
    for name, number in value.items():
        if name not in names or not (number is None or (is_number(number) and number >= 0)):
            complaints.add(segment_id, f"{path}.{name}", number, f"{' or '.join(names)}: a number, 0 or more, or null")


def _check_asset(asset: Any, segment_id: str, path: str, complaints: Complaints) -> None:
    if not isinstance(asset, dict):
        complaints.add(segment_id, path, asset, "an object with asset_id and type")
        return
    for name in asset:
        if name not in ("asset_id", "type", "at_m", "limits"):
            complaints.add(segment_id, f"{path}.{name}", asset[name], "no such member")
    asset_id, at_m = asset.get("asset_id"), asset.get("at_m")
    if not isinstance(asset_id, str) or not asset_id:
        complaints.add(segment_id, f"{path}.asset_id", asset_id, "a text, not empty")
    if asset.get("type") not in ASSET_TYPES:
        complaints.add(segment_id, f"{path}.type", asset.get("type"), " or ".join(ASSET_TYPES))
    if not (at_m is None or (is_number(at_m) and at_m >= 0)):
        complaints.add(segment_id, f"{path}.at_m", at_m, "a number, 0 or more, or null")
    _check_limits(asset.get("limits", {}), ASSET_LIMIT_NAMES, segment_id, f"{path}.limits", complaints)


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


class _Words:
    """Texts numbered in order of first use; None is -1."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        return -1 if text is None else self.numbers.setdefault(text, len(self.numbers))


def _assemble(rows: list[_Row], digest: str) -> Network:
    n = len(rows)
    counts = [len(row.coords) for row in rows]
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    coords = np.vstack([row.coords for row in rows])
    ends = np.round(np.vstack([coords[start[:-1]], coords[start[1:] - 1]]), NODE_DECIMALS)
    nodes, node_of = np.unique(ends, axis=0, return_inverse=True)
    node_of = node_of.reshape(2, n).astype(np.int32)
    properties = [row.properties for row in rows]
    highways, surfaces, names = _Words(), _Words(), _Words()
    speeds = [p.get("speed_kmh") for p in properties]
    lengths = [p.get("length_m") for p in properties]
    network = Network(
        network_id=f"drawn-{digest[:12]}",
        manifest={"source": {"format": "drawn", "attribution": None}, "hash": digest, "segments": n},
        segment_ids=_ids([row.segment_id for row in rows]),
        from_node=node_of[0],
        to_node=node_of[1],
        node_lonlat=nodes.astype(np.float64),
        coords=coords,
        coord_start=start,
        length_m=np.array(
            [line_length_m(r.coords) if s is None else s for r, s in zip(rows, lengths, strict=True)], float
        ),
        speed_kmh=np.array([DEFAULT_SPEED_KMH if s is None else s for s in speeds], dtype=np.float64),
        speed_source=np.array([SPEED_DEFAULT if s is None else SPEED_DRAWN for s in speeds], dtype=np.uint8),
        is_oneway=np.array([p.get("oneway", False) for p in properties], dtype=np.bool_),
        highway=np.array([highways.number(p["highway"]) for p in properties], dtype=np.int16),
        surface=np.array([surfaces.number(p.get("surface")) for p in properties], dtype=np.int16),
        road_type=np.array([(p.get("road_type") or "").encode() for p in properties], dtype="S1"),
        name=np.array([names.number(p.get("name")) for p in properties], dtype=np.int32),
        ref=np.array([names.number(p.get("ref")) for p in properties], dtype=np.int32),
        link=np.arange(n, dtype=np.int32),
        carriageway_m=_numbers([p.get("carriageway_m") for p in properties]),
        shoulder_m=_numbers([p.get("shoulder_m") for p in properties]),
        limits=_limits([p.get("limits", {}) for p in properties], LIMIT_NAMES),
        osm_way=np.zeros(n, dtype=np.int64),
        **_assets(properties),
        forbidden_turns=np.zeros((0, 2), dtype=np.int64),
        barrier_node=np.zeros(0, dtype=np.int32),
        barrier_type=np.zeros(0, dtype=np.int16),
        highway_words=tuple(highways.numbers),
        surface_words=tuple(surfaces.numbers),
        names=tuple(names.numbers),
        axle_t=_axles([p.get("axle_t") for p in properties]),
    )
    for value in vars(network).values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return network


def _ids(texts: list[str]) -> NDArray[np.bytes_]:
    return np.array([text.encode() for text in texts], dtype=np.bytes_)


def _axles(stated: list[Any]) -> NDArray[np.float64]:
    return np.empty(0) if all(value is None for value in stated) else _numbers(stated)


def _limits(stated: list[dict[str, Any]], names: tuple[str, ...]) -> NDArray[np.float64]:
    return _numbers([limits.get(name) for limits in stated for name in names]).reshape(len(stated), len(names))


def _assets(properties: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the asset arrays. One id described differently on two segments gives two rows of that id."""
    rows: dict[tuple[Any, ...], int] = {}
    stated: list[dict[str, Any]] = []
    of: list[int] = []
    at: list[Any] = []
    start = [0]
    for members in properties:
        for asset in members.get("assets", []):
            limits = asset.get("limits", {})
            key = (asset["asset_id"], asset["type"], *(limits.get(name) for name in ASSET_LIMIT_NAMES))
            if key not in rows:
                rows[key] = len(rows)
                stated.append(asset)
            of.append(rows[key])
            at.append(asset.get("at_m"))
        start.append(len(of))
    return {
        "asset_ids": _ids([asset["asset_id"] for asset in stated]),
        "asset_type": np.array([ASSET_TYPES.index(asset["type"]) for asset in stated], dtype=np.uint8),
        "asset_limits": _limits([asset.get("limits", {}) for asset in stated], ASSET_LIMIT_NAMES),
        "asset_name": np.full(len(stated), -1, dtype=np.int32),
        "asset_start": np.array(start, dtype=np.int64),
        "asset_of": np.array(of, dtype=np.int32),
        "asset_at_m": _numbers(at),
    }


def network_document(network: Network) -> dict[str, Any]:
    """Return the drawn file of a network; `load_network_file` gives it back, but for turns and barriers."""
    return {
        "type": "FeatureCollection",
        "features": [_feature(network, number) for number in range(network.n_segments)],
    }


def _feature(network: Network, number: int) -> dict[str, Any]:
    vertices = network.coords[network.coord_start[number] : network.coord_start[number + 1]]
    surface = int(network.surface[number])
    stated: dict[str, Any] = {
        "segment_id": network.segment_id(number),
        "highway": network.highway_words[network.highway[number]],
        "surface": None if surface < 0 else network.surface_words[surface],
        "road_type": bytes(network.road_type[number]).decode() or None,
        "oneway": bool(network.is_oneway[number]),
        "length_m": float(network.length_m[number]),
        "speed_kmh": float(network.speed_kmh[number]),
        "carriageway_m": _stated(network.carriageway_m[number]),
        "shoulder_m": _stated(network.shoulder_m[number]),
        "axle_t": network.limits_of(number).get("axle_t"),
        "name": network.word(int(network.name[number])),
        "ref": network.word(int(network.ref[number])),
    }
    properties = {name: value for name, value in stated.items() if value is not None}
    if limits := _stated_limits(network.limits[number], LIMIT_NAMES):
        properties["limits"] = limits
    first, last = int(network.asset_start[number]), int(network.asset_start[number + 1])
    if last > first:
        properties["assets"] = [_asset(network, place) for place in range(first, last)]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": vertices.tolist()},
        "properties": properties,
    }


def _asset(network: Network, place: int) -> dict[str, Any]:
    asset = int(network.asset_of[place])
    stated: dict[str, Any] = {
        "asset_id": network.asset_id(asset),
        "type": ASSET_TYPES[network.asset_type[asset]],
        "at_m": _stated(network.asset_at_m[place]),
        "limits": _stated_limits(network.asset_limits[asset], ASSET_LIMIT_NAMES) or None,
    }
    return {name: value for name, value in stated.items() if value is not None}


def _stated(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _stated_limits(row: NDArray[np.float64], names: tuple[str, ...]) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, row, strict=True) if not np.isnan(value)}
