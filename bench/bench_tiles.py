"""Vector tiles of the largest network: the tile with most segments at each zoom, encoded anew each time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from bench.networks import largest_network
from bench.table import Row, median_ms
from fom.maps.tiles import network_tile

ZOOMS = (14, 12, 9)
REPEATS = 9


def run(scratch: Path) -> list[Row]:
    """Return the rows of the table."""
    network = largest_network(scratch)
    firsts = np.asarray(network.coords)[np.asarray(network.coord_start)[:-1]]
    rows = []
    for zoom in ZOOMS:
        (x, y), _ = Counter(zip(*_tiles_of(firsts, zoom), strict=True)).most_common(1)[0]
        size = len(network_tile(network, zoom, x, y))
        took = median_ms(lambda zoom=zoom, x=x, y=y: network_tile(network, zoom, x, y), REPEATS)
        rows.append(Row(f"densest vector tile, zoom {zoom}", took, None, None, f"{size:,} bytes"))
    return rows


def _tiles_of(lonlat: np.ndarray, zoom: int) -> tuple[list[int], list[int]]:
    """Return x and y of the tile of each place."""
    lat = np.radians(lonlat[:, 1])
    x = (lonlat[:, 0] + 180) / 360 * 2**zoom
    y = (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2 * 2**zoom
    return x.astype(int).tolist(), y.astype(int).tolist()
