"""Everything that may weigh on some segments, gathered once, and the judgement of it at any moment.

A moment is one tick for all rows or one tick per row (`spans`); the second form finds the next change of many rows at
once and judges a route at the times of arrival.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fom.domain.incident import decayed, from_lambda, to_lambda
from fom.domain.instants import HOUR_US
from fom.domain.phases import BOTH_WAYS, Phase
from fom.domain.records import Recurring
from fom.domain.recurring import windows_at
from fom.domain.spans import LAST_TICK
from fom.domain.states import Component, State
from fom.picture.case import Case
from fom.picture.gathered import Gatherer
from fom.picture.judgement import active_rows, judge_rows
from fom.picture.pairs import Selection
from fom.picture.passages import VerifiedSteps, verified_steps
from fom.picture.recorded import RecordedLimits

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Tick = int | Ints


def of_rows(tick: Tick, rows: Ints) -> Tick:
    """Return the tick of each of some rows."""
    return tick if isinstance(tick, int) else tick[rows]


def each(tick: Tick, n_rows: int) -> Ints:
    """Return (m,) the tick of each row."""
    return np.full(n_rows, tick, dtype=np.int64) if isinstance(tick, int) else tick


@dataclass(frozen=True)
class Verdict:
    """The judgement of m rows in one direction."""

    states: Bytes
    """(m,)"""
    components: Bytes
    """(m, 6) by `Component`."""
    risk: Floats
    """(m,)"""
    verified_at: Ints
    """(m,) microseconds, NEVER_US = never."""
    computed: Bytes
    """(m,) worst of the components, before any improvement by hand."""
    improved: Bools
    """(m,) whether an improvement works."""


class Contributions:
    """All that a case holds about some segments (None = all); rows are indices into `segments`."""

    def __init__(
        self,
        case: Case,
        recorded: RecordedLimits,
        all_known: Bools,
        segments: Ints | None,
        *,
        only_at: int | None = None,
        since: int | None = None,
    ) -> None:
        """Gather. With `only_at` (a tick) phases that do not hold then may be left out: for a single judgement.

        With `since` (a tick) what can move no state then nor later may be left out: for judging from then on.
        """
        self.case, self.recorded_limits, self.all_known = case, recorded, all_known
        self.network = case.basis.binder.network
        self.segments = segments
        """(m,) distinct segment numbers, None = all."""
        self.n_rows = self.network.n_segments if segments is None else len(segments)
        self._only_at = only_at
        length = self.network.length_m
        self.length_m = length if segments is None else length[segments]
        self.recorded = recorded.worst if segments is None else recorded.worst[segments]
        chosen = None if segments is None else Selection(segments)
        gatherer = Gatherer(case, chosen, only_at, since)
        self.limits = gatherer.limits(lambda: self._travel_us)
        self.risks = gatherer.risks()
        self.improvements = gatherer.improvements()
        forward, backward, self._one_way_rows = gatherer.passages(
            all_known if segments is None else all_known[segments]
        )
        self.passages = (forward, backward)
        self._steps: list[VerifiedSteps | None] = [None, None]
        self._last_terms: tuple[int, tuple[Floats, Bools]] | None = None
        self._fresh = case.regimes.ground(chosen)

    @cached_property
    def _travel_us(self) -> Ints:
        """Return (m,) travel time of the rows, microseconds."""
        speed = self.network.speed_kmh if self.segments is None else self.network.speed_kmh[self.segments]
        travel: Ints = np.ceil(self.length_m / 1000.0 / speed * HOUR_US - 1e-3).astype(np.int64)
        return travel

    @property
    def has_risks(self) -> bool:
        """Return whether any incident reaches these segments."""
        return len(self.risks.row) > 0

    def restricted(self, segments: Ints) -> Contributions:
        """Return what weighs on other segments of the same case, at the moment or moments these were gathered for."""
        return Contributions(self.case, self.recorded_limits, self.all_known, segments, only_at=self._only_at)

    def narrowed(self, rows: Ints) -> Contributions:
        """Return what weighs on some of these rows, at any time."""
        return Contributions(self.case, self.recorded_limits, self.all_known, self.numbers(rows).astype(np.int64))

    def numbers(self, rows: Ints) -> Ints:
        """Return the segment numbers of rows."""
        return rows if self.segments is None else self.segments[rows]

    @cached_property
    def is_lopsided(self) -> Bools:
        """Return (m,) where one direction may be judged otherwise than the other."""
        limits = self.limits
        result = np.zeros(self.n_rows, dtype=np.bool_)
        result[self._one_way_rows] = True
        result[limits.row[(limits.directions != BOTH_WAYS) | (limits.end[0] != limits.end[1])]] = True
        return result

    @cached_property
    def is_symmetric(self) -> bool:
        """Return whether nothing here tells one direction from the other."""
        limits = self.limits
        if len(self._one_way_rows) or (limits.directions != BOTH_WAYS).any():
            return False
        return not limits.has_endings or bool((limits.end[0] == limits.end[1]).all())

    def steps(self, direction: int) -> VerifiedSteps:
        """Return when rows were verified in a direction."""
        found = self._steps[direction]
        if found is None:
            found = self._steps[direction] = verified_steps(self.passages[direction], self.length_m)
            if self.passages[0] is self.passages[1]:
                self._steps = [found, found]
        return found

    def fresh_us(self, tick: Tick) -> Ints:
        """Return (m,) how long a passage is fresh at a tick, microseconds."""
        return self._fresh.fresh_us(tick)

    # judging

    def active_limits(self, direction: int, tick: Tick) -> Bools:
        """Return (l,) which limiting phases hold in a direction at a tick."""
        limits = self.limits
        ticks, end = each(tick, self.n_rows), limits.end[direction]
        result = active_rows(ticks, limits.row, limits.start, end, limits.directions, direction)
        if len(limits.recurring):
            result[limits.recurring] &= self.windows(limits.recurring, tick)[0]
        return result

    def windows(self, rows: Ints, tick: Tick) -> tuple[Bools, Ints]:
        """Return for limiting rows with recurring windows whether one is open, and the next tick that changes it."""
        is_in, change = np.zeros(len(rows), np.bool_), np.full(len(rows), LAST_TICK, np.int64)
        for phase, recurring, at in self._windowed(rows):
            segment_rows = self.limits.row[rows[at]]
            ticks = np.broadcast_to(np.asarray(of_rows(tick, segment_rows), dtype=np.int64), len(at))
            is_in[at], change[at] = windows_at(recurring, phase.clip, ticks, self._travel_us[segment_rows])
        return is_in, change

    def windows_alike_until(self, tick: Ints) -> Ints:
        """Return (m,) the first tick after each row's own at which an order with windows begins or ends as a whole.

        Up to there the windows of a row come back by the week.
        """
        result, rows = np.full(self.n_rows, LAST_TICK, np.int64), self.limits.recurring
        for phase, _, at in self._windowed(rows):
            segment_rows = self.limits.row[rows[at]]
            lead = self._travel_us[segment_rows]
            for edge in phase.clip:
                if abs(edge) < LAST_TICK // 4:
                    for moment in (2 * (edge - lead), np.full(len(at), 2 * edge), np.full(len(at), 2 * edge + 1)):
                        later = moment > tick[segment_rows]
                        np.minimum.at(result, segment_rows[later], moment[later])
        return result

    def _windowed(self, rows: Ints) -> Iterator[tuple[Phase, Recurring, Ints]]:
        """Yield each phase of limiting rows that has windows, its windows, and where in `rows` its own are."""
        phases = self.limits.phase[rows]
        order = np.argsort(phases, kind="stable")
        numbers, first = np.unique(phases[order], return_index=True)
        for number, at in zip(numbers.tolist(), np.split(order, first[1:]), strict=True):
            phase = self.case.limits.phases[number]
            if phase.recurring is not None:
                yield phase, phase.recurring, at

    def risk_terms(self, tick: Tick) -> tuple[Floats, Bools]:
        """Return (r,) the own term of each incident row at a tick, 0 where it does not hold, and whether it holds."""
        if self.segments is None or not isinstance(tick, int):
            return self._risk_terms(tick)
        if self._last_terms is None or self._last_terms[0] != tick:  # judging asks, and then how long that stands
            self._last_terms = (tick, self._risk_terms(tick))
        return self._last_terms[1]

    def _risk_terms(self, tick: Tick) -> tuple[Floats, Bools]:
        risks, columns = self.risks, self.case.risks.columns
        start, end = columns["start"], columns["end"]
        if isinstance(tick, int) and len(start) < len(risks.row):
            is_on = (start <= tick) & (tick < end)
            age = np.maximum(0.0, tick / 2 - columns["eff"])
            weight = np.where(is_on, decayed(columns["weight"], age, columns["half_life_us"]), 0.0)
            return weight[risks.phase] * risks.nearness, is_on[risks.phase]
        at, phase = of_rows(tick, risks.row), risks.phase
        is_on = (start[phase] <= at) & (at < end[phase])
        age = np.maximum(0.0, at / 2 - columns["eff"][phase])
        weight = np.where(is_on, decayed(columns["weight"][phase], age, columns["half_life_us"][phase]), 0.0)
        return weight * risks.nearness, is_on

    def risk(self, tick: Tick) -> Floats:
        """Return (m,) 1 - prod(1 - r) over groups; a group counts once, with its largest term."""
        terms, _ = self.risk_terms(tick)
        row, grouped = self.risks.row, self.risks.is_grouped
        quanta = to_lambda(np.where(grouped, 0.0, terms))
        total: Floats = np.bincount(row, weights=quanta, minlength=self.n_rows).astype(np.float64)
        if grouped.any():
            at = np.flatnonzero(grouped)
            group = self.case.risks.columns["group"][self.risks.phase[at]]
            key = row[at] * (int(group.max()) + 1) + group
            keys, where = np.unique(key, return_inverse=True)
            largest = np.zeros(len(keys))
            np.maximum.at(largest, where, terms[at])
            total += np.bincount(keys // (int(group.max()) + 1), weights=to_lambda(largest), minlength=self.n_rows)
        return from_lambda(total)

    def judge_both(self, tick: Tick) -> tuple[Verdict, Verdict]:
        """Return the judgement of all rows in both directions at a tick."""
        risk = self.risk(tick)
        forward = self.judge(0, tick, risk=risk)
        return forward, forward if self.is_symmetric else self.judge(1, tick, risk=risk)

    def judge(self, direction: int, tick: Tick, *, risk: Floats | None = None) -> Verdict:
        """Return the judgement of all rows in a direction at a tick. `risk` may be given when already known."""
        limits, steps, policy = self.limits, self.steps(direction), self.case.knowledge.policy
        if risk is None:
            risk = self.risk(tick)
        components, computed, verified = judge_rows(
            each(tick, self.n_rows), limits.row, limits.component, limits.state, self.active_limits(direction, tick),
            self.recorded, risk, policy.risk_amber, policy.risk_red, steps.row, steps.start, steps.verified_at,
            self._fresh.fresh_us(tick),
        )  # fmt: skip
        states, improved = self._improve(tick, components, computed)
        return Verdict(states, components, risk, verified, computed, improved)

    def helping(self, tick: Tick, computed: Bytes) -> Bools:
        """Return (i,) which improvements are in force and better than what is computed for their row."""
        better = self.improvements
        at = of_rows(tick, better.row)
        result: Bools = (better.start <= at) & (at < better.end) & (better.state < computed[better.row])
        return result

    def _improve(self, tick: Tick, components: Bytes, computed: Bytes) -> tuple[Bytes, Bools]:
        """Return states after improvements by hand, and where one works. Source: facts format, section 7."""
        improved = np.zeros(len(computed), dtype=np.bool_)
        if not len(self.improvements.row):
            return computed, improved
        works = self.helping(tick, computed) & ~self.is_barred(components)[self.improvements.row]
        row = self.improvements.row[works]
        improved[row] = True
        by_hand = np.zeros(len(computed), dtype=np.uint8)
        np.maximum.at(by_hand, row, self.improvements.state[works])
        return np.where(improved, np.maximum(by_hand, components[:, Component.MANUAL]), computed), improved

    def is_barred(self, components: Bytes) -> Bools:
        """Return (m,) where no improvement may work: explosive RED or BLACK, physical BLACK."""
        result: Bools = (components[:, Component.EXPLOSIVE] >= State.RED) | (
            components[:, Component.PHYSICAL] == State.BLACK
        )
        return result
