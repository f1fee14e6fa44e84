"""`RawRoads` into a `Network`: topology, cutting, assets, turns and ids put together as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.errors import BadReferenceData
from fom.network.assets import Assets, make_assets, numbers, spans
from fom.network.chains import Chains, make_chains
from fom.network.cutting import Marks, Segments, cut_chains
from fom.network.ids import geometry_ids
from fom.network.network import Network
from fom.network.points import Spot, read_spot
from fom.network.raw import UNITS_PER_DEGREE, RawRoads
from fom.network.turns import forbidden_turns


def assemble(raw: RawRoads, *, max_length_m: float) -> Network:
    """Return the network of raw roads, without id and manifest beyond counts.

    Raises
    ------
    BadReferenceData
        No road that a vehicle may use is left.
    """
    spots = _spots(raw)
    closed = [node for node, spot in spots.items() if spot.is_closed]
    breaks = np.array(sorted({*closed, *(r.via for r in raw.turn_rules)}), dtype=np.int64)
    chains = make_chains(raw, breaks)
    if not len(chains.road):
        raise BadReferenceData("no road that a vehicle may use is left: " + (_summary(raw) or "nothing was read"))
    marked = np.array(sorted(node for node, spot in spots.items() if spot.has_extent), dtype=np.int64)
    segments, marks = cut_chains(chains, marked, max_length_m)
    return _as_network(raw, chains, segments, marks, make_assets(chains, segments, marks, spots), spots)


def _summary(raw: RawRoads) -> str:
    return "; ".join(f"{n} {why}" for why, n in raw.dropped.most_common() if n)


def _spots(raw: RawRoads) -> dict[int, Spot]:
    """Return the point features that mean something, by node label."""
    spots = {}
    for feature in raw.features:
        spot = read_spot(feature.tags)
        for key in spot.unreadable:
            raw.dropped[f"unreadable value of {key}"] += 1
        if spot.barrier or spot.has_extent:
            spots[feature.node] = spot
    return spots


class _Words:
    """Texts as numbers in sorted order, so that codes do not depend on the file's order; '' is -1."""

    def __init__(self, texts: list[str]) -> None:
        self.words = tuple(sorted(set(texts) - {""}))
        self._code = {w: i for i, w in enumerate(self.words)} | {"": -1}

    def codes(self, texts: list[str], dtype: Any) -> NDArray[Any]:
        """Return the codes of texts."""
        return np.array([self._code[t] for t in texts], dtype=dtype)


def _as_network(
    raw: RawRoads, chains: Chains, segments: Segments, marks: Marks, assets: Assets, spots: dict[int, Spot]
) -> Network:
    roads, road = chains.roads, chains.road[segments.chain]
    is_oneway = np.array([r.is_oneway for r in roads], dtype=bool)[road]
    highway, surface = _Words([r.highway for r in roads]), _Words([r.surface for r in roads])
    names, text_code = _names(raw, chains, assets)
    name, ref = text_code[chains.name[segments.chain]], text_code[chains.ref[segments.chain]]
    closed = {n: s.barrier for n, s in spots.items() if s.is_closed}
    gates = {n: s.barrier for n, s in spots.items() if s.barrier and not s.is_closed}
    barriers = _Words([*closed.values(), *gates.values()])
    barrier_node, barrier_type = _barriers(segments, closed, barriers)
    gate_lonlat, gate_type = _gates(chains, gates, barriers)
    n = len(segments.chain)
    turns = forbidden_turns(raw.turn_rules, chains, segments, is_oneway, raw.dropped)
    return Network(
        network_id="",
        manifest={},
        segment_ids=geometry_ids(
            "s", segments.x, segments.y, segments.start, [""] * n, _tie(chains, segments, name, ref)
        ),
        from_node=segments.ends[:, 0].astype(np.int32),
        to_node=segments.ends[:, 1].astype(np.int32),
        node_lonlat=_node_lonlat(segments),
        coords=np.column_stack([segments.x, segments.y]) / UNITS_PER_DEGREE,
        coord_start=segments.start,
        length_m=segments.length_m,
        speed_kmh=np.array([r.speed_kmh for r in roads])[road],
        speed_source=np.array([r.speed_source for r in roads], dtype=np.uint8)[road],
        is_oneway=is_oneway,
        highway=highway.codes([r.highway for r in roads], np.int16)[road],
        surface=surface.codes([r.surface for r in roads], np.int16)[road],
        road_type=np.array([r.road_type.encode() for r in roads], dtype="S1")[road],
        name=name,
        ref=ref,
        link=chains.link[segments.chain].astype(np.int32),
        carriageway_m=numbers([(r.carriageway_m,) for r in roads], 1)[road, 0],
        shoulder_m=numbers([(r.shoulder_m,) for r in roads], 1)[road, 0],
        limits=_limits(chains, segments, marks, spots),
        axle_t=numbers([(r.axle_t,) for r in roads], 1)[road, 0],
        osm_way=chains.way[segments.chain],
        asset_ids=assets.ids,
        asset_type=assets.type,
        asset_limits=assets.limits,
        asset_name=names.codes(assets.names, np.int32),
        asset_start=np.searchsorted(assets.segment, np.arange(n + 1)).astype(np.int64),
        asset_of=assets.asset.astype(np.int32),
        asset_at_m=assets.at_m,
        forbidden_turns=turns,
        barrier_node=barrier_node,
        barrier_type=barrier_type,
        gate_lonlat=gate_lonlat,
        gate_type=gate_type,
        highway_words=highway.words,
        surface_words=surface.words,
        barrier_words=barriers.words,
        names=names.words,
    )


def _names(raw: RawRoads, chains: Chains, assets: Assets) -> tuple[_Words, NDArray[np.int32]]:
    """Return all texts in use, and the new code of each number in `raw.names` (the last, for -1, is -1)."""
    texts = [*raw.names, ""]
    used = np.unique(np.concatenate([chains.name, chains.ref])).tolist()
    words = _Words([*(texts[i] for i in used), *assets.names])
    code = np.full(len(texts), -1, dtype=np.int32)
    code[used] = words.codes([texts[i] for i in used], np.int32)
    return words, code


def _tie(chains: Chains, segments: Segments, name: NDArray[np.int32], ref: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return (n,) ranks that order segments of equal geometry by what is on them, never by their place in the file."""
    words = [repr(road) for road in chains.roads]
    rank_of_road = np.argsort(np.argsort(np.array(words)))
    order = np.lexsort((chains.way[segments.chain], ref, name, rank_of_road[chains.road[segments.chain]]))
    tie = np.empty(len(order), dtype=np.int64)
    tie[order] = np.arange(len(order))
    return tie


def _node_lonlat(segments: Segments) -> NDArray[np.float64]:
    """Return (k, 2) positions of the dense nodes."""
    position = np.empty((int(segments.ends.max()) + 1, 2))
    for end, at in ((0, segments.start[:-1]), (1, segments.start[1:] - 1)):
        position[segments.ends[:, end]] = np.column_stack([segments.x[at], segments.y[at]])
    return position / UNITS_PER_DEGREE


def _limits(chains: Chains, segments: Segments, marks: Marks, spots: dict[int, Spot]) -> NDArray[np.float64]:
    """Return (n, 4) limits of plain road; those of an asset stand with the asset."""
    of_road = numbers([(None,) * 4 if r.asset else r.limits for r in chains.roads], 4)
    limits = of_road[chains.road[segments.chain]]
    of_mark = numbers([(None,) * 4 if spots[n].asset else spots[n].limits for n in marks.node.tolist()], 4)
    mark, segment = spans(segments, marks)
    np.fmin.at(limits, segment, of_mark[mark])
    return limits


def _barriers(segments: Segments, closed: dict[int, str], words: _Words) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Return dense nodes with a barrier that stops vehicles, ascending, and the kind of each."""
    at = np.isin(segments.end_label, list(closed))
    node, first = np.unique(segments.ends[at], return_index=True)
    labels = segments.end_label[at][first].tolist()
    return node.astype(np.int32), words.codes([closed[label] for label in labels], np.int16)


def _gates(chains: Chains, gates: dict[int, str], words: _Words) -> tuple[NDArray[np.float64], NDArray[np.int16]]:
    """Return positions of gates on kept roads, in the order of the chains, and the kind of each."""
    at = np.flatnonzero(np.isin(chains.node, list(gates)))
    label, first = np.unique(chains.node[at], return_index=True)
    order = np.argsort(first)
    at, label = at[first][order], label[order]
    lonlat = np.column_stack([chains.x[at], chains.y[at]]) / UNITS_PER_DEGREE
    return lonlat, words.codes([gates[n] for n in label.tolist()], np.int16)
