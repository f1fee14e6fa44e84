"""All lines of the country made into one network: pieces that meet only at their ends, each with its class.

Noding happens on a grid of 0.1 m, so equal ends have equal coordinates and a key of two integers names a node.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

GRID_M = 0.1
STUB_M = 28.0
"""Dead ends of streets shorter than this are dropped."""

Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A line that goes into the network. Where two lie on each other the lower `rank` names the class."""

    line: shapely.LineString
    rank: int
    """Tier of a rural road (1 to 6), then town streets."""
    number: int
    """Which chain or town it belongs to; for names and tags."""
    is_directed: bool = False
    """One-way as drawn: its pieces must run the same way."""
    gap: float = 0.0
    """Share of its pieces that were never built."""


@dataclass(frozen=True)
class Piece:
    """A stretch between two nodes."""

    line: shapely.LineString
    source: int
    """Index into the sources."""

    @cached_property
    def ends(self) -> tuple[Key, Key]:
        """Return the keys of its two nodes."""
        return key_of(self.line.coords[0]), key_of(self.line.coords[-1])


def key_of(xy: tuple[float, ...] | NDArray[np.float64]) -> Key:
    """Return the integer key of a position on the noding grid."""
    return round(xy[0] / GRID_M), round(xy[1] / GRID_M)


def node_lines(sources: list[Source]) -> list[Piece]:
    """Return the pieces of all sources after noding, in an order that depends only on them."""
    lines = np.array([s.line for s in sources], object)
    noded = shapely.get_parts(shapely.union_all(lines, grid_size=GRID_M))
    noded = noded[shapely.length(noded) > 0.5]
    middle = shapely.line_interpolate_point(noded, 0.5, normalized=True)
    tree = shapely.STRtree(lines)
    piece, source = tree.query(middle, predicate="dwithin", distance=0.45)
    ranks = np.array([s.rank for s in sources])
    order = np.lexsort((source, ranks[source], piece))
    piece, source = piece[order], source[order]
    first = np.r_[True, piece[1:] != piece[:-1]] if len(piece) else np.zeros(0, bool)
    found = zip(piece[first].tolist(), source[first].tolist(), strict=True)
    return [Piece(_directed(noded[p], sources[s]), s) for p, s in found]


def _directed(line: shapely.LineString, source: Source) -> shapely.LineString:
    """Return a piece turned the way its source runs, if the source is one-way."""
    if not source.is_directed:
        return line
    a, b = (source.line.project(line.interpolate(share, normalized=True)) for share in (0.4, 0.6))
    wraps = abs(b - a) > source.line.length / 2
    return line if (b > a) != wraps else line.reverse()


def merge_close_nodes(pieces: list[Piece], ranks: list[int], *, within_m: float = 7.0) -> list[Piece]:
    """Return the pieces without very short ones: their two nodes become one, on the better road."""
    home: dict[Key, Key] = {}

    def find(key: Key) -> Key:
        while (up := home.get(key, key)) != key:
            key = up
        return key

    best: dict[Key, int] = {}
    for piece, rank in zip(pieces, ranks, strict=True):
        for key in piece.ends:
            best[key] = min(best.get(key, 99), rank)
    for piece in pieces:
        a, b = (find(key) for key in piece.ends)
        if piece.line.length < within_m and a != b:
            keep, gone = sorted((a, b), key=lambda key: (best[key], key))
            home[gone] = keep
    merged = (_between(piece, *(find(key) for key in piece.ends)) for piece in pieces)
    return [piece for piece in merged if piece.line.length >= within_m]


def _between(piece: Piece, start: Key, end: Key) -> Piece:
    """Return a piece whose ends are moved to these nodes."""
    if piece.ends == (start, end):
        return piece
    points = [np.multiply(start, GRID_M), *piece.line.coords[1:-1], np.multiply(end, GRID_M)]
    return Piece(shapely.LineString(np.round(points, 1)), piece.source)


def keep_connected(pieces: list[Piece], *, least_m: float = 1500.0) -> list[Piece]:
    """Return the pieces without fragments: connected groups shorter than a length in all."""
    number: dict[Key, int] = {}
    ends = [[number.setdefault(key, len(number)) for key in piece.ends] for piece in pieces]
    a, b = np.array(ends).T
    _, group = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(len(number),) * 2), directed=False)
    length = np.bincount(group[a], weights=[p.line.length for p in pieces], minlength=group.max() + 1)
    return [piece for piece, start in zip(pieces, a, strict=True) if length[group[start]] >= least_m]


def drop_stubs(pieces: list[Piece], is_street: list[bool]) -> list[Piece]:
    """Return the pieces without very short dead ends of streets; repeated until none is left."""
    kept = list(zip(pieces, is_street, strict=True))
    while True:
        degree = Counter(key for piece, _ in kept for key in piece.ends)
        after = [
            (piece, street)
            for piece, street in kept
            if not (street and piece.line.length < STUB_M and min(degree[k] for k in piece.ends) == 1)
        ]
        if len(after) == len(kept):
            return [piece for piece, _ in kept]
        kept = after
