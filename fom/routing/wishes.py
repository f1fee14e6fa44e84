"""What a plan is completed with on request: times of arrival, trade-offs, halts, places to turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import SECOND_US
from fom.domain.states import NO_STATE, State
from fom.routing.barriers import barrier_seconds
from fom.routing.conditions import Conditions
from fom.routing.departures import find_departures
from fom.routing.planning import End, Plan, PlannedStops, make_metrics
from fom.routing.posture import POSTURES, travel_seconds
from fom.routing.request import PlanRequest
from fom.routing.router import Metric, Path, Router
from fom.routing.routes import RouteMaker
from fom.routing.snapping import Snap
from fom.routing.stops import Along, Place, Stops, places_beside, plan_stops
from fom.routing.timing import OnArrival, Timing, find_changes, first_closed, worst_changes
from fom.routing.trade_offs import Judged, find_trade_offs, judge_with
from fom.routing.trips import Times, Trip, Trips
from fom.routing.turning import find_turning

Site = Mapping[str, object]


def with_times(plan: Plan, router: Router, conditions: Conditions, trips: Trips) -> Plan:
    """Return a plan by times of arrival: the best way open then, what changes on it, and when to leave."""
    request, snaps = plan.request, _snaps(plan)
    if len(snaps) < len(plan.ends):
        return replace(plan, timing=Timing())
    departures = find_departures(trips, snaps, request.at) if request.wishes.departures else None
    if not request.wishes.judged_on_arrival:
        return replace(plan, timing=Timing(departures=departures))
    found = trips.find(snaps, request.at)
    trip = found.trip or _usual(plan, trips)
    if trip is None:
        before = None if plan.best is None else plan.best.path
        changes = [] if before is None else find_changes(
            router.network, conditions, before, trips.times(before, request.at)
        )  # fmt: skip
        timing = Timing((), first_closed(changes), before is not None, found.is_complete, departures)
        return replace(plan, best=None, alternates=(), timing=timing)
    changes = find_changes(router.network, conditions, trip.path, trip.times)
    is_usual = plan.best is not None and not changes and _is_same(plan.best.path, trip.path)
    return replace(
        plan,
        ends=tuple(_reached(end, trip.path, trip.times, number) for number, end in enumerate(plan.ends)),
        best=_maker(router, OnArrival(conditions, trip.path, trip.times), request).make(trip.path),
        alternates=tuple(
            a for a in plan.alternates if is_usual and _stays(router, conditions, trips, a.route.path, request.at)
        ),
        obstacle=None,
        timing=Timing(worst_changes(changes), None, False, found.is_complete, departures),
    )


def with_trade_offs(
    plan: Plan,
    router: Router,
    conditions: Conditions,
    extremes: tuple[Metric, Metric] | None = None,
    trips: Trips | None = None,
) -> Plan:
    """Return a plan with the ways that weigh time against risk; `extremes`: the metrics of `fastest` and `safest`.

    Metrics and conditions are of one moment; metrics are made here when not given. With `trips` ways are measured as
    they are when their roads are reached, where the request asks for that.
    """
    request, snaps = plan.request, _snaps(plan)
    if len(snaps) < len(plan.ends) or (plan.blocked_ends and plan.best is None):
        return replace(plan, trade_offs=())
    if extremes is None:
        made = make_metrics(router, conditions, request.profile, POSTURES["fastest"])
        extremes = made.verified, made.beside
    judge = partial(judge_with, _maker(router, conditions, request))
    if trips is not None and request.wishes.judged_on_arrival:
        judge = partial(_judge_on_arrival, router, conditions, request, trips)
    return replace(plan, trade_offs=find_trade_offs(*extremes, snaps, judge, [route.path for route in plan.routes]))


def with_stops(
    plan: Plan, router: Router, conditions: Conditions, sites: Sequence[Site], trips: Trips | None = None
) -> Plan:
    """Return a plan with the halts of its best way, at places where no explosive hazard limits the road."""
    route, request = plan.best, plan.request
    if route is None:
        return plan
    maker = _maker(router, conditions, request)
    along = Along(np.cumsum(maker.lengths(route.path)), maker.elapsed(route.path))
    places = _safe(conditions, route.path, along, places_beside(route.geometry, route.distance_m, sites))
    rest_h, range_km = request.wishes.rest_every_h, request.wishes.range_km
    stops = plan_stops(
        along,
        places,
        rest_every_s=None if rest_h is None else rest_h * 3600,
        range_m=None if range_km is None else range_km * 1000,
    )
    arrives_at = request.at + round((route.duration_s + stops.halts_s) * SECOND_US)
    holds = None
    if trips is not None and request.wishes.judged_on_arrival:
        times = trips.times(route.path, request.at, _pauses(stops, along))
        arrives_at, holds = times.arrives, times.is_open
    return replace(plan, stops=PlannedStops(stops, arrives_at, holds))


def with_turning(plan: Plan, router: Router, conditions: Conditions) -> Plan:
    """Return a plan with the places to turn on its best way."""
    if plan.best is None:
        return plan
    return replace(plan, turning=find_turning(router, conditions, plan.request.profile, plan.best))


def _usual(plan: Plan, trips: Trips) -> Trip | None:
    """Return the best way of the states at departure, if it is open on arrival."""
    if plan.best is None:
        return None
    times = trips.times(plan.best.path, plan.request.at)
    return Trip(plan.best.path, times) if times.is_open else None


def _snaps(plan: Plan) -> list[Snap]:
    return [end.snap for end in plan.ends if end.snap is not None]


def _maker(router: Router, conditions: Conditions, request: PlanRequest) -> RouteMaker:
    profile, network = request.profile, router.network
    return RouteMaker(router, conditions, travel_seconds(network, profile), barrier_seconds(network, profile.vehicle))


def _judge_on_arrival(
    router: Router, conditions: Conditions, request: PlanRequest, trips: Trips, path: Path
) -> Judged | None:
    times = trips.times(path, request.at)
    if not times.is_open:
        return None
    return judge_with(_maker(router, OnArrival(conditions, path, times), request), path)


def _is_same(one: Path, other: Path) -> bool:
    return bool(np.array_equal(one.arcs, other.arcs))


def _stays(router: Router, conditions: Conditions, trips: Trips, path: Path, departs: int) -> bool:
    """Return whether a way is open on arrival and in the states of departure."""
    times = trips.times(path, departs)
    return times.is_open and not find_changes(router.network, conditions, path, times)


def _reached(end: End, path: Path, times: Times, number: int) -> End:
    """Return an end with the state of its road when the movement is there; the first stays as it is at departure."""
    if number == 0 or end.snap is None:
        return end
    there = np.flatnonzero(path.segments == end.snap.segment)
    state = State(int(times.states[there].min())) if len(there) else end.state
    return end if state == end.state or state == NO_STATE else replace(end, state=state, reasons=())


def _safe(conditions: Conditions, path: Path, along: Along, places: Sequence[Place]) -> list[Place]:
    if not places:
        return []
    rows = np.minimum(np.searchsorted(along.metres, [place.at_m for place in places]), len(path.arcs) - 1)
    segments = np.unique(path.segments[rows])
    held = segments[conditions.detail(segments).near_hazard(segments)]
    return [place for place, row in zip(places, rows, strict=True) if path.segments[row] not in held]


def _pauses(stops: Stops, along: Along) -> NDArray[np.int64]:
    """Return (k,) halts before each arc, microseconds: at the end of the arc beside which the place lies."""
    pauses = np.zeros(len(along.metres), np.int64)
    for stop in stops.stops:
        row = int(np.searchsorted(along.metres, stop.place.at_m)) + 1
        if row < len(pauses):
            pauses[row] += round(stop.halt_s * SECOND_US)
    return pauses
