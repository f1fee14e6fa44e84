"""Road by state, day by day: what was shown on each day, as known then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fom.domain.instants import DAY_US, format_instant
from fom.domain.states import NO_STATE, State
from fom.services.analyses.scene import Scene

DAYS = 90
DAYS_IN_PART = 3
PARTS = range(0, DAYS, DAYS_IN_PART)
"""How many days back each part begins."""


def run(scene: Scene, part: int) -> list[dict[str, Any]]:
    """Return metres of road by the worse of a segment's directions, for each day of a part."""
    found = []
    for back in range(part, min(part + DAYS_IN_PART, DAYS)):
        at = scene.question.at - back * DAY_US
        known_at = min(scene.question.known_at, at)
        states = scene.picture.assess_ahead(replace(scene.question, at=at, known_at=known_at)).states
        worst = np.where(states == NO_STATE, 0, states).max(axis=1)
        metres = np.bincount(worst, weights=scene.network.length_m, minlength=len(State))
        by_state_m = {state.name: round(float(metres[state]), 1) for state in State}
        found.append({"at": format_instant(at), "by_state_m": by_state_m})
    return found


def merge(_scene: Scene, results: Sequence[list[dict[str, Any]]]) -> dict[str, Any]:
    """Return the days, oldest first."""
    return {"days": [day for result in results for day in result][::-1]}
