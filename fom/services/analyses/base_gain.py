"""Gain of a temporary operating base: people and key-route kilometres newly within two hours of a base.

Candidates are the communities and air heads, and every base there is, which is measured against the others.
Source: doctrine, section 5 (TOB gain).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import DIRECTION_CODES
from fom.routing.roads import NEVER, Roads
from fom.routing.snapping import Snap
from fom.routing.spreading import Reach
from fom.services.analyses.criticality import BASES
from fom.services.analyses.isolation import COMMUNITIES, place_of
from fom.services.analyses.scene import Row, Scene

WITHIN_MS = 2 * 3_600_000
PARTS = range(20)
"""Numbers of equal shares of the candidates."""
LISTED = 100


@dataclass(frozen=True, eq=False, slots=True)
class _Within:
    """What lies within two hours of one place."""

    communities: NDArray[np.bool_]
    route_arcs: NDArray[np.bool_]
    """Key-route stretches whose end is reached in time."""


def run(scene: Scene, part: int) -> list[dict[str, Any]]:
    """Return what each candidate of a share would add."""
    return [_judged(scene, row, snap) for row, snap in _candidates(scene)[part :: len(PARTS)]]


def merge(scene: Scene, results: Sequence[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the candidates that add anything, most people first."""
    found = [entry for result in results for entry in result]
    gaining = [entry for entry in found if entry["gain_people"] or entry["gain_route_km"]]
    gaining.sort(key=lambda e: (-e["gain_people"], -e["gain_route_km"], e["place"]["id"]))
    covered = _covered_without(scene, None)
    communities, arcs = _communities(scene), _route_arcs(scene)
    return {
        "bases": len(scene.joined(scene.sites(*BASES))),
        "people_within": sum(
            (row["population"] or 0) for row, is_in in zip(communities, covered.communities, strict=True) if is_in
        ),
        "people": sum(row["population"] or 0 for row in communities),
        "route_km_within": _kilometres(scene, arcs[covered.route_arcs]),
        "route_km": _kilometres(scene, arcs),
        "evaluated": len(found),
        "gaining": gaining[:LISTED],
    }


def _candidates(scene: Scene) -> list[tuple[Row, Snap]]:
    air_heads = sorted(scene.rows["air_head"], key=lambda row: str(row["id"]))
    rows = [*scene.sites(*COMMUNITIES, *BASES), *air_heads]
    joined = scene.joined(rows)
    return [(row, joined[row["id"]]) for row in rows if row["id"] in joined]


def _communities(scene: Scene) -> list[Row]:
    rows = scene.sites(*COMMUNITIES)
    joined = scene.joined(rows)
    return [row for row in rows if row["id"] in joined]


def _route_arcs(scene: Scene) -> NDArray[np.int64]:
    """Return the arcs of the key routes, each segment once, ascending."""
    found: dict[int, int] = {}
    for row in scene.rows["key_route"]:
        for stretch in row["segments"] or ():
            number = scene.network.find_segment(stretch["id"])
            if number is not None:
                found.setdefault(number, 2 * number + DIRECTION_CODES.index(stretch.get("direction") or "forward"))
    return np.array([found[number] for number in sorted(found)], np.int64)


def _kilometres(scene: Scene, arcs: NDArray[np.int64]) -> float:
    return round(float(np.asarray(scene.network.length_m)[arcs >> 1].sum()) / 1000, 1)


def _within(scene: Scene, snap: Snap) -> _Within:
    roads: Roads = scene.once("roads", lambda: scene.judged().roads(scene.router))
    reach = Reach.of(roads, snap, WITHIN_MS)
    arcs = scene.once("route arcs", lambda: _route_arcs(scene))
    communities = scene.once("communities", lambda: list(scene.joined(_communities(scene)).values()))
    ends_ms = np.minimum(reach.entered[arcs], NEVER) + np.minimum(roads.arc_ms[arcs], NEVER)
    return _Within(reach.arrivals(communities) < NEVER, ends_ms <= WITHIN_MS)


def _covered_without(scene: Scene, left_out: str | None) -> _Within:
    """Return what lies within two hours of any base but one."""
    joined = scene.joined(scene.sites(*BASES))
    each = scene.once("bases", lambda: {name: _within(scene, snap) for name, snap in joined.items()})
    kept = [within for name, within in each.items() if name != left_out]
    communities = np.zeros(len(_communities(scene)), bool)
    route_arcs = np.zeros(len(_route_arcs(scene)), bool)
    for within in kept:
        communities |= within.communities
        route_arcs |= within.route_arcs
    return _Within(communities, route_arcs)


def _judged(scene: Scene, row: Row, snap: Snap) -> dict[str, Any]:
    covered, own = _covered_without(scene, str(row["id"])), _within(scene, snap)
    gained = [
        r for r, is_new in zip(_communities(scene), own.communities & ~covered.communities, strict=True) if is_new
    ]
    arcs = scene.once("route arcs", lambda: _route_arcs(scene))
    return {
        "place": place_of(row),
        "is_base": row["kind"] in BASES,
        "gain_people": sum(r["population"] or 0 for r in gained),
        "gain_route_km": _kilometres(scene, arcs[own.route_arcs & ~covered.route_arcs]),
        "gained": [{"id": r["id"], "name": r["name"], "population": r["population"]} for r in gained],
    }
