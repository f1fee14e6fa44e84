"""Pieces into chains: stretches of road between junctions with the same attributes throughout, in the order of travel.

A junction is a node where roads meet, cross at level, or end. Pieces that meet end to end form one *link*; within a
link, pieces with equal attributes form one *chain*. Cutting chains into segments is `cutting`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fom.network.grouping import Ints, components, renumbered, runs
from fom.network.pieces import Pieces, Strands, make_pieces
from fom.network.raw import RawRoads
from fom.network.road_rules import Road


@dataclass(slots=True)
class Chains:
    """c chains over v vertices; two-way chains run from their end with the smaller (longitude, latitude)."""

    x: NDArray[np.int32]
    """(v,) longitude, 1e-7 degrees."""
    y: NDArray[np.int32]
    node: Ints
    """(v,) node label of `RawRoads`."""
    start: Ints
    """(c + 1,); vertices of chain i are start[i]:start[i + 1]."""
    road: Ints
    """(c,) index into `roads`."""
    roads: list[Road]
    name: Ints
    """(c,) index into `RawRoads.names`, -1 = none."""
    ref: Ints
    link: Ints
    """(c,) chains between the same two junctions share a number."""
    structure: Ints
    """(c,) chains of one bridge, tunnel, ford or ferry share a number."""
    way: Ints
    """(c,) smallest map-data id of the ways in it."""
    end_way: Ints
    """(c, 2) map-data id of the way at its first and last vertex."""


@dataclass(slots=True)
class _Walk:
    """Pieces in chain order."""

    piece: Ints
    is_back: NDArray[np.bool_]
    """The piece is walked from its last vertex to its first."""
    start: Ints
    """(c + 1,); the pieces of chain i are piece[start[i]:start[i + 1]]."""


def make_chains(raw: RawRoads, breaks: Ints) -> Chains:
    """Return the chains of all roads; nodes in `breaks` always end one. Counts what is dropped into `raw.dropped`."""
    roads, strands, pieces = make_pieces(raw, breaks)
    joints = _end_to_end(pieces)
    link, structure = _links_and_structures(pieces, joints, np.array([r.asset for r in roads]))
    walk = _walk(_joins(pieces, joints, breaks), len(pieces.first), _ranked_entries(strands, pieces))
    at, start = _gather(pieces, walk)
    head, tail = walk.piece[walk.start[:-1]], walk.piece[walk.start[1:] - 1]
    at = _turn_round(strands, at, start, ~pieces.is_oneway[head])
    end_way = np.column_stack([pieces.way[head], pieces.way[tail]])
    is_turned = (at[start[:-1]] < pieces.first[head]) | (at[start[:-1]] > pieces.last[head])
    end_way[is_turned] = end_way[is_turned, ::-1]
    way = np.minimum.reduceat(pieces.way[walk.piece], walk.start[:-1]) if len(head) else head

    order = _spatial_order(strands.x[at], strands.y[at], start, way)
    size = np.diff(start)[order]
    at, head = at[runs(start[:-1][order], size)], head[order]
    key = pieces.key[head]
    return Chains(
        x=strands.x[at], y=strands.y[at], node=strands.node[at], start=np.concatenate([[0], np.cumsum(size)]),
        road=key[:, 0], roads=roads, name=key[:, 1], ref=key[:, 2], link=renumbered(link[head]),
        structure=renumbered(structure[head]), way=way[order], end_way=end_way[order],
    )  # fmt: skip


def _links_and_structures(pieces: Pieces, joints: Ints, asset_of_road: NDArray[np.str_]) -> tuple[Ints, Ints]:
    """Return (p,) link numbers, and (p,) numbers shared by pieces of one asset with no junction between them."""
    pairs = joints // 2
    asset = asset_of_road[pieces.key[:, 0]]
    one, two = asset[pairs[:, 0]], asset[pairs[:, 1]]
    n = len(pieces.first)
    return components(n, pairs), components(n, pairs[(one == two) & (one != "")])


def _end_to_end(pieces: Pieces) -> Ints:
    """Return (j, 2) piece ends (2 * piece + end) that are the only two at their node, of different pieces."""
    node = pieces.ends.ravel()
    order = np.argsort(node, kind="stable")
    _, first, count = np.unique(node[order], return_index=True, return_counts=True)
    pairs = np.column_stack([order[first[count == 2]], order[first[count == 2] + 1]])
    joints: Ints = pairs[pairs[:, 0] // 2 != pairs[:, 1] // 2]
    return joints


def _joins(pieces: Pieces, joints: Ints, breaks: Ints) -> Ints:
    """Return those of `joints` where both sides carry the same attributes and the traffic runs through."""
    one, two = joints[:, 0], joints[:, 1]
    same = (pieces.key[one // 2] == pieces.key[two // 2]).all(axis=1)
    through = ~pieces.is_oneway[one // 2] | (one % 2 != two % 2)
    kept: Ints = joints[same & through & ~np.isin(pieces.ends.ravel()[one], breaks)]
    return kept


def _ranked_entries(strands: Strands, pieces: Pieces) -> Ints:
    """Return piece ends that may be walked from, by position, so that rings start alike whatever the file's order."""
    at = np.column_stack([pieces.first, pieces.last]).ravel()
    entries = np.lexsort((strands.y[at], strands.x[at]))
    ranked: Ints = entries[(entries % 2 == 0) | ~pieces.is_oneway[entries // 2]]
    return ranked


def _walk(joins: Ints, n: int, ranked: Ints) -> _Walk:
    """Return pieces in chain order.

    Loose ends come first, from a piece's start where possible, so that one-way chains are walked with their traffic;
    what is left are rings, begun at their first entry in `ranked`.
    """
    partners = np.full(2 * n, -1, dtype=np.int64)
    partners[joins[:, 0]], partners[joins[:, 1]] = joins[:, 1], joins[:, 0]
    free: NDArray[np.bool_] = partners.reshape(n, 2) < 0
    alone = np.flatnonzero(free.all(axis=1))
    from_start = 2 * np.flatnonzero(free[:, 0] & ~free[:, 1])
    from_end = 2 * np.flatnonzero(~free[:, 0] & free[:, 1]) + 1
    in_rings = ranked[(~free[:, 0] & ~free[:, 1])[ranked // 2]]
    partner, done = partners.tolist(), bytearray(n)
    entries, sizes = [], []
    for entry in np.concatenate([from_start, from_end, in_rings]).tolist():
        size = 0
        while entry >= 0 and not done[entry // 2]:
            done[entry // 2] = 1
            entries.append(entry)
            size += 1
            entry = partner[entry ^ 1]  # out at the other end, in where that one is joined
        if size:
            sizes.append(size)
    walked = np.array(entries, dtype=np.int64)
    count = np.concatenate([np.ones(len(alone), dtype=np.int64), np.array(sizes, dtype=np.int64)])
    return _Walk(
        piece=np.concatenate([alone, walked // 2]),
        is_back=np.concatenate([np.zeros(len(alone), dtype=bool), walked % 2 == 1]),
        start=np.concatenate([[0], np.cumsum(count)]),
    )


def _gather(pieces: Pieces, walk: _Walk) -> tuple[Ints, Ints]:
    """Return vertex positions of all chains in order, and (c + 1,) starts; shared vertices of joined pieces once."""
    inner = np.ones(len(walk.piece), dtype=np.int64)
    inner[walk.start[:-1]] = 0
    first, last = pieces.first[walk.piece], pieces.last[walk.piece]
    size = last - first + 1 - inner
    at = runs(np.where(walk.is_back, first, first + inner), size, walk.is_back)
    return at, np.concatenate([[0], np.cumsum(size)])[walk.start]


def _turn_round(strands: Strands, at: Ints, start: Ints, may_turn: NDArray[np.bool_]) -> Ints:
    """Return vertex positions with two-way chains running from their smaller end, rings towards their smaller side."""
    first, last = at[start[:-1]], at[start[1:] - 1]
    ring = strands.node[first] == strands.node[last]
    a, b = np.where(ring, at[start[:-1] + 1], first), np.where(ring, at[start[1:] - 2], last)
    wrong = (strands.x[b] < strands.x[a]) | ((strands.x[b] == strands.x[a]) & (strands.y[b] < strands.y[a]))
    turned: Ints = at[runs(start[:-1], np.diff(start), wrong & may_turn)]
    return turned


def _spatial_order(x: NDArray[np.int32], y: NDArray[np.int32], start: Ints, way: Ints) -> Ints:
    """Return chains in an order that keeps neighbours together and does not depend on the file's order."""
    a, b, z = start[:-1], start[:-1] + 1, start[1:] - 1
    cell = _interleaved(x[a]) | (_interleaved(y[a]) << np.uint64(1))
    return np.lexsort((way, np.diff(start), y[z], x[z], y[b], x[b], cell))


def _interleaved(value: NDArray[np.int32]) -> NDArray[np.uint64]:
    """Return the 32 bits of each value spread over the even bits of 64."""
    bits = (value.astype(np.int64) + 2**31).astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):  # fmt: skip
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return bits
