"""What is said of a found path: length, time, state, risk, roads, the worst of it and why. Values only; no search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import NEVER_US
from fom.domain.records import Stretch
from fom.domain.states import DIRECTION_CODES, Component, State
from fom.network.network import ASSET_TYPES, Network
from fom.routing.conditions import Conditions, Detail, Reason
from fom.routing.router import Path, Router
from fom.routing.snapping import line_along

MAX_WORST = 10
"""So many stretches with reasons are listed, the worst first; the counts by state tell of the rest."""


@dataclass(frozen=True, slots=True)
class RoadPart:
    """Consecutive segments of one road; never the kilometre pieces."""

    name: str | None
    ref: str | None
    highway: str
    length_m: float
    state: State
    """The worst along it."""


@dataclass(frozen=True, slots=True)
class WorstPart:
    """Consecutive segments of one state worse than GREEN, and what decides it."""

    state: State
    from_m: float
    to_m: float
    """Along the route."""
    segments: tuple[tuple[str, str], ...]
    """(segment id, direction code)."""
    road: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class AssetOnRoute:
    """A thing that can fail alone and that the route depends on."""

    asset_id: str
    type: str
    name: str | None
    at_m: float
    """Along the route, where its segment is entered if its own place is not known."""


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """One way from origin to destination. Lengths in metres, times in seconds."""

    path: Path
    distance_m: float
    duration_s: float
    """Driving, barriers and recorded delays; without any penalty."""
    cost_s: float
    """What the search compared."""
    state: State
    risk: float
    confidence: float | None
    verified_at: int | None
    """Oldest along the route, None when part of it was never verified."""
    by_state_m: dict[State, float]
    stretches: tuple[Stretch, ...]
    roads: tuple[RoadPart, ...]
    worst: tuple[WorstPart, ...]
    assets: tuple[AssetOnRoute, ...]
    geometry: NDArray[np.float64]
    """(k, 2) degrees."""


@dataclass(frozen=True)
class RouteMaker:
    """Makes routes of paths under one set of conditions."""

    router: Router
    conditions: Conditions
    seconds: NDArray[np.float64]
    """(n,) travel time of each segment for the profile."""
    barrier_s: NDArray[np.float64]
    """(b,) seconds of each barrier of the network for the vehicle."""
    _roads: dict[int, tuple[str | None, str | None, str]] = field(default_factory=dict)

    def make(self, path: Path, detail: Detail | None = None) -> PlannedRoute:
        """Return the route of a path; `detail` of its segments where it is at hand."""
        network = self.router.network
        lengths = self.lengths(path)
        ends = np.cumsum(lengths)
        detail = self.conditions.detail(np.unique(path.segments)) if detail is None else detail
        rolled = detail.route_state(list(zip(path.segments.tolist(), (path.arcs & 1).tolist(), strict=True)))
        states = self.states_on(path)
        return PlannedRoute(
            path=path,
            distance_m=float(ends[-1]),
            duration_s=self.duration(path),
            cost_s=path.cost_s,
            state=State(rolled.state),
            risk=rolled.risk,
            confidence=None if rolled.confidence is None or math.isnan(rolled.confidence) else rolled.confidence,
            verified_at=None if rolled.verified_at in (None, NEVER_US) else rolled.verified_at,
            by_state_m={s: float(lengths[states == s].sum()) for s in State if (states == s).any()},
            stretches=_stretches(network, path),
            roads=self._road_parts(path, lengths, states),
            worst=self._worst_parts(path, detail, ends - lengths, ends, states),
            assets=_assets(network, path, ends - lengths),
            geometry=route_line(network, path),
        )

    def lengths(self, path: Path) -> NDArray[np.float64]:
        """Return (k,) metres of each arc that are travelled."""
        return np.asarray(np.asarray(self.router.network.length_m)[path.segments] * path.shares)

    def states_on(self, path: Path) -> NDArray[np.uint8]:
        """Return (k,) states of the arcs travelled."""
        return np.asarray(self.conditions.states).reshape(-1)[path.arcs]

    def duration(self, path: Path) -> float:
        """Return seconds: time of travel, barriers passed, and delays; one felt on several neighbours counts once."""
        driving = float((self.seconds[path.segments] * path.shares).sum())
        delays = np.asarray(self.conditions.delay_min).reshape(-1)[path.arcs]
        begins = np.concatenate([[True], delays[1:] != delays[:-1]])
        return driving + float(delays[begins].sum()) * 60.0 + self._barrier_time(path)

    def elapsed(self, path: Path) -> NDArray[np.float64]:
        """Return (k,) seconds from the start to the end of each arc; what `duration` sums up."""
        delays = np.asarray(self.conditions.delay_min).reshape(-1)[path.arcs] * 60.0
        felt = np.concatenate([[True], delays[1:] != delays[:-1]])
        rows = self.router.barriers_before(path)
        passing = np.append(self.barrier_s, 0.0)[rows]
        return np.cumsum(self.seconds[path.segments] * path.shares + np.where(felt, delays, 0.0) + passing)

    def _barrier_time(self, path: Path) -> float:
        rows = self.router.barrier_rows(path)
        return float(self.barrier_s[rows].sum()) if len(rows) else 0.0

    def road_of(self, segment: int) -> tuple[str | None, str | None, str]:
        """Return name, number and class of a segment's road."""
        network = self.router.network
        highway = int(network.highway[segment])
        word = network.highway_words[highway] if highway >= 0 else "road"
        return network.word(int(network.name[segment])), network.word(int(network.ref[segment])), word

    def _road_parts(self, path: Path, lengths: NDArray[np.float64], states: NDArray[np.uint8]) -> tuple[RoadPart, ...]:
        parts: list[RoadPart] = []
        network = self.router.network
        segments = path.segments
        keys = np.column_stack([np.asarray(network.name)[segments], np.asarray(network.ref)[segments]])
        unnamed = (keys < 0).all(axis=1)
        kinds = np.where(unnamed, np.asarray(network.highway)[segments], -1)
        changes = (keys[1:] != keys[:-1]).any(axis=1) | (kinds[1:] != kinds[:-1])
        for begin, end in _runs(changes):
            name, ref, word = self.road_of(int(segments[begin]))
            worst = State(int(states[begin:end].max()))
            parts.append(RoadPart(name, ref, word, float(lengths[begin:end].sum()), worst))
        return tuple(parts)

    def _worst_parts(
        self,
        path: Path,
        detail: Detail,
        begins: NDArray[np.float64],
        ends: NDArray[np.float64],
        states: NDArray[np.uint8],
    ) -> tuple[WorstPart, ...]:
        runs = [(b, e) for b, e in _runs(states[1:] != states[:-1]) if states[b] != State.GREEN]
        runs.sort(key=lambda run: (-int(states[run[0]]), run[0]))
        return tuple(self._worst_part(path, detail, run, begins, ends, states) for run in runs[:MAX_WORST])

    def _worst_part(
        self,
        path: Path,
        detail: Detail,
        run: tuple[int, int],
        begins: NDArray[np.float64],
        ends: NDArray[np.float64],
        states: NDArray[np.uint8],
    ) -> WorstPart:
        network = self.router.network
        begin, end = run
        state = State(int(states[begin]))
        arcs = path.arcs[begin:end].tolist()
        name, ref, word = self.road_of(arcs[0] >> 1)
        return WorstPart(
            state=state,
            from_m=float(begins[begin]),
            to_m=float(ends[end - 1]),
            segments=tuple((network.segment_id(a >> 1), DIRECTION_CODES[a & 1]) for a in arcs),
            road=name or ref or word,
            reasons=deciding_reasons(detail, arcs, state),
        )


def deciding_reasons(detail: Detail, arcs: Sequence[int], state: State) -> tuple[Reason, ...]:
    """Return the distinct reasons that hold any of these arcs at `state`, in order of travel."""
    distinct: dict[tuple[Component, str, tuple[str, ...]], tuple[int, int]] = {}
    for arc in arcs:
        for place, reason in enumerate(detail.reasons(arc >> 1, arc & 1)):
            if reason.state == state:
                distinct.setdefault((reason.component, reason.rule, reason.fact_ids), (arc, place))
    return tuple(detail.tell(arc >> 1, arc & 1, place) for arc, place in distinct.values())


def route_line(network: Network, path: Path) -> NDArray[np.float64]:
    """Return (k, 2) degrees, k >= 2: the line of a path without repeated points where segments meet."""
    return line_along(np.asarray(network.coords), np.asarray(network.coord_start), path.arcs, path.enter, path.leave)


def join_paths(paths: Sequence[Path]) -> Path:
    """Return one path of consecutive ones; a segment left and entered at the same place is one piece again."""
    arcs, enter, leave = (np.concatenate([getattr(p, name) for p in paths]) for name in ("arcs", "enter", "leave"))
    same = np.concatenate([[False], (arcs[1:] == arcs[:-1]) & (enter[1:] == leave[:-1]) & (enter[1:] > 0)])
    first = np.flatnonzero(~same)
    last = np.append(first[1:], len(arcs)) - 1
    return Path(arcs[first], enter[first], leave[last], sum(p.cost_s for p in paths), sum(p.weight for p in paths))


def _stretches(network: Network, path: Path) -> tuple[Stretch, ...]:
    out = []
    lengths = np.asarray(network.length_m)[path.segments].tolist()
    for arc, enter, leave, length_m in zip(
        path.arcs.tolist(), path.enter.tolist(), path.leave.tolist(), lengths, strict=True
    ):
        start, end = (1.0 - leave, 1.0 - enter) if arc & 1 else (enter, leave)
        to_m = None if end == 1.0 else end * length_m
        out.append(Stretch(network.segment_id(arc >> 1), start * length_m, to_m, DIRECTION_CODES[arc & 1]))
    return tuple(out)


def _assets(network: Network, path: Path, begins: NDArray[np.float64]) -> tuple[AssetOnRoute, ...]:
    segments = path.segments
    starts = np.asarray(network.asset_start)
    out: dict[int, AssetOnRoute] = {}
    for place in np.flatnonzero(starts[segments + 1] > starts[segments]).tolist():
        segment = int(segments[place])
        length_m = float(network.length_m[segment])
        for row in range(starts[segment], starts[segment + 1]):
            along = float(network.asset_at_m[row]) / length_m if length_m else 0.0
            if not math.isnan(along):
                along = 1.0 - along if path.arcs[place] & 1 else along
                if not path.enter[place] <= along <= path.leave[place]:
                    continue
            number = int(network.asset_of[row])
            onward = 0.0 if math.isnan(along) else (along - float(path.enter[place])) * length_m
            asset = AssetOnRoute(
                network.asset_id(number),
                ASSET_TYPES[network.asset_type[number]],
                network.word(int(network.asset_name[number])),
                float(begins[place]) + onward,
            )
            out.setdefault(number, asset)
    return tuple(out.values())


def _runs(changes: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (begin, end) of equal neighbours; `changes` (k - 1,) says which differ from the one before."""
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(changes) + 1]
    return list(pairwise(edges))
