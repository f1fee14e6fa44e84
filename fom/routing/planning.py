"""Plans: from a request and the conditions at departure to the best route, alternates, or what stands in the way.

"No route" is an answer, not an exception. RED and BLACK are never entered; GREY only in the separate unverified answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fom.domain.profiles import Profile
from fom.domain.states import NO_STATE, VIABLE, State
from fom.network.network import Network
from fom.routing.alternates import Sharing, find_alternates, with_robust
from fom.routing.barriers import barrier_seconds
from fom.routing.comparing import Comparison, compare
from fom.routing.conditions import Conditions, Reason
from fom.routing.obstacles import Obstacle, find_obstacle
from fom.routing.posture import POSTURES, Posture, arc_costs, travel_seconds
from fom.routing.request import LonLat, PlanRequest
from fom.routing.router import Metric, Path, Router, Searches
from fom.routing.routes import PlannedRoute, RouteMaker, deciding_reasons, join_paths
from fom.routing.snapping import SNAP_RADIUS_M, Snap, snap_to_road
from fom.routing.stops import Stops
from fom.routing.timing import Timing
from fom.routing.trade_offs import TradeOff
from fom.routing.turning import Turning


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
    reasons: tuple[Reason, ...]
    """What holds that segment where it is not GREEN or AMBER."""

    @property
    def is_blocked(self) -> bool:
        """Return whether no movement may begin or end here: off the road, or on a RED or BLACK segment."""
        return self.state is None or self.state > State.GREY


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another way, beside the best."""

    route: PlannedRoute
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class PlannedStops:
    """The halts of the best way, and whether its roads are open with them."""

    stops: Stops
    arrives_at: int
    """With all halts, microseconds."""
    holds: bool | None
    """Whether every road is open when it is reached with these halts; None = states on arrival were not asked for."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer to a request."""

    network_id: str
    request: PlanRequest
    ends: tuple[End, ...]
    best: PlannedRoute | None
    """None = no route over verified open roads."""
    alternates: tuple[Alternate, ...]
    """By cost, at most three; none for a plan with via points."""
    unverified: PlannedRoute | None
    """The best way when GREY roads are accepted; None when that is no other way, or none."""
    obstacle: Obstacle | None
    """What stands in the way, where there is no route and no end is blocked."""
    trade_offs: tuple[TradeOff, ...] | None = None
    """By duration, the fastest first; None = not asked for, as for all that follows."""
    timing: Timing | None = None
    stops: PlannedStops | None = None
    turning: Turning | None = None
    """Of the best way."""

    @property
    def blocked_ends(self) -> tuple[End, ...]:
        """Return the ends that lie off the road or on a closed one; with any of them nothing is searched."""
        return tuple(end for end in self.ends if end.is_blocked)

    @property
    def routes(self) -> tuple[PlannedRoute, ...]:
        """Return the best route and its alternates."""
        return () if self.best is None else (self.best, *(a.route for a in self.alternates))


@dataclass(frozen=True, slots=True)
class Metrics:
    """The costs of a plan in its posture, over GREEN and AMBER only and with GREY allowed, and in the one beside it."""

    verified: Metric
    with_grey: Metric
    beside: Metric
    """Over GREEN and AMBER as `Posture.beside` weighs them: gives the alternate that weighs time and risk otherwise."""


def make_metrics(router: Router, conditions: Conditions, profile: Profile, posture: Posture) -> Metrics:
    """Return the metrics of a profile and posture under conditions; customised from nothing."""
    seconds = np.repeat(travel_seconds(router.network, profile), 2)
    arrays = conditions.states.ravel(), conditions.risk.ravel(), conditions.delay_min.ravel()

    def metric(of: Posture, *, allow_grey: bool = False) -> Metric:
        return router.metric(arc_costs(seconds, *arrays, of, allow_grey=allow_grey), vehicle=profile.vehicle)

    return Metrics(metric(posture), metric(posture, allow_grey=True), metric(POSTURES[posture.beside]))


def plan_route(
    network: Network, router: Router, conditions: Conditions, request: PlanRequest, metrics: Metrics | None = None
) -> Plan:
    """Return the plan of a request under the conditions at its departure.

    `metrics` are those of the same conditions, profile and posture, kept by the caller; made here when not given.
    Deterministic: the same network, conditions and request give the same plan (`weights` on ties).
    """
    ends = tuple(_end(network, conditions, name, place) for name, place in _named_places(request))
    if any(end.is_blocked for end in ends):
        return Plan(network.network_id, request, ends, None, (), None, None)
    metrics = metrics or make_metrics(router, conditions, request.profile, request.posture)
    snaps = [end.snap for end in ends if end.snap is not None]
    seconds = travel_seconds(network, request.profile)
    maker = RouteMaker(router, conditions, seconds, barrier_seconds(network, request.profile.vehicle))
    with metrics.verified.reading() as searches:
        path = best_through(searches, snaps)
        others = [] if path is None else _find_others(searches, metrics, snaps, path, request, seconds)
    if path is not None and len(snaps) == 2:
        others = with_robust(
            metrics.verified, snaps[0], snaps[1], path, seconds=seconds, wanted=request.alternates, taken=others
        )
    with metrics.with_grey.reading() as searches:
        grey = best_through(searches, snaps)
    is_other = grey is not None and bool((maker.states_on(grey) == State.GREY).any())
    best = None if path is None else maker.make(path)
    return Plan(
        network_id=network.network_id,
        request=request,
        ends=ends,
        best=best,
        alternates=() if path is None or best is None else _alternates(maker, path, best, others),
        unverified=maker.make(grey) if grey is not None and is_other else None,
        obstacle=None if path is not None else find_obstacle(maker, metrics.with_grey, snaps),
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


def _find_others(
    searches: Searches,
    metrics: Metrics,
    snaps: Sequence[Snap],
    best: Path,
    request: PlanRequest,
    seconds: NDArray[np.float64],
) -> list[Path]:
    """Return the paths of the alternates; between two places only."""
    if len(snaps) != 2 or not request.alternates:
        return []
    weighed = metrics.beside.best(snaps[0], snaps[1])
    return find_alternates(
        searches,
        snaps[0],
        snaps[1],
        best,
        seconds=seconds,
        wanted=request.alternates,
        others=[] if weighed is None else [searches.priced(weighed)],
    )


def _alternates(maker: RouteMaker, path: Path, best: PlannedRoute, others: Sequence[Path]) -> tuple[Alternate, ...]:
    sharing = Sharing.of(path, maker.seconds, np.asarray(maker.router.network.length_m))
    routes = [maker.make(other) for other in others]
    return tuple(Alternate(route, compare(best, route, sharing.share(route.path))) for route in routes)


def _named_places(request: PlanRequest) -> list[tuple[str, LonLat]]:
    via = [(f"via[{i}]", place) for i, place in enumerate(request.via)]
    return [("from", request.origin), *via, ("to", request.destination)]


def _end(network: Network, conditions: Conditions, name: str, place: LonLat) -> End:
    snap = snap_to_road(network, *place, radius_m=SNAP_RADIUS_M)
    if snap is None:
        return End(name, place, None, None, None, ())
    states = np.asarray(conditions.states)[snap.segment]
    state = State(int(states[states != NO_STATE].min()))
    reasons: tuple[Reason, ...] = ()
    if state not in VIABLE:
        detail = conditions.detail(np.array([snap.segment]))
        reasons = deciding_reasons(detail, [2 * snap.segment + int(np.argmin(states))], state)
    return End(name, place, snap, network.segment_id(snap.segment), state, reasons)
