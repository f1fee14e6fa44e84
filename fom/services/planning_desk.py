"""Costs kept ready for plans: one set for each profile, user class and posture asked lately, moved with the picture.

A plan of now uses the states of now. Risk only steers a choice and decays over days, so between changes it is taken
as it was some minutes ago; whatever a change of the picture touches is judged anew at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import MINUTE_US
from fom.domain.profiles import Profile
from fom.picture.case import Basis
from fom.picture.picture import CHANGES_KEPT, Picture
from fom.picture.question import Question
from fom.picture.ranges import distinct, rows_that_differ
from fom.picture.timelines import Timelines, best_states
from fom.routing.departures import HORIZON_US
from fom.routing.planning import Plan, make_metrics, plan_route
from fom.routing.posture import POSTURES, Posture, arc_costs, travel_seconds
from fom.routing.request import PlanRequest
from fom.routing.router import Router
from fom.routing.sharing import SharedLock
from fom.routing.trips import LONGEST_US, Foresight, Trips, best_costs, best_metric
from fom.routing.wishes import Site, with_stops, with_times, with_trade_offs, with_turning
from fom.services.conditions import Assessed

KEPT = 4
"""Sets kept ready; at a million segments one takes some 300 MB."""
RISK_MAX_AGE_US = 10 * MINUTE_US
"""Within ten minutes the shortest half-life (3 days) changes risk by 0.2 %."""
MISSED_MAX = CHANGES_KEPT // 2
"""Changes of the picture after which a set is made anew; the other half of those kept may come while it is moved on."""
FORESEEN_US = HORIZON_US + LONGEST_US + RISK_MAX_AGE_US
"""So far states are followed: the last departure looked at, and the longest trip from it."""


@dataclass(frozen=True, slots=True)
class NowStates:
    """States kept up to date, the moment they are of, and the records they come from: all of one version."""

    at: int
    states: NDArray[np.uint8]
    """(n, 2)"""
    picture: Picture
    basis: Basis


class Ready:
    """Conditions and costs of one profile, user class and posture, moved along with the picture."""

    def __init__(self, router: Router, now: NowStates, question: Question, posture: Posture) -> None:
        self.picture, self._router, self._posture = now.picture, router, posture
        self._lock = SharedLock()
        self._version, self._judged_at = now.basis.version, question.at
        self._seconds = travel_seconds(router.network, question.profile)
        self.conditions = Assessed(now.picture, question, now.basis)
        self._metrics = make_metrics(router, self.conditions, question.profile, posture)
        self._outlook: Outlook | None = None

    def is_usable(self, now: NowStates) -> bool:
        """Return whether it can be moved on to `now`, or has to be made anew."""
        missed = now.basis.version - self._version
        is_near = 0 <= now.at - self._judged_at <= RISK_MAX_AGE_US
        return now.picture is self.picture and is_near and missed <= MISSED_MAX

    def move_on(self, question: Question, now: NowStates) -> None:
        """Take over what moved since: states that differ, and all that changed records lie on."""
        with self._lock.writing():
            touched = [rows_that_differ(now.states, self.conditions.states), self._changed(now.basis)]
            segments = np.unique(np.concatenate(touched)).astype(np.int64)
            self.conditions.refresh(question, segments, now.basis)
            if len(segments):
                self._update(segments)

    def _changed(self, basis: Basis) -> NDArray[np.int64]:
        """Return the segments of what changed up to a version; changes that came after it are for the next time."""
        with self.picture.lock:
            changes, newest = list(self.picture.changes), self.picture.version
            first, last = (len(changes) - (newest - version) for version in (self._version, basis.version))
            self._version = basis.version
            moved = [segments for _, segments in changes[first:last]]
            return distinct(np.concatenate(moved)) if moved else np.empty(0, np.int64)

    def _update(self, segments: NDArray[np.int64]) -> None:
        arcs = np.column_stack([2 * segments, 2 * segments + 1]).ravel()
        seconds = np.repeat(self._seconds[segments], 2)
        now = self.conditions
        arrays = now.states[segments].ravel(), now.risk[segments].ravel(), now.delay_min[segments].ravel()
        metrics, posture = self._metrics, self._posture
        metrics.verified.update(arcs, arc_costs(seconds, *arrays, posture))
        metrics.with_grey.update(arcs, arc_costs(seconds, *arrays, posture, allow_grey=True))
        metrics.beside.update(arcs, arc_costs(seconds, *arrays, POSTURES[posture.beside]))
        if self._outlook is not None:
            self._outlook.update(now, segments)

    def trips(self) -> Trips:
        """Return searches by times of arrival; the costs they need are made at the first call, then moved along."""
        with self._lock.writing():
            if self._outlook is None:
                self._outlook = Outlook(self._router, self.picture, self.conditions, self._posture)
            return self._outlook.trips(self.conditions)

    def plan(self, request: PlanRequest, sites: Sequence[Site] = ()) -> Plan:
        """Return the plan of a request at the moment of the conditions held; changes wait until it is made."""
        trips = self.trips().asked(by_day_only=not request.wishes.night) if request.wishes.by_time else None
        with self._lock.reading():
            at = self.conditions.question.at
            request = replace(request, at=at, known_at=at)
            plan = plan_route(self._router.network, self._router, self.conditions, request, self._metrics)
            return completed(plan, self._router, self.conditions, sites, trips)

    def weigh(self, plan: Plan) -> Plan:
        """Return a plan with the ways that weigh time against risk; only of the set kept for `fastest`."""
        wishes = plan.request.wishes
        trips = self.trips().asked(by_day_only=not wishes.night) if wishes.judged_on_arrival else None
        with self._lock.reading():
            extremes = self._metrics.verified, self._metrics.beside
            return with_trade_offs(plan, self._router, self.conditions, extremes, trips)


class Outlook:
    """What is foreseen under one set of conditions, with the costs of every road at its best, moved along with them."""

    def __init__(self, router: Router, picture: Picture, conditions: Assessed, posture: Posture) -> None:
        self._router, self._picture, self._posture = router, picture, posture
        question = conditions.question
        self._profile, self._start, self._end = question.profile, question.at, question.at + FORESEEN_US
        self._best = best_states(picture.assess_ahead(question, basis=conditions.basis), self._end)
        foresight = self._foresight(conditions)
        self._at_best = best_metric(router, conditions, foresight, self._profile, posture)
        self._trips: Trips | None = None

    def _foresight(self, conditions: Assessed) -> Foresight:
        question, basis = conditions.question, conditions.basis

        def tell(segments: NDArray[np.int64]) -> Timelines:
            return self._picture.timelines(question, self._end, segments, basis=basis)

        return Foresight(question.at, self._end, self._best, tell)

    def update(self, conditions: Assessed, segments: NDArray[np.int64]) -> None:
        """Take over that some segments were judged anew."""
        self._best = self._best.copy()
        self._best[segments] = best_states(
            self._picture.assess(conditions.question, segments, basis=conditions.basis), self._end
        )
        seconds = travel_seconds(self._router.network, self._profile)
        arcs = np.column_stack([2 * segments, 2 * segments + 1]).ravel()
        self._at_best.update(arcs, best_costs(conditions, self._best, seconds, self._posture)[arcs])
        self._trips = None

    def trips(self, conditions: Assessed) -> Trips:
        """Return searches under the conditions."""
        if self._trips is None:
            foresight = self._foresight(conditions)
            self._trips = Trips(
                self._router, conditions, foresight, self._profile, self._posture, at_best=self._at_best
            )
        return self._trips


@dataclass(slots=True)
class _Place:
    """Where a set is kept; its lock is held while the set is made or moved on."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: Ready | None = None


class PlanningDesk:
    """The sets kept ready by one process. Every member may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[tuple[Profile, str, str], _Place] = OrderedDict()

    def plan_now(
        self, router: Router, request: PlanRequest, now: Callable[[], NowStates], sites: Sequence[Site] = ()
    ) -> Plan:
        """Return the plan of a request that departs now; its times are those of the states taken.

        `sites` are the places at which one may rest or refuel.
        """
        plan = self._ready_for(router, request, request.posture, now).plan(request, sites)
        if not request.wishes.trade_offs:
            return plan
        return self._ready_for(router, request, POSTURES["fastest"], now).weigh(plan)

    def _ready_for(self, router: Router, request: PlanRequest, posture: Posture, now: Callable[[], NowStates]) -> Ready:
        """Return the set of a posture, moved on to now."""
        place = self._place((request.profile, request.user_class, posture.name))
        with place.lock:
            view = now()
            question = Question(view.at, view.at, request.profile, request.user_class)
            ready = place.ready
            if ready is None or not ready.is_usable(view):
                ready = place.ready = Ready(router, view, question, posture)
            ready.move_on(question, view)
        return ready

    def _place(self, key: tuple[Profile, str, str]) -> _Place:
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > KEPT:
                self._places.popitem(last=False)
            return place


def plan_then(router: Router, picture: Picture, request: PlanRequest, sites: Sequence[Site] = ()) -> Plan:
    """Return the plan of a request at any moment, judged from nothing."""
    question, wishes = Question(request.at, request.known_at, request.profile, request.user_class), request.wishes
    conditions = Assessed(picture, question)
    plan = plan_route(router.network, router, conditions, request)
    trips = None
    if wishes.by_time:
        outlook = Outlook(router, picture, conditions, request.posture)
        trips = outlook.trips(conditions).asked(by_day_only=not wishes.night)
    plan = completed(plan, router, conditions, sites, trips)
    return with_trade_offs(plan, router, conditions, trips=trips) if wishes.trade_offs else plan


def completed(plan: Plan, router: Router, conditions: Assessed, sites: Sequence[Site], trips: Trips | None) -> Plan:
    """Return a plan with all that was asked for beside the trade-offs."""
    wishes = plan.request.wishes
    if trips is not None:
        plan = with_times(plan, router, conditions, trips)
    if wishes.rest_every_h or wishes.range_km:
        plan = with_stops(plan, router, conditions, sites, trips)
    return with_turning(plan, router, conditions) if wishes.turn_arounds else plan
