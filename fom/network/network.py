"""The network as arrays: one row per segment, read-only, shareable between processes by memory-mapping.

Building from map data is `build`, files on disk are `artefact`, hand-drawn files are `drawn`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from fom.network.box_index import BoxIndex
from fom.network.id_index import IdIndex
from fom.network.indexes import Indexes

ASSET_TYPES = ("bridge", "culvert", "ford", "ferry", "tunnel", "pass")
LIMIT_NAMES = ("mlc", "mass_t", "width_m", "height_m")
ASSET_LIMIT_NAMES = ("mlc", "mass_t", "width_m", "height_m", "depth_m")


@dataclass(frozen=True, eq=False)
class Network:
    """A road network of n segments, k nodes, a assets.

    All arrays are read-only. NaN stands for "not recorded" in float arrays. Coordinates are WGS 84 degrees, lon/lat.
    Arc number = 2 * segment number + direction (0 forward, 1 backward); one-way segments have only the forward arc.
    """

    network_id: str
    manifest: dict[str, Any]
    """Source, licence, date, counts, dropped counts with reasons, tool versions, hash."""

    segment_ids: NDArray[np.bytes_]
    """(n,) permanent ids, UTF-8."""
    from_node: NDArray[np.int32]
    to_node: NDArray[np.int32]
    node_lonlat: NDArray[np.float64]
    """(k, 2) degrees."""
    coords: NDArray[np.float64]
    """(m, 2) degrees; vertices of all segments in order."""
    coord_start: NDArray[np.int64]
    """(n + 1,); vertices of segment i are coords[coord_start[i]:coord_start[i + 1]]."""
    length_m: NDArray[np.float64]
    """(n,) stated length if the source gives one, else geodesic."""
    speed_kmh: NDArray[np.float64]
    speed_source: NDArray[np.uint8]
    """0 tag, 1 surface rule, 2 class default, 3 drawn file."""
    is_oneway: NDArray[np.bool_]
    highway: NDArray[np.int16]
    """(n,) index into `highway_words`."""
    surface: NDArray[np.int16]
    """(n,) index into `surface_words`, -1 = not recorded."""
    road_type: NDArray[np.bytes_]
    """(n,) b'X', b'Y', b'Z' or b'' = unknown."""
    name: NDArray[np.int32]
    """(n,) index into `names`, -1 = none."""
    ref: NDArray[np.int32]
    """(n,) index into `names`, -1 = none."""
    link: NDArray[np.int32]
    """(n,) road link: pieces between the same two junctions share a number."""
    carriageway_m: NDArray[np.float64]
    shoulder_m: NDArray[np.float64]
    limits: NDArray[np.float64]
    """(n, 4) in the order of LIMIT_NAMES."""
    osm_way: NDArray[np.int64]
    """(n,) map-data id as an attribute, 0 = none; never identity."""

    asset_ids: NDArray[np.bytes_]
    """(a,) UTF-8."""
    asset_type: NDArray[np.uint8]
    """(a,) index into ASSET_TYPES."""
    asset_limits: NDArray[np.float64]
    """(a, 5) in the order of ASSET_LIMIT_NAMES."""
    asset_name: NDArray[np.int32]
    asset_start: NDArray[np.int64]
    """(n + 1,); assets of segment i are asset_of[asset_start[i]:asset_start[i + 1]]."""
    asset_of: NDArray[np.int32]
    asset_at_m: NDArray[np.float64]
    """Same length as asset_of: metres from the segment's start, NaN = not stated."""

    forbidden_turns: NDArray[np.int64]
    """(r, 2) arc numbers: after the first arc, the second may not follow (they share a node)."""
    barrier_node: NDArray[np.int32]
    """(b,) nodes with a barrier that stops vehicles."""
    barrier_type: NDArray[np.int16]
    """(b,) index into `barrier_words`."""

    highway_words: tuple[str, ...] = ()
    surface_words: tuple[str, ...] = ()
    barrier_words: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=(), repr=False)

    axle_t: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """(n,) recorded limit of an axle's load, of the road and of what it lies on; or empty where the source has none."""
    gate_lonlat: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    """(g, 2) degrees; gates, toll booths, checkpoints and other barriers that let vehicles through."""
    gate_type: NDArray[np.int16] = field(default_factory=lambda: np.empty(0, dtype=np.int16))
    """(g,) index into `barrier_words`."""

    indexes: Indexes | None = field(default=None, repr=False)
    """Kept with the arrays; None = made when first asked for."""

    @property
    def n_segments(self) -> int:
        """Return the number of segments."""
        return len(self.segment_ids)

    @property
    def segment_limits(self) -> tuple[NDArray[np.float64], tuple[str, ...]]:
        """Return (n, j) all limits of the segments themselves, and their j names."""
        if not len(self.axle_t):
            return self.limits, LIMIT_NAMES
        return np.column_stack([self.limits, self.axle_t]), (*LIMIT_NAMES, "axle_t")

    def limits_of(self, number: int) -> dict[str, float]:
        """Return the recorded limits of a segment itself, by name."""
        axle_t = self.axle_t[number : number + 1]
        stated = zip((*LIMIT_NAMES, "axle_t"), (*self.limits[number], *axle_t), strict=False)
        return {name: float(value) for name, value in stated if not np.isnan(value)}

    def lines(self, numbers: NDArray[np.int64] | None = None) -> NDArray[np.object_]:
        """Return the shapely LineStrings of some segments, of all without `numbers`; degrees."""
        return lines_of(self.coords, self.coord_start, numbers)

    def line(self, number: int) -> shapely.LineString:
        """Return the LineString of a segment, degrees."""
        return shapely.LineString(self.coords[self.coord_start[number] : self.coord_start[number + 1]])

    @cached_property
    def boxes(self) -> BoxIndex:
        """Return the index over the boxes of the segments, degrees."""
        kept = self._kept_indexes
        return BoxIndex.of_lines(self.coords, self.coord_start) if kept is None else kept.boxes

    @cached_property
    def _segment_index(self) -> IdIndex:
        kept = self._kept_indexes
        return IdIndex.of(self.segment_ids) if kept is None else kept.segments

    @property
    def _kept_indexes(self) -> Indexes | None:
        is_own = self.indexes is not None and self.indexes.fit(self.segment_ids, self.coords)
        return self.indexes if is_own else None

    @cached_property
    def _asset_index(self) -> IdIndex:
        return IdIndex.of(self.asset_ids)

    def find_segment(self, segment_id: str) -> int | None:
        """Return the number of a segment id, or None."""
        return self._segment_index.find(segment_id.encode())

    def find_asset(self, asset_id: str) -> int | None:
        """Return the number of an asset id, or None."""
        return self._asset_index.find(asset_id.encode())

    def segment_id(self, number: int) -> str:
        """Return the permanent id of segment `number`."""
        return bytes(self.segment_ids[number]).decode()

    def asset_id(self, number: int) -> str:
        """Return the id of asset `number`."""
        return bytes(self.asset_ids[number]).decode()

    def assets_on(self, number: int) -> NDArray[np.int32]:
        """Return the asset numbers on segment `number`."""
        return self.asset_of[self.asset_start[number] : self.asset_start[number + 1]]

    def word(self, code: int) -> str | None:
        """Return the text of an index into `names`, None for -1."""
        return None if code < 0 else self.names[code]


def lines_of(
    coords: NDArray[np.float64], start: NDArray[np.int64], numbers: NDArray[np.int64] | None = None
) -> NDArray[np.object_]:
    """Return shapely LineStrings: line i has the vertices coords[start[i]:start[i + 1]]; of all without `numbers`."""
    coords, start = np.asarray(coords), np.asarray(start)
    if numbers is None:
        return np.asarray(shapely.linestrings(coords, indices=np.repeat(np.arange(len(start) - 1), np.diff(start))))
    counts = start[numbers + 1] - start[numbers]
    owner = np.repeat(np.arange(len(numbers)), counts)
    vertex = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(start[numbers], counts)
    return np.asarray(shapely.linestrings(coords[vertex], indices=owner))
