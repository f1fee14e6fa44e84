"""One key route by kilometre: state, hazards, control, bridges, surface, and thirty days of verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import DAY_US, HOUR_US, NEVER_US, format_instant
from fom.domain.states import Component, State
from fom.errors import NotFound
from fom.maps.strip import (
    HAZARD_REACH_M,
    Course,
    Part,
    assets_along,
    features_along,
    parts_along,
    places_along,
    runs,
    state_runs,
    unroll,
)
from fom.maps.style import ENDS_SOON_H, HALF_LIFE_USED, NEARLY_USED, letter_of
from fom.picture.assessment import Assessment
from fom.picture.question import Question
from fom.services.map_layers import first_reason, read_layer
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

HEAT_DAYS = 30
PASSED, WITHIN, CAUTION, UNKNOWN = "passed", "within", "caution", "unknown"
CONTROL_REACH_M = 500.0
"""Controls and damage within this distance of the route stand on its strip. Project decision."""


def read_strip(
    session: Session, host: PictureHost, route_id: str, question: Question, *, actor: Actor
) -> dict[str, Any]:
    """Return everything that stands along a key route, by metres from its start.

    Raises
    ------
    NotFound
        No such key route, or none of its segments is on the network in force.
    """
    routes = read_layer(session, host, "routes", question, actor=actor)["features"]
    feature = next((f for f in routes if f["properties"]["id"] == route_id), None)
    rows = list_register(session, "key_route", actor=actor, id=route_id)
    if feature is None or not rows:
        raise NotFound("key route", route_id)
    course = unroll(host.network, rows[0]["segments"] or [], feature["geometry"]["coordinates"])
    if not len(course.numbers):
        raise NotFound("key route on this network", route_id)
    assessment = host.assess(question, sorted({int(n) for n in course.numbers}))
    place = np.searchsorted(assessment.segments, course.numbers)
    ways = course.directions
    sites = list_register(session, "site", actor=actor)
    layer = {name: read_layer(session, host, name, question, actor=actor)["features"] for name in _LAYERS}
    places = places_along(course, (s for s in sites if s["kind"] == "settlement"))
    assets = assets_along(host.network, course)
    properties = {name: value for name, value in feature["properties"].items() if name != "segments"}
    return {
        **properties,
        "length_m": course.length_m,
        "course": course,
        "states": _explained(host, course, assessment, place, ways, actor=actor),
        "parts": [
            _part(host, course, assessment, place, part, assets, actor=actor) for part in parts_along(course, places)
        ],
        "places": places,
        "hazards": features_along(course, layer["hazards"], HAZARD_REACH_M),
        "controls": features_along(course, layer["restrictions"], CONTROL_REACH_M),
        "crossings": features_along(course, layer["crossings"], CONTROL_REACH_M),
        "assets": assets,
        "surfaces": runs(course, [host.network.road_type[n].decode() or "?" for n in course.numbers]),
        "heat": _heat(host, question, course),
        "risk": properties["risk"],
    }


_LAYERS = ("hazards", "restrictions", "crossings")


def _part(
    host: PictureHost,
    course: Course,
    assessment: Assessment,
    place: NDArray[np.int64],
    part: Part,
    assets: Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
) -> dict[str, Any]:
    """Return one part of a route: worst state and where that begins, metres open, passages, class.

    `verify_h` are the least and the most hours for which a passage counts on it, `due_at` is when the first runs out;
    None where a stretch was never passed.
    """
    metres = part.shares(course)
    inside = np.flatnonzero(metres > 0)
    states = assessment.states[place, course.directions]
    judged = assessment.route_state((int(course.numbers[i]), int(course.directions[i])) for i in inside)
    worst = next((i for i in inside if states[i] == judged.state), inside[0])
    lives = assessment.contributions.fresh_us(assessment.tick)[place[inside]]
    passed = assessment.verified_at[place[inside], course.directions[inside]]
    on_it = [asset for asset in assets if part.from_m <= asset["at_m"] <= part.to_m]
    is_open = judged.state == State.GREEN
    said = judged.members()
    return {
        "begin": part.begin, "end": part.end, "from_m": part.from_m, "to_m": part.to_m,
        "letter": letter_of(judged.state), "open_m": float(metres[states == State.GREEN].sum()),
        "verified_at": said["verified_at"], "risk": said["risk"],
        "verify_h": [float(lives.min() / HOUR_US), float(lives.max() / HOUR_US)],
        "due_at": None if (passed == NEVER_US).any() else format_instant(int((passed + lives).min())),
        "lowest_mlc": min((asset["mlc"] for asset in on_it if asset["mlc"] is not None), default=None),
        "unknown_assets": sum(asset["is_unknown"] for asset in on_it),
        "worst_m": None if is_open else float(max(course.starts_m[worst], part.from_m)),
        "segment_id": assessment.network.segment_id(int(course.numbers[worst])),
        "text": None
        if is_open
        else first_reason(host, assessment, int(place[worst]), int(course.directions[worst]), actor=actor),
    }  # fmt: skip


def _explained(
    host: PictureHost,
    course: Course,
    assessment: Assessment,
    place: NDArray[np.int64],
    ways: NDArray[np.int64],
    *,
    actor: Actor,
) -> list[dict[str, Any]]:
    """Return the state runs, each worse than open with the first reason of its first stretch."""
    states = assessment.states[place, ways]
    found = state_runs(course, states, _hollow(assessment, place, ways))
    starts = {float(start): index for index, start in enumerate(course.starts_m)}
    for run in found:
        run["letter"], run["age"] = run.pop("value")
        index = starts[run["from_m"]]
        run["segment_id"] = assessment.network.segment_id(int(course.numbers[index]))
        is_open = run["letter"] == "O"
        run["text"] = (
            None if is_open else first_reason(host, assessment, int(place[index]), int(ways[index]), actor=actor)
        )
    return found


def _hollow(assessment: Assessment, place: NDArray[np.int64], ways: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (m,) 0 fresh, 1 past half its life, 2 nearly over, as the map draws it."""
    verified = assessment.verified_at[place, ways]
    fresh = assessment.contributions.fresh_us(assessment.tick)[place]
    age = np.where(verified == NEVER_US, 0, assessment.question.at - verified)
    soon = (age > NEARLY_USED * fresh) | (fresh - age < ENDS_SOON_H * HOUR_US)
    return np.where(soon, 2, np.where(age > HALF_LIFE_USED * fresh, 1, 0))


def _heat(host: PictureHost, question: Question, course: Course) -> list[dict[str, Any]]:
    """Return one row per day, oldest first: what verification alone said at the end of that day, as known now.

    The last row is the present moment, so that it agrees with the strip of states.
    """
    numbers = sorted({int(n) for n in course.numbers})
    rows = []
    midnight = question.at // DAY_US * DAY_US
    for back in range(HEAT_DAYS - 1, -1, -1):
        ends = min(midnight - back * DAY_US + DAY_US - 1, question.at)
        then = Question(at=ends, known_at=question.known_at, profile=question.profile, user_class=question.user_class)
        assessment = host.assess(then, numbers)
        place = np.searchsorted(assessment.segments, course.numbers)
        verified = assessment.verified_at[place, course.directions]
        verdict = assessment.components[place, course.directions, Component.VERIFICATION]
        words = [_heat_word(int(v), int(s), ends) for v, s in zip(verified, verdict, strict=True)]
        rows.append({"day": format_instant(ends), "runs": runs(course, words)})
    return rows


def _heat_word(verified: int, verdict: int, ends: int) -> str:
    if verdict == State.GREEN:
        return PASSED if verified >= ends // DAY_US * DAY_US else WITHIN
    return CAUTION if verdict == State.AMBER else UNKNOWN
