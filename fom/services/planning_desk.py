"""Costs kept ready for plans: one set for each profile, user class and posture asked lately, moved with the picture.

A plan of now uses the states of now. Risk only steers a choice and decays over days, so between changes it is taken
as it was some minutes ago; whatever a change of the picture touches is judged anew at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import MINUTE_US
from fom.domain.profiles import Profile
from fom.picture.assessment import Assessment
from fom.picture.case import Basis
from fom.picture.picture import CHANGES_KEPT, Picture
from fom.picture.question import Question
from fom.routing.conditions import Reason
from fom.routing.planning import Plan, make_metrics, plan_route
from fom.routing.posture import POSTURES, Posture, arc_costs, travel_seconds
from fom.routing.request import PlanRequest
from fom.routing.router import Router
from fom.routing.sharing import SharedLock

KEPT = 4
"""Sets kept ready; at a million segments one takes some 300 MB."""
RISK_MAX_AGE_US = 10 * MINUTE_US
"""Within ten minutes the shortest half-life (3 days) changes risk by 0.2 %."""
MISSED_MAX = CHANGES_KEPT // 2
"""Changes of the picture after which a set is made anew; the other half of those kept may come while it is moved on."""


class Detailed:
    """An assessment of some segments as routing reads it."""

    def __init__(self, assessment: Assessment) -> None:
        self._assessment = assessment
        self.route_state, self.reasons = assessment.route_state, assessment.reasons

    def tell(self, number: int, direction: int, place: int) -> Reason:
        """Return a reason of a segment by its place, with texts."""
        row = self._assessment.row_of(number)
        return self._assessment.reason_members(row, direction, with_texts=True)[place]


class Assessed:
    """The conditions of one question, judged from nothing by the records of one version (default: now)."""

    def __init__(self, picture: Picture, question: Question, basis: Basis | None = None) -> None:
        self._picture, self.question = picture, question
        self._basis = picture.basis() if basis is None else basis
        assessment = picture.assess(question, basis=self._basis)
        self.states: NDArray[np.uint8] = assessment.states
        self.risk: NDArray[np.float64] = assessment.risk
        self.delay_min: NDArray[np.float64] = assessment.delay_min

    def detail(self, segments: NDArray[np.int64]) -> Detailed:
        """Return the answer in detail for some segments."""
        return Detailed(self._picture.assess(self.question, segments, basis=self._basis))

    def refresh(self, question: Question, segments: NDArray[np.int64], basis: Basis) -> None:
        """Move on to another moment and version, judging some segments anew and taking the rest as they were."""
        self.question, self._basis = question, basis
        if len(segments):
            part = self._picture.assess(question, segments, basis=basis)
            self.states[segments], self.risk[segments], self.delay_min[segments] = (
                part.states,
                part.risk,
                part.delay_min,
            )


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

    def is_usable(self, now: NowStates) -> bool:
        """Return whether it can be moved on to `now`, or has to be made anew."""
        missed = now.basis.version - self._version
        is_near = 0 <= now.at - self._judged_at <= RISK_MAX_AGE_US
        return now.picture is self.picture and is_near and missed <= MISSED_MAX

    def move_on(self, question: Question, now: NowStates) -> None:
        """Take over what moved since: states that differ, and all that changed records lie on."""
        with self._lock.writing():
            touched = [np.flatnonzero((now.states != self.conditions.states).any(axis=1)), self._changed(now.basis)]
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
            return self.picture.influence.segments_of([record for change in changes[first:last] for record in change])

    def _update(self, segments: NDArray[np.int64]) -> None:
        arcs = np.column_stack([2 * segments, 2 * segments + 1]).ravel()
        seconds = np.repeat(self._seconds[segments], 2)
        now = self.conditions
        arrays = now.states[segments].ravel(), now.risk[segments].ravel(), now.delay_min[segments].ravel()
        metrics, posture = self._metrics, self._posture
        metrics.verified.update(arcs, arc_costs(seconds, *arrays, posture))
        metrics.with_grey.update(arcs, arc_costs(seconds, *arrays, posture, allow_grey=True))
        metrics.beside.update(arcs, arc_costs(seconds, *arrays, POSTURES[posture.beside]))

    def plan(self, request: PlanRequest) -> Plan:
        """Return the plan of a request at the moment of the conditions held; changes wait until it is made."""
        with self._lock.reading():
            at = self.conditions.question.at
            request = replace(request, at=at, known_at=at)
            return plan_route(self._router.network, self._router, self.conditions, request, self._metrics)


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

    def plan_now(self, router: Router, request: PlanRequest, now: Callable[[], NowStates]) -> Plan:
        """Return the plan of a request that departs now; its times are those of the states taken."""
        place = self._place(request)
        with place.lock:
            view = now()
            question = Question(view.at, view.at, request.profile, request.user_class)
            ready = place.ready
            if ready is None or not ready.is_usable(view):
                ready = place.ready = Ready(router, view, question, request.posture)
            ready.move_on(question, view)
        return ready.plan(request)

    def _place(self, request: PlanRequest) -> _Place:
        key = (request.profile, request.user_class, request.posture.name)
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            while len(self._places) > KEPT:
                self._places.popitem(last=False)
            return place


def plan_then(router: Router, picture: Picture, request: PlanRequest) -> Plan:
    """Return the plan of a request at any moment, judged from nothing."""
    question = Question(request.at, request.known_at, request.profile, request.user_class)
    return plan_route(router.network, router, Assessed(picture, question), request)
