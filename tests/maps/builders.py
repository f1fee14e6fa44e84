"""Small networks for tests of maps: drawn lines, or many lines scattered by a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pyproj import Geod

from fom.network.network import Network

GEOD = Geod(ellps="WGS84")
CLASSES = ("motorway", "primary", "secondary", "tertiary", "unclassified", "residential", "track")


def network_of_lines(
    lines: Sequence[Sequence[tuple[float, float]]],
    highway: Sequence[int],
    names: Mapping[int, tuple[str | None, str | None]],
) -> Network:
    """Return a network in which each line is a segment `s0`, `s1`, …, with its own two nodes."""
    n = len(lines)
    coords = np.array([point for line in lines for point in line], float)
    start = np.cumsum([0, *map(len, lines)])
    words = sorted({word for pair in names.values() for word in pair if word})
    code = {None: -1, **{word: i for i, word in enumerate(words)}}
    lengths = [GEOD.line_length(*np.array(line).T) for line in lines]
    nodes = np.array([end for line in lines for end in (line[0], line[-1])], float)
    nothing = np.full(n, np.nan)
    return Network(
        network_id="test",
        manifest={},
        segment_ids=np.array([f"s{i}".encode() for i in range(n)]),
        from_node=np.arange(0, 2 * n, 2, np.int32),
        to_node=np.arange(1, 2 * n, 2, np.int32),
        node_lonlat=nodes,
        coords=coords,
        coord_start=start.astype(np.int64),
        length_m=np.array(lengths),
        speed_kmh=np.full(n, 30.0),
        speed_source=np.full(n, 3, np.uint8),
        is_oneway=np.zeros(n, bool),
        highway=np.array(highway, np.int16),
        surface=np.full(n, -1, np.int16),
        road_type=np.full(n, b"", "S1"),
        name=np.array([code[names.get(i, (None, None))[0]] for i in range(n)], np.int32),
        ref=np.array([code[names.get(i, (None, None))[1]] for i in range(n)], np.int32),
        link=np.arange(n, dtype=np.int32),
        carriageway_m=nothing,
        shoulder_m=nothing,
        limits=np.full((n, 4), np.nan),
        osm_way=np.zeros(n, np.int64),
        asset_ids=np.array([], "S1"),
        asset_type=np.array([], np.uint8),
        asset_limits=np.empty((0, 5)),
        asset_name=np.array([], np.int32),
        asset_start=np.zeros(n + 1, np.int64),
        asset_of=np.array([], np.int32),
        asset_at_m=np.array([]),
        forbidden_turns=np.empty((0, 2), np.int64),
        barrier_node=np.array([], np.int32),
        barrier_type=np.array([], np.int16),
        highway_words=CLASSES,
        names=tuple(words),
    )


def drawn_network(
    *,
    lines: Sequence[Sequence[tuple[float, float]]] = (
        [(30.0, 5.0), (30.01, 5.0)],
        [(30.01, 5.0), (30.01, 5.01)],
    ),
    names: Mapping[int, tuple[str | None, str | None]] | None = None,
) -> Network:
    """Return a network of primary roads, one segment for each line."""
    return network_of_lines(lines, [1] * len(lines), names or {})


def scattered_network(n: int, *, seed: int, spread: float = 0.1) -> Network:
    """Return n wandering lines of 2 to 12 vertices around 30.05/5.02, some long, of every road class."""
    random = np.random.default_rng(seed)
    lines = []
    for _ in range(n):
        steps = int(random.integers(1, 12))
        stride = random.choice([0.0005, 0.002, 0.02], p=[0.6, 0.3, 0.1]) * spread / 0.1
        path = random.normal((30.05, 5.02), spread) + np.cumsum(random.normal(0, stride, (steps + 1, 2)), axis=0)
        lines.append([tuple(point) for point in path])
    names = {i: (f"road {i % 97}", None) for i in range(0, n, 3)}
    return network_of_lines(lines, list(random.integers(0, len(CLASSES), n)), names)
