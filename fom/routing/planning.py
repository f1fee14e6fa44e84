"""Plans: from a request and the conditions at departure to the best route, alternates, or what stands in the way.

"No route" is an answer, not an exception. RED and BLACK are never entered; GREY only in the separate unverified answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from fom.domain.profiles import Profile
from fom.domain.states import NO_STATE, VIABLE, State
from fom.network.network import Network
from fom.routing.barriers import barrier_seconds
from fom.routing.posture import Posture, arc_costs, travel_seconds
from fom.routing.request import LonLat, PlanRequest
from fom.routing.router import Metric, Path, Router, Searches
from fom.routing.routes import Conditions, PlannedRoute, RouteMaker, join_paths
from fom.routing.snapping import SNAP_RADIUS_M, Snap, snap_to_road


@dataclass(frozen=True, slots=True)
class End:
    """An asked place and where it joins the road; `snap` None = no road within the radius."""

    field: str
    """`from`, `via[0]`, …, `to`."""
    place: LonLat
    snap: Snap | None
    segment_id: str | None
    state: State | None
    """The better direction of the segment it joins."""
    reasons: tuple[Any, ...]

    @property
    def is_blocked(self) -> bool:
        """Return whether no movement may begin or end here: off the road, or on a RED or BLACK segment."""
        return self.state is None or self.state > State.GREY


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to a request."""

    network_id: str
    request: PlanRequest
    ends: tuple[End, ...]
    routes: tuple[PlannedRoute, ...]
    """The best first, then alternates by cost; empty = no route over verified open roads."""
    unverified: PlannedRoute | None
    """The best way when GREY roads are accepted; None when that is no other way, or none."""

    @property
    def blocked_ends(self) -> tuple[End, ...]:
        """Return the ends that lie off the road or on a closed one; with any of them nothing is searched."""
        return tuple(end for end in self.ends if end.is_blocked)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The two sets of costs of a plan: over GREEN and AMBER only, and with GREY allowed."""

    verified: Metric
    with_grey: Metric


def make_metrics(router: Router, conditions: Conditions, profile: Profile, posture: Posture) -> Metrics:
    """Return the metrics of a profile and posture under conditions; customised from nothing."""
    seconds = np.repeat(travel_seconds(router.network, profile), 2)
    states, risk, delay_min = conditions.states.ravel(), conditions.risk.ravel(), conditions.delay_min.ravel()
    verified = arc_costs(seconds, states, risk, delay_min, posture)
    with_grey = arc_costs(seconds, states, risk, delay_min, posture, allow_grey=True)
    return Metrics(*(router.metric(costs, vehicle=profile.vehicle) for costs in (verified, with_grey)))


def plan_route(
    network: Network, router: Router, conditions: Conditions, request: PlanRequest, metrics: Metrics | None = None
) -> Plan:
    """Return the plan of a request under the conditions at its departure.

    `metrics` are those of the same conditions, profile and posture, kept by the caller; made here when not given.
    Deterministic: the same network, conditions and request give the same plan (`weights` on ties).
    """
    ends = tuple(_end(network, conditions, field, place) for field, place in _named_places(request))
    if any(end.is_blocked for end in ends):
        return Plan(network.network_id, request, ends, (), None)
    metrics = metrics or make_metrics(router, conditions, request.profile, request.posture)
    snaps = [end.snap for end in ends if end.snap is not None]
    maker = RouteMaker(
        router,
        conditions,
        travel_seconds(network, request.profile),
        barrier_seconds(network, request.profile.vehicle),
    )
    with metrics.verified.reading() as searches:
        best = best_through(searches, snaps)
    with metrics.with_grey.reading() as searches:
        grey = best_through(searches, snaps)
    is_other = grey is not None and bool((maker.states_on(grey) == State.GREY).any())
    return Plan(
        network_id=network.network_id,
        request=request,
        ends=ends,
        routes=() if best is None else (maker.make(best),),
        unverified=maker.make(grey) if grey is not None and is_other else None,
    )


def best_through(searches: Searches, snaps: Sequence[Snap]) -> Path | None:
    """Return the cheapest path through all snaps in order, None when one of its legs has none."""
    legs = []
    for start, end in pairwise(snaps):
        leg = searches.best(start, end)
        if leg is None:
            return None
        legs.append(leg)
    return join_paths(legs) if len(legs) > 1 else legs[0]


def _named_places(request: PlanRequest) -> list[tuple[str, LonLat]]:
    via = [(f"via[{i}]", place) for i, place in enumerate(request.via)]
    return [("from", request.origin), *via, ("to", request.destination)]


def _end(network: Network, conditions: Conditions, field: str, place: LonLat) -> End:
    snap = snap_to_road(network, *place, radius_m=SNAP_RADIUS_M)
    if snap is None:
        return End(field, place, None, None, None, ())
    states = np.asarray(conditions.states)[snap.segment]
    state = State(int(states[states != NO_STATE].min()))
    direction = int(np.argmin(states))
    reasons = () if state in VIABLE else conditions.reasons(snap.segment, direction)
    deciding = tuple(r for r in reasons if r.state == state)
    return End(field, place, snap, network.segment_id(snap.segment), state, deciding)
