"""Ways into pieces: runs of vertices between places where roads meet, end, or repeat each other.

Ways are cleaned first: turned with their traffic, cut where positions are missing, without repeated vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.grouping import Ints, components, runs
from fom.network.raw import NO_POSITION, RawRoads
from fom.network.road_rules import Road, read_road


@dataclass(slots=True)
class Strands:
    """Cleaned ways: at least two vertices each, all with a position, no two neighbours at one place."""

    x: NDArray[np.int32]
    """(v,) longitude, 1e-7 degrees."""
    y: NDArray[np.int32]
    node: Ints
    """(v,) node label of `RawRoads`."""
    start: Ints
    way: Ints
    """(s,) index into the ways of `RawRoads`."""


@dataclass(slots=True)
class Pieces:
    """p runs of vertices between two break nodes within one strand; one-way pieces run with their traffic."""

    first: Ints
    """(p,) position of the first vertex in the strands' vertex arrays."""
    last: Ints
    ends: Ints
    """(p, 2) node labels."""
    key: Ints
    """(p, 3) road, name, ref: equal keys are equal attributes."""
    way: Ints
    """(p,) map-data id."""
    is_oneway: NDArray[np.bool_]

    def where(self, keep: NDArray[np.bool_]) -> Pieces:
        """Return the pieces that `keep` marks."""
        return Pieces(
            self.first[keep], self.last[keep], self.ends[keep], self.key[keep], self.way[keep], self.is_oneway[keep]
        )


def make_pieces(raw: RawRoads, breaks: Ints) -> tuple[list[Road], Strands, Pieces]:
    """Return distinct roads, cleaned ways and their pieces, cut also at the nodes `breaks`.

    Counts what is dropped into `raw.dropped`.
    """
    roads, way_road, against = _read_ways(raw)
    strands = _clean(raw, way_road >= 0, against)
    first, last, strand = _cut_at_nodes(strands, breaks)
    way = strands.way[strand]
    key = np.column_stack([way_road, raw.way_name, raw.way_ref])[way].astype(np.int64)
    is_oneway = np.array([r.is_oneway for r in roads], dtype=bool)[key[:, 0]]
    ends = np.column_stack([strands.node[first], strands.node[last]])
    pieces = Pieces(first, last, ends, key, raw.way_id[way], is_oneway)
    keep = _first_of_repeated(pieces)
    raw.dropped["repeated stretches (same vertices and attributes)"] += int(np.count_nonzero(~keep))
    return roads, strands, pieces.where(keep)


def _read_ways(raw: RawRoads) -> tuple[list[Road], Ints, NDArray[np.bool_]]:
    """Return distinct roads, (w,) index into them (-1 = refused), (w,) whether the way runs against its traffic."""
    readings = [read_road(tags) for tags in raw.tag_sets]
    uses = np.bincount(raw.way_tags, minlength=len(readings)).tolist()
    number_of: dict[Road, int] = {}
    code = np.full(len(readings), -1, dtype=np.int64)
    for i, (reading, n) in enumerate(zip(readings, uses, strict=True)):
        if reading.road is None:
            raw.dropped[reading.refusal] += n
            continue
        code[i] = number_of.setdefault(reading.road, len(number_of))
        for key in reading.unreadable:
            raw.dropped[f"unreadable value of {key}"] += n
        for note in reading.notes:
            raw.noted[note] += n
    against = np.array([r.is_reversed for r in readings], dtype=bool)
    return list(number_of), code[raw.way_tags], against[raw.way_tags]


def _clean(raw: RawRoads, keep: NDArray[np.bool_], against: NDArray[np.bool_]) -> Strands:
    """Return kept ways, turned with their traffic, cut where positions are missing, without repeated vertices."""
    size = np.diff(raw.way_start)[keep]
    ways = np.flatnonzero(keep)
    at = runs(raw.way_start[:-1][keep], size, against[keep])
    way = np.repeat(ways, size)
    x, y, node = raw.x[at], raw.y[at], raw.node[at]
    has_position = x != NO_POSITION
    raw.dropped["vertices whose node is missing from the file"] += int(np.count_nonzero(~has_position))
    is_new = np.ones(len(at), dtype=bool)
    is_new[1:] = (way[1:] != way[:-1]) | ~has_position[:-1]
    strand = np.cumsum(is_new)[has_position]
    x, y, node, way = x[has_position], y[has_position], node[has_position], way[has_position]

    node = _one_label_per_place(x, y, node, strand)
    repeats = np.zeros(len(node), dtype=bool)
    repeats[1:] = (strand[1:] == strand[:-1]) & (node[1:] == node[:-1])
    raw.dropped["repeated vertices"] += int(np.count_nonzero(repeats))
    x, y, node, way, strand = x[~repeats], y[~repeats], node[~repeats], way[~repeats], strand[~repeats]

    _, first, count = np.unique(strand, return_index=True, return_counts=True)
    raw.dropped["stretches with a single vertex left"] += int(np.count_nonzero(count < 2))
    enough = np.repeat(count >= 2, count)
    start = np.concatenate([[0], np.cumsum(count[count >= 2])])
    return Strands(x[enough], y[enough], node[enough], start, way[first[count >= 2]])


def _one_label_per_place(x: NDArray[np.int32], y: NDArray[np.int32], node: Ints, strand: Ints) -> Ints:
    """Return node labels where neighbours along a way that stand at the same place have become one node."""
    same = (strand[1:] == strand[:-1]) & (x[1:] == x[:-1]) & (y[1:] == y[:-1]) & (node[1:] != node[:-1])
    if not same.any():
        return node
    labels, inner = np.unique(node, return_inverse=True)
    pairs = np.column_stack([inner[:-1][same], inner[1:][same]])
    group = components(len(labels), pairs)
    representative: Ints = np.zeros(group.max() + 1, dtype=np.int64)
    representative[group[::-1]] = labels[::-1]
    return representative[group[inner]]


def _cut_at_nodes(strands: Strands, breaks: Ints) -> tuple[Ints, Ints, Ints]:
    """Return first vertex, last vertex and strand of each run between nodes met more than once, ends and `breaks`.

    A strand that turns back on itself is cut where it turns, so that the way back is seen to repeat the way out.
    """
    labels, inner, count = np.unique(strands.node, return_inverse=True, return_counts=True)
    is_cut = ((count > 1) | np.isin(labels, breaks))[inner]
    is_cut[1:-1] |= strands.node[2:] == strands.node[:-2]
    is_cut[strands.start[:-1]] = True
    is_cut[strands.start[1:] - 1] = True
    cuts = np.flatnonzero(is_cut)
    strand_of = np.repeat(np.arange(len(strands.way)), np.diff(strands.start))
    first, last = cuts[:-1], cuts[1:]
    inside = strand_of[first] == strand_of[last]
    return first[inside], last[inside], strand_of[first[inside]]


def _first_of_repeated(pieces: Pieces) -> NDArray[np.bool_]:
    """Return which pieces to keep (of the smallest way) when two neighbours are drawn twice with the same attributes.

    Longer repeated stretches fall apart into pieces of two vertices, because each of their vertices is met twice.
    """
    short = np.flatnonzero(pieces.last - pieces.first == 1)
    ends = np.where(pieces.is_oneway[short, None], pieces.ends[short], np.sort(pieces.ends[short], axis=1))
    order = np.argsort(pieces.way[short], kind="stable")
    _, first = np.unique(np.column_stack([ends, pieces.key[short]])[order], axis=0, return_index=True)
    keep: NDArray[np.bool_] = np.ones(len(pieces.first), dtype=bool)
    keep[short] = False
    keep[short[order[first]]] = True
    return keep
