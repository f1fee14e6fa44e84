"""Where a convoy can turn round on a way, and the last such place before each stretch that may stop it.

A convoy turns by backing into a side road. So a turn-around point is a junction of three roads or more whose side road
and way back are open, where turning is not forbidden, no road carries a bridge or the like, and no explosive hazard
asks to stay on the carriageway. How wide the place is the map does not say, except where the carriageway is recorded.
Source: project judgement (J); doctrine, section 3.2 ("no bypass, shoulder, turning, halt").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fom.domain.profiles import Profile
from fom.domain.states import VIABLE, State
from fom.network.network import Network
from fom.routing.conditions import Conditions
from fom.routing.router import Path, Router
from fom.routing.routes import PlannedRoute

ROADS_MIN = 3
JOINED_M = 500.0
"""Cautions nearer to each other are one stretch (J)."""


@dataclass(frozen=True, slots=True)
class TurnAround:
    """A junction at which to turn."""

    at_m: float
    """Along the way."""
    lonlat: tuple[float, float]
    roads: int
    """How many road links meet."""


@dataclass(frozen=True, slots=True)
class Limiting:
    """A stretch or crossing that may stop a movement, and the last place to turn before it."""

    kind: str
    """`caution`, or the type of the asset."""
    from_m: float
    to_m: float
    last: TurnAround | None
    """None = none is known between the start and here."""
    words: str


@dataclass(frozen=True, slots=True)
class Turning:
    """The turn-around points of a way in order, and what lies ahead of them."""

    points: tuple[TurnAround, ...]
    limiting: tuple[Limiting, ...]


def find_turning(router: Router, conditions: Conditions, profile: Profile, route: PlannedRoute) -> Turning:
    """Return where a way can be turned on."""
    points = _points(router, conditions, profile, route.path)
    limiting = []
    for kind, name, from_m, to_m in sorted(_limiting(router.network, conditions, route), key=lambda x: (x[2], x[0])):
        last = next((p for p in reversed(points) if p.at_m <= from_m), None)
        limiting.append(Limiting(kind, from_m, to_m, last, _tell(kind, name, from_m, to_m, last)))
    return Turning(tuple(points), tuple(limiting))


def _points(router: Router, conditions: Conditions, profile: Profile, path: Path) -> list[TurnAround]:
    network, graph = router.network, router.graph
    at_m = np.cumsum(np.asarray(network.length_m)[path.segments] * path.shares)
    nodes = graph.arrival[path.arcs]
    inner = np.flatnonzero((path.leave[:-1] == 1.0) & (nodes[:-1] < len(network.node_lonlat)))
    meeting = {k: _meeting(router, int(nodes[k])) for k in inner.tolist()}
    near = [arcs for arcs in meeting.values() if len(_links(network, arcs)) >= ROADS_MIN]
    if not near:
        return []
    segments = np.unique(np.concatenate(near) >> 1)
    is_hazardous = dict(zip(segments.tolist(), conditions.detail(segments).near_hazard(segments).tolist(), strict=True))
    room = _Room(network, np.asarray(conditions.states).reshape(-1), profile, is_hazardous)
    return [
        TurnAround(float(at_m[k]), _lonlat(network, int(nodes[k])), len(_links(network, arcs)))
        for k, arcs in meeting.items()
        if room.suffices(arcs, int(path.arcs[k]), int(path.arcs[k + 1]))
    ]


def _meeting(router: Router, node: int) -> NDArray[np.int64]:
    """Return the arcs that leave a node."""
    out = router.outgoing
    return np.asarray(router.graph.arc_of[out.arcs[out.first[node] : out.first[node + 1]]], np.int64)


def _links(network: Network, arcs: NDArray[np.int64]) -> NDArray[np.int32]:
    return np.unique(np.asarray(network.link)[arcs >> 1])


@dataclass(frozen=True, slots=True)
class _Room:
    """Judges junctions."""

    network: Network
    states: NDArray[np.uint8]
    profile: Profile
    is_hazardous: dict[int, bool]

    def suffices(self, arcs: NDArray[np.int64], arriving: int, next_arc: int) -> bool:
        """Return whether a movement that arrives by one arc and would go on by another may turn here."""
        if len(_links(self.network, arcs)) < ROADS_MIN or not self._is_open(arriving ^ 1):
            return False
        if any(self.is_hazardous[int(a) >> 1] or self._carries_asset(int(a) >> 1) for a in arcs):
            return False
        used = {arriving >> 1, next_arc >> 1}
        return any(self._takes(int(a)) for a in arcs if int(a) >> 1 not in used)

    def _takes(self, arc: int) -> bool:
        """Return whether a side road can be backed into and left again."""
        width = float(self.network.carriageway_m[arc >> 1])
        return self._is_open(arc) and self._is_open(arc ^ 1) and not width < self.profile.width_m

    def _is_open(self, arc: int) -> bool:
        return bool(self.states[arc] <= max(VIABLE))

    def _carries_asset(self, segment: int) -> bool:
        return bool(self.network.asset_start[segment] < self.network.asset_start[segment + 1])


def _lonlat(network: Network, node: int) -> tuple[float, float]:
    lon, lat = network.node_lonlat[node].tolist()
    return lon, lat


def _limiting(
    network: Network, conditions: Conditions, route: PlannedRoute
) -> Iterator[tuple[str, str | None, float, float]]:
    """Yield kind, name, from and to (metres along the way) of what may stop a movement."""
    for asset in route.assets:
        yield asset.type, asset.name, asset.at_m, asset.at_m
    path = route.path
    ends = np.cumsum(np.asarray(network.length_m)[path.segments] * path.shares)
    begins = np.concatenate([[0.0], ends[:-1]])
    held = np.flatnonzero(np.asarray(conditions.states).reshape(-1)[path.arcs] != State.GREEN)
    if len(held):
        breaks = np.flatnonzero(begins[held[1:]] - ends[held[:-1]] > JOINED_M) + 1
        for begin, end in pairwise([0, *breaks.tolist(), len(held)]):
            yield "caution", None, float(begins[held[begin]]), float(ends[held[end - 1]])


def _tell(kind: str, name: str | None, from_m: float, to_m: float, last: TurnAround | None) -> str:
    where = f"km {from_m / 1000:.1f}" + (f" to {to_m / 1000:.1f}" if to_m > from_m else "")
    what = f"{kind} {name}" if name else kind
    if last is None:
        return f"{what}, {where}: no known place to turn before it"
    return f"{what}, {where}: last place to turn km {last.at_m / 1000:.1f}, junction of {last.roads} roads"
