"""Established alternates: for which key routes the mission can fall back on another road today.

Source: doctrine, section 5 ("Established alternate"): robust, no edge worse than AMBER for the planning profile, oldest
verification at most 14 days old, with an owner and a review of the route at most 30 days old.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import DAY_US, parse_instant
from fom.domain.states import BACKWARD, DIRECTION_CODES, NO_STATE, State
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.question import Question
from fom.routing.alternates import LABELS, MAX_SHARE, UNCOUNTED_M
from fom.routing.posture import travel_seconds
from fom.routing.router import Path
from fom.routing.snapping import Snap, point_on
from fom.services.benchmark_evidence import USER_CLASS, Evidence
from fom.services.key_routes import DEFAULT_PROFILE

VERIFIED_MAX_US = 14 * DAY_US
REVIEWED_MAX_US = 30 * DAY_US
DETOUR_MAX = LABELS[-1][0]
"""What is farther is extreme, and nobody's fallback."""
REUSE_FACTOR = 1.6
"""Time on the primary counts this much more, so that the search prefers another road (J)."""


def routes_with_alternate(evidence: Evidence) -> set[str]:
    """Return the ids of the key routes that have an established alternate at the moment of the evidence."""
    assessed: dict[str, Assessment] = {}
    found = set()
    for row in evidence.key_routes:
        reviewed = row["reviewed_at"]
        if not row["owner"] or reviewed is None or not 0 <= evidence.at - parse_instant(reviewed) <= REVIEWED_MAX_US:
            continue
        name = row["planning_profile"] or DEFAULT_PROFILE
        if name not in assessed:
            profile = evidence.profiles[name]
            question = Question(evidence.at, evidence.known_at, profile, USER_CLASS)
            assessed[name] = evidence.host.assess_ahead(question, dated_us=VERIFIED_MAX_US)
        if _has_alternate(evidence, row, assessed[name]):
            found.add(row["id"])
    return found


def _has_alternate(evidence: Evidence, row: dict[str, Any], assessment: Assessment) -> bool:
    network = evidence.network
    arcs = [
        (number, DIRECTION_CODES.index(stretch.get("direction") or "forward"))
        for stretch in row["segments"] or []
        if (number := network.find_segment(stretch["id"])) is not None
    ]
    if len(arcs) < 2:
        return False
    profile = assessment.question.profile
    seconds = travel_seconds(network, profile)
    primary = np.array([number for number, _ in arcs], np.int64)
    usable = _usable(assessment, evidence.at)
    usable[_segments_with_assets_of(evidence, primary)] = False
    costs = np.where(usable, seconds[:, None], math.inf)
    costs[primary] *= REUSE_FACTOR
    metric = evidence.host.router.metric(costs.reshape(-1), vehicle=profile.vehicle)
    path = metric.best(_end(network, arcs[0], at_start=True), _end(network, arcs[-1], at_start=False))
    if path is None:
        return False
    optimum = float(seconds[primary].sum())
    way = float(np.sum(seconds[path.segments] * path.shares))
    return way <= DETOUR_MAX * optimum and _shared(network, path, primary) <= MAX_SHARE


def _usable(assessment: Assessment, at: int) -> NDArray[np.bool_]:
    """Return (n, 2): no worse than AMBER and verified within 14 days."""
    states = assessment.states
    fresh = at - np.maximum(assessment.verified_at, -(2**61)) <= VERIFIED_MAX_US
    return np.asarray((states <= State.AMBER) & (states != NO_STATE) & fresh)


def _segments_with_assets_of(evidence: Evidence, primary: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the segments that carry an asset of the primary: a robust alternate shares no single point of failure."""
    network = evidence.network
    owner = np.repeat(np.arange(network.n_segments), np.diff(network.asset_start))
    shared = np.unique(network.asset_of[np.isin(owner, primary)])
    return np.unique(owner[np.isin(network.asset_of, shared)])


def _end(network: Network, arc: tuple[int, int], *, at_start: bool) -> Snap:
    number, direction = arc
    fraction = float((direction == BACKWARD) == at_start)
    point = point_on(network, number, fraction)
    return Snap(segment=number, fraction=fraction, distance_m=0.0, lonlat=point, asked=point)


def _shared(network: Network, path: Path, primary: NDArray[np.int64]) -> float:
    """Return the share of the way's length on the primary, its first and last 2 km left out."""
    length = network.length_m[path.segments] * path.shares
    ends = np.cumsum(length)
    inner = (ends > UNCOUNTED_M) & (ends - length < ends[-1] - UNCOUNTED_M)
    total = float(length[inner].sum())
    return float(length[inner & np.isin(path.segments, primary)].sum()) / total if total else 0.0
