"""Clearance priority: which explosive hazards to clear first, by the people who would regain a hub for each team-day.

priority = people within four hours of a hub with the stretch viable, minus now, / team-days * weight. Hazards in series
on one way are judged as a group as well: one at a time their gain is nothing. Source: doctrine, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.geodesy import Plane
from fom.domain.records import Explosive
from fom.domain.states import NO_STATE, Component, State
from fom.routing.roads import NEVER, Joints, Roads
from fom.routing.snapping import Snap
from fom.routing.spreading import REACH_MS, Spread, places_to_hub, spread_to
from fom.services.analyses.isolation import COMMUNITIES
from fom.services.analyses.scene import Row, Scene

ITEM_TEAM_DAYS = 1.0
"""Team-days to clear one item (J)."""
AREA_M2_PER_TEAM_DAY = 2_000.0
"""Land that a team releases in a day, machines and survey included; an area takes a day at least (J)."""
WEIGHT = 1.0
DETOUR_FOR_HAZARD_MIN = 240.0
"""When looking for the hazards on one way, passing one counts as so many minutes: few hazards before few hours (J)."""
GROUPS_MAX = 400
PARTS = range(20)
"""Numbers of equal shares of the hazards and groups."""


@dataclass(frozen=True, eq=False)
class _Ground:
    """Where explosive hazards alone close a road."""

    hazards: dict[str, Explosive]
    on: dict[int, frozenset[str]]
    """Segment -> hazards that hold it RED or BLACK, where nothing else but a missing verification does."""
    groups: list[tuple[str, ...]]
    rows: list[Row]
    """Communities that join a road."""
    now_ms: NDArray[np.int64]


def run(scene: Scene, part: int) -> list[dict[str, Any]]:
    """Return what clearing each hazard or group of a share would regain."""
    ground = scene.once("clearance", lambda: _ground(scene))
    return [_judged(scene, ground, group) for group in ground.groups[part :: len(PARTS)]]


def merge(scene: Scene, results: Sequence[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the hazards and groups that regain anybody, best first, and how many regain nobody."""
    found = [entry for result in results for entry in result]
    gaining = [entry for entry in found if entry["gain_people"] > 0]
    gaining.sort(key=lambda e: (-e["priority"], -e["gain_people"], [h["id"] for h in e["hazards"]]))
    return {
        "hubs": len(scene.hubs),
        "evaluated": len(found),
        "gaining": gaining,
        "without_gain": len(found) - len(gaining),
        "item_team_days": ITEM_TEAM_DAYS,
        "area_m2_per_team_day": AREA_M2_PER_TEAM_DAY,
    }


def _ground(scene: Scene) -> _Ground:
    survey = scene.picture.survey(scene.question.known_at)
    known = {r.id: r for r in survey.known(Explosive.kind) if isinstance(r, Explosive) and r.eff <= scene.question.at}
    rows = [row for row in scene.sites(*COMMUNITIES) if row["id"] in scene.joined([row])]
    on = _closed_by(scene)
    now_ms = _to_hub(scene, rows, scene.judged().states)
    named = sorted({hazard for held in on.values() for hazard in held})
    singles = [(hazard,) for hazard in named]
    series = sorted(set(_in_series(scene, on, rows, now_ms)) - set(singles))
    return _Ground(known, on, (series + singles)[:GROUPS_MAX], rows, now_ms)


def _closed_by(scene: Scene) -> dict[int, frozenset[str]]:
    assessment = scene.once("assessment", lambda: scene.picture.assess_ahead(scene.question))
    components = assessment.components
    others = np.delete(components, [Component.EXPLOSIVE, Component.VERIFICATION], axis=2).max(axis=2)
    is_held = (components[:, :, Component.EXPLOSIVE] > State.AMBER) & (others <= State.AMBER)
    is_held &= assessment.states != NO_STATE
    held: dict[int, frozenset[str]] = {}
    for number, direction in np.argwhere(is_held).tolist():
        ids = {
            fact
            for reason in assessment.reasons(number, direction)
            if reason.component is Component.EXPLOSIVE and reason.state > State.AMBER
            for fact in reason.fact_ids
        }
        held[number] = held.get(number, frozenset()) | ids
    return held


def _in_series(
    scene: Scene, on: dict[int, frozenset[str]], rows: list[Row], now_ms: NDArray[np.int64]
) -> list[tuple[str, ...]]:
    """Return the hazards on the way of each community that has none now, over what clearing could open."""
    judged, held = scene.judged(), np.array(sorted(on), np.int64)
    if not len(held) or not scene.hubs:
        return []
    opened = replace(judged, states=_opened(judged.states, held))
    hazards_on = np.array([len(on[segment]) for segment in held.tolist()])
    groups = []
    for passing_min in (0.0, DETOUR_FOR_HAZARD_MIN):  # the quickest way, and the one over fewest hazards
        delay_min = judged.delay_min.copy()
        delay_min[held] += hazards_on[:, None] * passing_min
        roads = replace(opened, delay_min=delay_min).roads(scene.router)
        hubs = roads.arriving(scene.hubs.values())
        spread = spread_to(roads, hubs, NEVER // 2)
        for row, ms in zip(rows, now_ms.tolist(), strict=True):
            way = _way(roads, spread, hubs, scene.joined([row])[row["id"]]) if ms >= NEVER else []
            groups.append(tuple(sorted({hazard for segment in way for hazard in on.get(segment, ())})))
    return [group for group in groups if group]


def _way(roads: Roads, spread: Spread, hubs: Joints, snap: Snap) -> list[int]:
    """Return the segments of the quickest way from a place to a hub."""
    joints, graph = roads.leaving([snap]), roads.topology.graph
    if not len(joints.node):
        return []
    begin = int(np.argmin(joints.ms + spread.dist[joints.node]))
    node, segments = int(joints.node[begin]), [int(joints.owner[begin])]
    if spread.dist[node] >= NEVER:
        return []
    while (arc := int(spread.link[node])) >= 0:
        segments.append(int(graph.arc_of[arc]) >> 1)
        node = int(graph.head[arc])
    return [*segments, int(hubs.owner[-1 - arc])]


def _opened(states: NDArray[np.uint8], segments: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return states with some segments AMBER in the directions that exist."""
    out = states.copy()
    out[segments] = np.where(out[segments] == NO_STATE, NO_STATE, State.AMBER)
    return out


def _to_hub(scene: Scene, rows: list[Row], states: NDArray[np.uint8]) -> NDArray[np.int64]:
    roads = replace(scene.judged(), states=states).roads(scene.router)
    return places_to_hub(roads, list(scene.joined(rows).values()), list(scene.hubs.values()), REACH_MS)


def _judged(scene: Scene, ground: _Ground, group: tuple[str, ...]) -> dict[str, Any]:
    touched = np.array(sorted(s for s, held in ground.on.items() if held & set(group)), np.int64)
    cleared = scene.picture.copy()
    cleared.remove(group)
    left = np.delete(cleared.assess(scene.question, touched).components, Component.VERIFICATION, axis=2).max(axis=2)
    exists = scene.judged().states[touched] != NO_STATE
    freed = touched[np.where(exists, left, State.GREEN).max(axis=1) <= State.AMBER]
    later_ms = _to_hub(scene, ground.rows, _opened(scene.judged().states, freed))
    gained = [row for row, old, new in zip(ground.rows, ground.now_ms, later_ms, strict=True) if new < NEVER <= old]
    days = sum(_team_days(ground.hazards[hazard]) for hazard in group if hazard in ground.hazards)
    gain = sum(row["population"] or 0 for row in gained)
    return {
        "hazards": [_told(ground.hazards[hazard]) for hazard in group if hazard in ground.hazards],
        "gain_people": gain,
        "gained": [{"id": row["id"], "name": row["name"], "population": row["population"]} for row in gained],
        "team_days": round(days, 1),
        "weight": WEIGHT,
        "priority": round(gain / max(days, ITEM_TEAM_DAYS) * WEIGHT, 1),
        "segments": [scene.network.segment_id(int(segment)) for segment in freed],
    }


def _team_days(hazard: Explosive) -> float:
    if hazard.geometry is None or hazard.geometry.area == 0.0:
        return ITEM_TEAM_DAYS
    centre = hazard.geometry.centroid
    area_m2 = float(Plane.at(centre.x, centre.y).project_shape(hazard.geometry).area)
    return max(ITEM_TEAM_DAYS, float(math.ceil(area_m2 / AREA_M2_PER_TEAM_DAY)))


def _told(hazard: Explosive) -> dict[str, Any]:
    at = None if hazard.geometry is None else hazard.geometry.representative_point()
    return {
        "id": hazard.id,
        "hazard": hazard.hazard,
        "class": hazard.explosive_class,
        "lon": None if at is None else round(at.x, 6),
        "lat": None if at is None else round(at.y, 6),
    }
