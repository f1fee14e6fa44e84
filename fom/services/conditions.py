"""What routing asks of the picture, answered by assessments: of a whole network, of some segments, of arrivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fom.domain.states import Component, State
from fom.picture.assessment import Assessment
from fom.picture.case import Basis
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.picture.routes import RouteState
from fom.routing.conditions import Detail, PlainReason, Reason


class Detailed:
    """An assessment of some segments as routing reads it."""

    def __init__(self, assessment: Assessment) -> None:
        self._assessment = assessment
        self.route_state, self.reasons = assessment.route_state, assessment.reasons

    def hazards(self, segments: NDArray[np.int64]) -> dict[str, str]:
        """Return id -> level of the explosive facts that limit some of these."""
        knowledge = self._assessment.contributions.case.knowledge
        return {
            record.id: knowledge.level(record, reason.confidence or 0.0).name.lower()
            for segment in segments[self.near_hazard(segments)].tolist()
            for reason in self.reasons(segment, 0)
            if reason.component == Component.EXPLOSIVE
            for record in reason.records
            if record.id in reason.fact_ids
        }

    def near_hazard(self, segments: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (k,) whether any explosive fact limits each of these."""
        rows = [self._assessment.row_of(segment) for segment in segments.tolist()]
        return np.asarray((self._assessment.components[rows, :, Component.EXPLOSIVE] > State.GREEN).any(axis=1))

    def tell(self, number: int, direction: int, place: int) -> Reason:
        """Return a reason of a segment by its place, with texts."""
        row = self._assessment.row_of(number)
        return self._assessment.reason_members(row, direction, with_texts=True)[place]


class Staggered:
    """The detail of a way whose segments are judged when they are reached, where that differs from departure."""

    def __init__(self, departure: Detailed, alone: Mapping[int, Detailed]) -> None:
        self._departure, self._alone = departure, alone

    def _of(self, number: int) -> Detailed:
        return self._alone.get(number, self._departure)

    def reasons(self, number: int, direction: int) -> Sequence[PlainReason]:
        """Return the reasons of a segment in a direction, worst first."""
        return self._of(number).reasons(number, direction)

    def tell(self, number: int, direction: int, place: int) -> Reason:
        """Return a reason of a segment by its place, with texts."""
        return self._of(number).tell(number, direction, place)

    def hazards(self, segments: NDArray[np.int64]) -> dict[str, str]:
        """Return id -> level of the explosive facts that limit some of these."""
        return {k: v for part in self._parts(segments) for k, v in part[0].hazards(part[1]).items()}

    def near_hazard(self, segments: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (k,) whether any explosive fact limits each of these."""
        near = {int(s) for detail, part in self._parts(segments) for s in part[detail.near_hazard(part)]}
        return np.isin(segments, list(near))

    def _parts(self, segments: NDArray[np.int64]) -> list[tuple[Detailed, NDArray[np.int64]]]:
        usual = np.array([s for s in segments.tolist() if s not in self._alone], np.int64)
        alone = [(self._alone[s], np.array([s])) for s in segments.tolist() if s in self._alone]
        return [(self._departure, usual), *alone] if len(usual) else list(alone)

    def route_state(self, stretches: Sequence[tuple[int, int]]) -> RouteState:
        """Return the roll-up of stretches; the risk is that at departure, which only falls on the way."""
        usual = [stretch for stretch in stretches if stretch[0] not in self._alone]
        parts = [self._alone[s].route_state([(s, d)]) for s, d in dict.fromkeys(stretches) if s in self._alone]
        parts += [self._departure.route_state(usual)] if usual else []
        shown = [part.confidence for part in parts if part.confidence is not None]
        return RouteState(
            "",
            max(part.state for part in parts),
            self._departure.route_state(list(stretches)).risk,
            min(shown, default=None),
            min(part.verified_at for part in parts),
        )


class Assessed:
    """The conditions of one question, judged from nothing by the records of one version (default: now)."""

    def __init__(self, picture: Picture, question: Question, basis: Basis | None = None) -> None:
        self._picture, self.question = picture, question
        self.basis = picture.basis() if basis is None else basis
        assessment = picture.assess_ahead(question, basis=self.basis)
        self.states: NDArray[np.uint8] = assessment.states
        self.risk: NDArray[np.float64] = assessment.risk
        self.delay_min: NDArray[np.float64] = assessment.delay_min

    def detail(self, segments: NDArray[np.int64]) -> Detailed:
        """Return the answer in detail for some segments."""
        return Detailed(self._picture.assess(self.question, segments, basis=self.basis))

    def detail_at(self, segments: NDArray[np.int64], moments: Mapping[int, int]) -> Detail:
        """Return the answer in detail, of some segments (number -> microseconds) at moments of their own."""
        apart = {number: at for number, at in moments.items() if number in set(segments.tolist())}
        if not apart:
            return self.detail(segments)
        alone = {
            number: Detailed(next(self._picture.assess_over(self.question, [at], np.array([number]), basis=self.basis)))
            for number, at in apart.items()
        }
        return Staggered(self.detail(segments), alone)

    def refresh(self, question: Question, segments: NDArray[np.int64], basis: Basis) -> None:
        """Move on to another moment and version, judging some segments anew and taking the rest as they were."""
        self.question, self.basis = question, basis
        if len(segments):
            part = self._picture.assess(question, segments, basis=basis)
            self.states[segments], self.risk[segments] = part.states, part.risk
            self.delay_min[segments] = part.delay_min
