"""Costs kept ready for plans: one set for each profile, user class and posture asked lately, moved with the picture.

A plan of now uses the states of now. Risk only steers a choice and decays over days, so between changes it is taken
as it was some minutes ago; whatever a change of the picture touches is judged anew at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import MINUTE_US
from fom.domain.profiles import Profile
from fom.picture.assessment import Assessment
from fom.picture.picture import Picture
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
    """The conditions of one question, judged from nothing."""

    def __init__(self, picture: Picture, question: Question) -> None:
        self._picture, self.question = picture, question
        assessment = picture.assess(question)
        self.states: NDArray[np.uint8] = assessment.states
        self.risk: NDArray[np.float64] = assessment.risk
        self.delay_min: NDArray[np.float64] = assessment.delay_min

    def detail(self, segments: NDArray[np.int64]) -> Detailed:
        """Return the answer in detail for some segments."""
        return Detailed(self._picture.assess(self.question, segments))

    def refresh(self, question: Question, segments: NDArray[np.int64]) -> None:
        """Move on to another moment, judging some segments anew and taking the rest as they were."""
        self.question = question
        if len(segments):
            part = self._picture.assess(question, segments)
            self.states[segments], self.risk[segments], self.delay_min[segments] = (
                part.states,
                part.risk,
                part.delay_min,
            )


class NowStates(Protocol):
    """What the desk needs of states kept up to date: those of `at`, and when."""

    @property
    def at(self) -> int: ...
    @property
    def states(self) -> NDArray[np.uint8]: ...


class Ready:
    """Conditions and costs of one profile, user class and posture, moved along with the picture."""

    def __init__(self, router: Router, picture: Picture, question: Question, posture: Posture) -> None:
        self.picture, self._router, self._posture = picture, router, posture
        self._lock = SharedLock()
        self._version, self._judged_at = picture.version, question.at
        self._seconds = travel_seconds(router.network, question.profile)
        self.conditions = Assessed(picture, question)
        self._metrics = make_metrics(router, self.conditions, question.profile, posture)

    def is_usable(self, picture: Picture, at: int) -> bool:
        """Return whether it can be moved on to `at`, or has to be made anew."""
        missed = picture.version - self._version
        is_near = 0 <= at - self._judged_at <= RISK_MAX_AGE_US
        return picture is self.picture and is_near and missed <= len(picture.changes)

    def move_on(self, question: Question, states: NDArray[np.uint8]) -> None:
        """Take over what moved since: states that differ, and all that changed records lie on."""
        with self._lock.writing():
            touched = [np.flatnonzero((states != self.conditions.states).any(axis=1)), self._changed()]
            segments = np.unique(np.concatenate(touched)).astype(np.int64)
            self.conditions.refresh(question, segments)
            if len(segments):
                self._update(segments)

    def _changed(self) -> NDArray[np.int64]:
        with self.picture.lock:
            missed = self.picture.version - self._version
            recent = list(self.picture.changes)[len(self.picture.changes) - missed :]
            self._version = self.picture.version
            return self.picture.influence.segments_of([record for change in recent for record in change])

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


class PlanningDesk:
    """The sets kept ready by one process. Every member may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: OrderedDict[tuple[Profile, str, str], Ready] = OrderedDict()

    def plan_now(self, router: Router, picture: Picture, request: PlanRequest, now: Callable[[], NowStates]) -> Plan:
        """Return the plan of a request that departs now; its times are those of the states taken."""
        key = (request.profile, request.user_class, request.posture.name)
        with self._lock:
            view = now()
            question = Question(view.at, view.at, request.profile, request.user_class)
            ready = self._ready.get(key)
            if ready is None or not ready.is_usable(picture, view.at):
                ready = self._ready[key] = Ready(router, picture, question, request.posture)
            ready.move_on(question, view.states)
            self._ready.move_to_end(key)
            while len(self._ready) > KEPT:
                self._ready.popitem(last=False)
        return ready.plan(request)


def plan_then(router: Router, picture: Picture, request: PlanRequest) -> Plan:
    """Return the plan of a request at any moment, judged from nothing."""
    question = Question(request.at, request.known_at, request.profile, request.user_class)
    return plan_route(router.network, router, Assessed(picture, question), request)
