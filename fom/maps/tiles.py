"""Vector tiles of the network: geometry only, a pure function of (network, z, x, y), so that tiles never go stale.

States and key routes travel separately and meet the tile in the browser. The bytes are Mapbox Vector Tile 2.1:
layer `segments`, feature id = segment number, properties `h` (rank of the road class, 0 motorway … 6 path)
and, from zoom 10, `n` (name) and `r` (ref). Encoding itself is `mvt`.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.errors import InvalidInput
from fom.maps import mvt
from fom.network.network import Network

MIN_ZOOM, MAX_ZOOM = 4, 14
NAMES_FROM_ZOOM = 10
CLASS_RANK = {
    "motorway": 0, "motorway_link": 0, "trunk": 0, "trunk_link": 0,
    "primary": 1, "primary_link": 1,
    "secondary": 2, "secondary_link": 2,
    "tertiary": 3, "tertiary_link": 3,
    "unclassified": 4, "road": 4,
    "residential": 5, "living_street": 5, "service": 5, "pedestrian": 5,
    "track": 6, "path": 6, "footway": 6, "bridleway": 6, "cycleway": 6, "steps": 6,
}  # fmt: skip
"""Rank of a road class, by how early the road appears; words not listed here rank as unclassified."""
FIRST_ZOOM = (4, 5, 7, 8, 10, 11, 10)
"""Zoom from which a rank is in the tiles (J): country scale shows what connects towns, zoom 11 everything."""


@dataclass(frozen=True, eq=False)
class TileSource:
    """What tiles need of one network, prepared once. Integer world coordinates: 0 … 2^32 across the Mercator square."""

    world: NDArray[np.uint32]
    """(m, 2) x eastward, y southward, in the order of `network.coords`."""
    coord_start: NDArray[np.int64]
    rank: NDArray[np.uint8]
    first_zoom: NDArray[np.uint8]
    name: NDArray[np.int32]
    ref: NDArray[np.int32]
    text: NDArray[np.uint8]
    """UTF-8 of all names, one after another; name i is text[text_start[i]:text_start[i + 1]]."""
    text_start: NDArray[np.int64]


_sources: weakref.WeakKeyDictionary[Network, TileSource] = weakref.WeakKeyDictionary()
_building = threading.Lock()


def tile_source(network: Network) -> TileSource:
    """Return the prepared arrays of `network`, made on first use and kept as long as the network lives."""
    with _building:
        source = _sources.get(network)
        if source is None:
            source = _sources[network] = _prepare(network)
        return source


def network_tile(network: Network, z: int, x: int, y: int) -> bytes:
    """Return the tile's bytes; an area without roads gives zero bytes, which is a valid empty tile.

    Raises
    ------
    InvalidInput
        Zoom outside MIN_ZOOM … MAX_ZOOM, or x or y outside the zoom's grid.
    """
    if not MIN_ZOOM <= z <= MAX_ZOOM:
        raise InvalidInput.single("z", z, f"a zoom from {MIN_ZOOM} to {MAX_ZOOM}")
    for field, value in (("x", x), ("y", y)):
        if not 0 <= value < 1 << z:
            raise InvalidInput.single(field, value, f"a whole number from 0 to {(1 << z) - 1} at zoom {z}")
    source = tile_source(network)
    _, numbers = network.boxes.query(tile_box(z, x, y), level=source.first_zoom, up_to=z)
    if not len(numbers):
        return b""
    numbers.sort()
    encoded: NDArray[np.uint8] = mvt.encode_lines(
        numbers,
        source.world,
        source.coord_start,
        source.rank,
        source.name,
        source.ref,
        source.text,
        source.text_start,
        z,
        x,
        y,
        z >= NAMES_FROM_ZOOM,
    )
    return encoded.tobytes()


def network_bounds(network: Network) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the network's coordinates, degrees; the whole world for an empty network."""
    if not network.n_segments:
        return (-180.0, -85.0, 180.0, 85.0)
    (west, south), (east, north) = network.coords.min(axis=0), network.coords.max(axis=0)
    return float(west), float(south), float(east), float(north)


def network_credit(network: Network) -> str | None:
    """Return whom a map of the network must name as the maker of its data; None where nobody asks for it."""
    credit = network.manifest.get("source", {}).get("attribution")
    return None if credit is None else str(credit)


def to_world(lonlat: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return (m, 2) uint32 Mercator world coordinates of (m, 2) degrees lon/lat; latitudes beyond ± 85.051 are held."""
    lat = np.radians(np.clip(lonlat[:, 1], -85.0511, 85.0511))
    x = lonlat[:, 0] / 360.0 + 0.5
    y = 0.5 - np.arcsinh(np.tan(lat)) / (2 * np.pi)
    scaled = np.stack((x, y), axis=1) * 2.0**32
    return np.clip(scaled, 0, 2**32 - 1).astype(np.uint32)


def tile_box(z: int, x: int, y: int) -> NDArray[np.float64]:
    """Return west, south, east, north of a tile with its buffer, degrees, a hair more than less."""
    edge = mvt.BUFFER / mvt.EXTENT + 2.0 ** (z - 30)
    turns = np.array([x - edge, x + 1 + edge, y + 1 + edge, y - edge]) / 2.0**z
    lon = turns[:2] * 360.0 - 180.0
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1.0 - 2.0 * turns[2:]))))
    return np.array([lon[0], -90.0 if y + 1 == 1 << z else lat[0], lon[1], 90.0 if y == 0 else lat[1]])


def _prepare(network: Network) -> TileSource:
    world = to_world(np.asarray(network.coords))
    start = np.asarray(network.coord_start)
    ranks = np.array([CLASS_RANK.get(word, 4) for word in network.highway_words] or [4], np.uint8)
    rank = ranks[np.asarray(network.highway)]
    encoded = [name.encode() for name in network.names]
    return TileSource(
        world=world,
        coord_start=start,
        rank=rank,
        first_zoom=np.array(FIRST_ZOOM, np.uint8)[rank],
        name=np.asarray(network.name),
        ref=np.asarray(network.ref),
        text=np.frombuffer(b"".join(encoded), np.uint8),
        text_start=np.cumsum([0, *map(len, encoded)], dtype=np.int64),
    )
