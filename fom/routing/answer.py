"""The answer document of a plan, `fom-plan/1` (docs/plan-format.md): plain values, rounded, in a stated order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import SECOND_US, format_instant
from fom.domain.records import Stretch
from fom.domain.states import State
from fom.routing.comparing import Comparison
from fom.routing.conditions import Reason
from fom.routing.obstacles import BlockedRoad, Obstacle
from fom.routing.planning import End, Plan
from fom.routing.routes import PlannedRoute, WorstPart
from fom.routing.wishes_answer import wish_members

FORMAT = "fom-plan/1"
DEGREE_DIGITS = 7
METRE_DIGITS = 1
SECOND_DIGITS = 1

Show = Callable[[Reason], Mapping[str, Any]]
"""How a reason is told to whoever reads the answer."""


def plan_answer(plan: Plan, *, show: Show = dict) -> dict[str, Any]:
    """Return the document; every reason in it went through `show`."""
    request = plan.request
    return {
        "format": FORMAT,
        "network": plan.network_id,
        "at": format_instant(request.at),
        "known_at": format_instant(request.known_at),
        "profile": request.profile.name,
        "user_class": request.user_class,
        "posture": request.posture.name,
        "outcome": outcome(plan),
        "ends": [_end(end, show) for end in plan.ends],
        "best": None if plan.best is None else _route(plan.best, request.at, show),
        "alternates": [
            _route(a.route, request.at, show) | {"comparison": _comparison(a.comparison)} for a in plan.alternates
        ],
        "unverified": None if plan.unverified is None else _route(plan.unverified, request.at, show),
        "obstacle": None if plan.obstacle is None else _obstacle(plan.obstacle, show),
        **wish_members(plan, lambda route: _route(route, request.at, show)),
    }


def outcome(plan: Plan) -> str:
    """Return `route`, `blocked_end`, or the kind of obstacle: `closed`, `unverified`, `not_connected`.

    `closed_on_arrival`: there is a way in the states at departure, but none is open when it is reached.
    """
    if plan.best is not None:
        return "route"
    if plan.timing is not None and plan.timing.is_closed_on_arrival:
        return "closed_on_arrival"
    return "blocked_end" if plan.obstacle is None else plan.obstacle.kind


def _end(end: End, show: Show) -> dict[str, Any]:
    snap = end.snap
    return {
        "end": end.field,
        "asked": _lonlat(end.place),
        "on_road": None if snap is None else _lonlat(snap.lonlat),
        "snap_m": None if snap is None else round(snap.distance_m, METRE_DIGITS),
        "segment_id": end.segment_id,
        "state": None if end.state is None else end.state.name,
        "is_blocked": end.is_blocked,
        "reasons": [dict(show(reason)) for reason in end.reasons],
    }


def _route(route: PlannedRoute, at: int, show: Show) -> dict[str, Any]:
    weakest = route.worst[0] if route.worst else None
    return {
        "distance_m": round(route.distance_m, METRE_DIGITS),
        "duration_s": round(route.duration_s, SECOND_DIGITS),
        "arrives_at": format_instant(at + round(route.duration_s) * SECOND_US),
        "state": route.state.name,
        "risk": route.risk,
        "confidence": route.confidence,
        "verified_at": None if route.verified_at is None else format_instant(route.verified_at),
        "by_state_m": {s.name: round(route.by_state_m.get(s, 0.0), METRE_DIGITS) for s in State},
        "weakest": None if weakest is None else _worst(weakest, show),
        "worst": [_worst(part, show) for part in route.worst],
        "roads": [
            {
                "name": road.name,
                "ref": road.ref,
                "highway": road.highway,
                "length_m": round(road.length_m, METRE_DIGITS),
                "state": road.state.name,
            }
            for road in route.roads
        ],
        "assets": [
            {"asset_id": a.asset_id, "type": a.type, "name": a.name, "at_m": round(a.at_m, METRE_DIGITS)}
            for a in route.assets
        ],
        "segments": [_stretch(stretch) for stretch in route.stretches],
        "geometry": {"type": "LineString", "coordinates": _coordinates(route.geometry)},
    }


def _worst(part: WorstPart, show: Show) -> dict[str, Any]:
    return {
        "state": part.state.name,
        "from_m": round(part.from_m, METRE_DIGITS),
        "to_m": round(part.to_m, METRE_DIGITS),
        "road": part.road,
        "segments": [{"id": segment_id, "direction": direction} for segment_id, direction in part.segments],
        "reasons": [dict(show(reason)) for reason in part.reasons],
    }


def _stretch(stretch: Stretch) -> dict[str, Any]:
    """Return a stretch in the words of facts files."""
    out: dict[str, Any] = {"id": stretch.segment_id, "direction": stretch.direction}
    if stretch.from_m > 0:
        out["from_m"] = round(stretch.from_m, METRE_DIGITS)
    if stretch.to_m is not None:
        out["to_m"] = round(stretch.to_m, METRE_DIGITS)
    return out


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "label": comparison.label,
        "stretch": round(comparison.stretch, 4),
        "share": round(comparison.share, 4),
        "is_robust": comparison.is_robust,
        "shared_assets": list(comparison.shared_assets),
        "extra_s": round(comparison.extra_s, SECOND_DIGITS),
        "extra_m": round(comparison.extra_m, METRE_DIGITS),
        "avoids": list(comparison.avoids),
        "meets": list(comparison.meets),
        "trade_off": comparison.trade_off,
    }


def _obstacle(obstacle: Obstacle, show: Show) -> dict[str, Any]:
    return {
        "kind": obstacle.kind,
        "leg": obstacle.leg,
        "cut": [_blocked(road, show) for road in obstacle.cut],
        "opening": [_blocked(road, show) for road in obstacle.opening],
    }


def _blocked(road: BlockedRoad, show: Show) -> dict[str, Any]:
    return {
        "name": road.name,
        "ref": road.ref,
        "highway": road.highway,
        "state": road.state.name,
        "segments": [
            {"id": piece.segment_id, "direction": piece.direction, "state": piece.state.name} for piece in road.pieces
        ],
        "reasons": [dict(show(reason)) for reason in road.reasons],
    }


def _lonlat(place: tuple[float, float]) -> list[float]:
    return [round(place[0], DEGREE_DIGITS), round(place[1], DEGREE_DIGITS)]


def _coordinates(line: NDArray[np.float64]) -> list[list[float]]:
    rounded: list[list[float]] = np.round(line, DEGREE_DIGITS).tolist()
    return rounded
