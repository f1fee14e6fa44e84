"""Vector tiles: at each zoom the tile with most segments, encoded anew each time, beside PostGIS ST_AsMVT.

The features of both are decoded and compared: ours must have all of theirs, and more only where the line is so short
that PostGIS drops it: at most a unit of the tile's grid across.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np

from bench.networks import MAIN_SEGMENTS, built, country
from bench.postgis import Postgis
from bench.table import Goal, Row, measure
from fom.maps.tiles import FIRST_ZOOM, network_tile
from fom.network.network import Network

ZOOMS = (14, 12, 9)
LOST_SHARE = 0.001
"""Most of their features that ours may lack, as a share: rounding at the edge of a tile."""
ITEMS = 5
GROUP = "Vector tiles"
Tile = tuple[int, int, int]


def run(data: Path) -> list[Row]:
    """Return the rows."""
    place = country(data, MAIN_SEGMENTS)
    built(place)
    network = place.load()
    tiles = [_densest(network, zoom) for zoom in ZOOMS]
    try:
        with Postgis() as server:
            server.load_lines(network)
            return [_row(network, tile, server) for tile in tiles]
    except Postgis.Missing as missing:
        print(f"NOT MEASURED: PostGIS: {missing}", file=sys.stderr)
        return [_row(network, tile, None) for tile in tiles]


def _row(network: Network, tile: Tile, server: Postgis | None) -> Row:
    data = network_tile(network, *tile)
    features = _features(data)
    ours = measure(lambda _: network_tile(network, *tile), range(ITEMS))
    what = f"densest tile of zoom {tile[0]}, cold"
    size = f"{len(features):,} features, {len(data) / 1024:,.0f} KB"
    goal = Goal(p95_ms=5, ratio=5) if tile[0] == 12 else None
    if server is None:
        return Row(GROUP, what, ours, "PostGIS ST_AsMVT", None, goal, f"{size}; not measured: no PostGIS")
    theirs_data = server.tile(*tile, list(FIRST_ZOOM))
    theirs_features = _features(theirs_data)
    lost = len(theirs_features.keys() - features.keys())
    longer = sum(features[number] > 1 for number in features.keys() - theirs_features.keys())
    if lost + longer > LOST_SHARE * len(features):
        raise AssertionError(f"tile {tile}: ours lacks {lost} of {len(theirs_features)} features, theirs {longer}")
    theirs = measure(lambda _: server.tile(*tile, list(FIRST_ZOOM)), range(ITEMS))
    note = f"{size}; theirs {len(theirs_features):,} features, {len(theirs_data) / 1024:,.0f} KB"
    return Row(GROUP, what, ours, f"PostGIS {server.version} ST_AsMVT", theirs, goal, note)


def _features(data: bytes) -> dict[int, float]:
    """Return how many units of the grid each feature is across."""
    layers = mapbox_vector_tile.decode(data)
    return {feature["id"]: _across(feature["geometry"]) for layer in layers.values() for feature in layer["features"]}


def _across(geometry: dict[str, Any]) -> float:
    is_multi = geometry["type"].startswith("Multi")
    points = np.array([p for line in geometry["coordinates"] for p in line] if is_multi else geometry["coordinates"])
    return float(np.ptp(points, axis=0).max())


def _densest(network: Network, zoom: int) -> Tile:
    """Return zoom, x and y of the tile in which most segments begin."""
    firsts = np.asarray(network.coords)[np.asarray(network.coord_start)[:-1]]
    lat = np.radians(firsts[:, 1])
    x = ((firsts[:, 0] + 180) / 360 * 2**zoom).astype(int)
    y = ((1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**zoom).astype(int)
    (found, _), *_ = Counter(zip(x.tolist(), y.tolist(), strict=True)).most_common(1)
    return zoom, *found
