"""Why a row has its state: the phases that hold, told as reasons, worst first. The state comes from the same ones.

Source: facts format, section 8; doctrine, section 3.8.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.grades import SLACK
from fom.domain.incident import LISTED_MIN
from fom.domain.instants import MINUTE_US, NEVER_US
from fom.domain.intervals import Interval
from fom.domain.phases import NEAR, Phase
from fom.domain.records import Control, Explosive, Physical, Record
from fom.domain.states import Component, State
from fom.domain.verification import RULES as VERIFICATION_RULES
from fom.picture.contributions import Contributions, Verdict
from fom.picture.stretches import reached_parts

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
COMPONENT_CODES = tuple(component.code for component in Component)
CLOCK_SKEW_US = 10 * MINUTE_US
DELAYS_COUNTED = 5
"""The delay told is the median of the latest so many tolls and delays."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One contribution to a state."""

    component: Component
    rule: str
    state: State
    fact_ids: tuple[str, ...] = ()
    confidence: float | None = None
    flags: tuple[str, ...] = ()
    subject: str | None = None
    stretches_m: tuple[tuple[int, int], ...] | None = None
    records: tuple[Record, ...] = field(default=(), compare=False)
    """The records behind it, for people's texts."""

    @property
    def order(self) -> tuple[Any, ...]:
        """Return the key by which reasons are listed."""
        return -self.state, self.component, self.rule, self.fact_ids, self.subject or ""

    def members(self) -> dict[str, Any]:
        """Return the reason as an answer states it."""
        members: dict[str, Any] = {
            "component": COMPONENT_CODES[self.component],
            "rule": self.rule,
            "state": self.state.name,
            "fact_ids": list(self.fact_ids),
            "confidence": self.confidence,
            "flags": list(self.flags),
        }
        if self.subject is not None:
            members["subject"] = self.subject
        if self.stretches_m is not None:
            members["stretches_m"] = [list(part) for part in self.stretches_m]
        return members


class _Index:
    """Positions grouped by row."""

    def __init__(self, rows: Ints, positions: Ints, n_rows: int) -> None:
        order = np.argsort(rows[positions], kind="stable")
        self._positions = positions[order]
        self._bounds = np.searchsorted(rows[positions][order], np.arange(n_rows + 1))

    def of(self, row: int) -> list[int]:
        """Return the positions of a row."""
        found: list[int] = self._positions[self._bounds[row] : self._bounds[row + 1]].tolist()
        return found


class _Side:
    """What holds in one direction, grouped by row."""

    def __init__(self, contributions: Contributions, verdict: Verdict, direction: int, tick: int, at: int) -> None:
        n = contributions.n_rows
        limits, passages = contributions.limits, contributions.passages[direction]
        self.active = np.flatnonzero(contributions.active_limits(direction, tick))
        self.limits = _Index(limits.row, self.active, n)
        counts = (passages.eff <= at) & (passages.eff >= verdict.verified_at[passages.row])
        counts &= verdict.verified_at[passages.row] != NEVER_US
        self.counting = np.flatnonzero(counts)
        self.passages = _Index(passages.row, self.counting, n)
        better = contributions.improvements
        works = contributions.helping(tick, verdict.computed) & verdict.improved[better.row]
        self.improvements = _Index(better.row, np.flatnonzero(works), n)


class RowReasons:
    """Reasons, confidences, delays and overrides of the rows of one assessment."""

    def __init__(self, contributions: Contributions, verdicts: tuple[Verdict, Verdict], tick: int, at: int) -> None:
        self._whole, self._verdicts, self._tick, self._at = contributions, verdicts, tick, at
        self._case = contributions.case
        self._sides: list[_Side | None] = [None, None]
        self._last: tuple[int, int, tuple[Reason, ...]] | None = None
        """Row, direction and reasons asked for last: the way back mostly has the reasons of the way there."""

    def _side(self, direction: int) -> _Side:
        side = self._sides[direction]
        if side is None:
            side = _Side(self._whole, self._verdicts[direction], direction, self._tick, self._at)
            self._sides[direction] = side
        return side

    @cached_property
    def _listed(self) -> tuple[Ints, _Index]:
        """Return the positions of incidents worth listing, and the same by row."""
        terms, holds = self._whole.risk_terms(self._tick)
        listed = np.flatnonzero(holds & (terms >= LISTED_MIN - SLACK))
        return listed, _Index(self._whole.risks.row, listed, self._whole.n_rows)

    # arrays

    def confidence(self, direction: int) -> Floats:
        """Return (m,) the smallest confidence among the reasons whose state is the row's; NaN = null."""
        whole, verdict, side = self._whole, self._verdicts[direction], self._side(direction)
        limits, n = whole.limits, whole.n_rows
        lowest = np.full(n, np.inf)
        deciding = side.active[limits.state[side.active] == verdict.states[limits.row[side.active]]]
        confidence = self._case.limits.columns["confidence"][limits.phase[deciding]]
        np.fmin.at(lowest, limits.row[deciding], confidence)
        listed, _ = self._listed
        columns, risks = self._case.risks.columns, whole.risks
        by_risk = np.full(n, np.inf)
        np.minimum.at(by_risk, risks.row[listed], columns["confidence"][risks.phase[listed]])
        risk_state = verdict.components[:, Component.RISK]
        lowest = np.where(
            (risk_state == verdict.states) & (risk_state > State.GREEN), np.minimum(lowest, by_risk), lowest
        )
        passages = whole.passages[direction]
        by_passage = np.full(n, np.inf)
        counting = self._case.passages.columns["confidence"][passages.phase[side.counting]]
        np.minimum.at(by_passage, passages.row[side.counting], counting)
        is_deciding = verdict.components[:, Component.VERIFICATION] == verdict.states
        lowest = np.where(is_deciding, np.minimum(lowest, by_passage), lowest)
        return np.where(np.isinf(lowest) | verdict.improved, np.nan, lowest)

    def override(self, direction: int) -> NDArray[np.object_]:
        """Return (m,) the id of the improvement that works: of several the worst, then the first by id."""
        verdict, side = self._verdicts[direction], self._side(direction)
        result = np.full(self._whole.n_rows, None, dtype=object)
        for row in np.flatnonzero(verdict.improved).tolist():
            phases = [self._improvement(at) for at in side.improvements.of(row)]
            result[row] = min(phases, key=lambda phase: (-phase.state, phase.record.id)).record.id
        return result

    def _improvement(self, at: int) -> Any:
        return self._case.improvements.phases[self._whole.improvements.phase[at]]

    def delay_min(self, direction: int) -> Floats:
        """Return (m,) the median of the latest tolls and delays in force, minutes; of duplicates the largest counts.

        Source: facts format, section 6.
        """
        whole, side = self._whole, self._side(direction)
        stated: dict[int, list[Control]] = {}
        is_control = whole.limits.component[side.active] == Component.CONTROL
        for at in side.active[is_control].tolist():
            record = self._phase(at).record
            if isinstance(record, Control) and record.control in ("toll", "delay") and record.delay_min is not None:
                stated.setdefault(int(whole.limits.row[at]), []).append(record)
        result = np.zeros(whole.n_rows)
        for row, records in stated.items():
            result[row] = _median_delay(self._one_per_group(records))
        return result

    def _one_per_group(self, records: Iterable[Control]) -> list[Control]:
        largest: dict[frozenset[str], Control] = {}
        for record in records:
            group = self._case.knowledge.duplicates_at(record, self._at)
            before = largest.get(group)
            if before is None or _delay_rank(record) > _delay_rank(before):
                largest[group] = record
        return list(largest.values())

    # reasons

    def reasons(self, row: int, direction: int) -> tuple[Reason, ...]:
        """Return the reasons of a row, worst first."""
        if direction == 1 and not self._whole.is_lopsided[row]:
            direction = 0
        last = self._last
        if last is None or last[:2] != (row, direction):
            self._last = last = (row, direction, self._find_reasons(row, direction))
        return last[2]

    def _find_reasons(self, row: int, direction: int) -> tuple[Reason, ...]:
        side = self._side(direction)
        found: dict[tuple[Any, ...], Reason] = {}
        for at in side.limits.of(row):
            reason = self._limit_reason(at)
            key = (reason.component, reason.rule, reason.fact_ids, reason.subject)
            if key not in found or found[key].state < reason.state:
                found[key] = reason
        reasons = [*found.values(), *self._recorded_reasons(row)]
        reasons += [self._risk_reason(row, direction)] if self._component(row, direction, Component.RISK) else []
        reasons += [self._improvement_reason(at) for at in side.improvements.of(row)]
        reasons.append(self._verification_reason(row, direction))
        return tuple(sorted(reasons, key=lambda reason: reason.order))

    def _component(self, row: int, direction: int, component: Component) -> State:
        return State(self._verdicts[direction].components[row, component])

    def _phase(self, at: int) -> Phase:
        phase: Phase = self._case.limits.phases[self._whole.limits.phase[at]]
        return phase

    def _limit_reason(self, at: int) -> Reason:
        limits, phase = self._whole.limits, self._phase(at)
        zone = int(limits.zone[at])
        stretches = None
        if isinstance(phase.record, Explosive) and zone != NEAR:
            segment = int(self._whole.numbers(limits.row[at : at + 1])[0])
            stretches = _whole_metres(reached_parts(phase.record, phase.acts, segment, self._case.basis))
        return Reason(
            phase.component, phase.rules[zone], phase.states[zone], (phase.source.id,),
            None if np.isnan(phase.confidence) else phase.confidence, self._flags([phase.source]), phase.subject,
            stretches, (phase.source,),
        )  # fmt: skip

    def _recorded_reasons(self, row: int) -> list[Reason]:
        if not self._whole.recorded[row]:
            return []
        number = int(self._whole.numbers(np.array([row]))[0])
        worst: dict[tuple[str, str], State] = {}
        for subject, rule, state in self._whole.recorded_limits.of(number):
            worst[subject, rule] = max(state, worst.get((subject, rule), state))
        return [Reason(Component.PHYSICAL, rule, state, subject=subject) for (subject, rule), state in worst.items()]

    def _risk_reason(self, row: int, direction: int) -> Reason:
        risks, table = self._whole.risks, self._case.risks
        phases = [table.phases[risks.phase[at]] for at in self._listed[1].of(row)]
        records = sorted((phase.record for phase in phases), key=lambda record: record.id)
        return Reason(
            Component.RISK, "R1", self._component(row, direction, Component.RISK), tuple(r.id for r in records),
            min((phase.confidence for phase in phases), default=None), self._flags(records), records=tuple(records),
        )  # fmt: skip

    def _improvement_reason(self, at: int) -> Reason:
        phase = self._improvement(at)
        flags = self._flags([phase.record])
        return Reason(
            Component.MANUAL, "S2", State(phase.state), (phase.record.id,), None, flags, records=(phase.record,)
        )

    def _verification_reason(self, row: int, direction: int) -> Reason:
        state = self._component(row, direction, Component.VERIFICATION)
        passages, columns = self._whole.passages[direction], self._case.passages.columns
        rows = np.unique(passages.phase[self._side(direction).passages.of(row)])
        records = sorted((self._case.passage_of(at) for at in rows.tolist()), key=lambda record: record.id)
        return Reason(
            Component.VERIFICATION, VERIFICATION_RULES[state], state, tuple(r.id for r in records),
            min(columns["confidence"][rows].tolist(), default=None), self._flags(records), records=tuple(records),
        )  # fmt: skip

    def _flags(self, records: Iterable[Record]) -> tuple[str, ...]:
        flags: set[str] = set()
        for record in records:
            if record.occurred is not None and record.occurred - (record.received or 0) > CLOCK_SKEW_US:
                flags.add("clock_skew")
            if self._case.knowledge.is_in_conflict(record):
                flags.add("conflict")
            if isinstance(record, Physical) and record.review_by is not None and record.review_by < self._at:
                flags.add("review_overdue")
        return tuple(sorted(flags))


def _delay_rank(record: Control) -> tuple[float, int, str]:
    return record.delay_min or 0.0, record.eff, record.id


def _median_delay(records: list[Control]) -> float:
    latest = sorted(records, key=lambda record: (record.eff, record.id))[-DELAYS_COUNTED:]
    return float(median(record.delay_min or 0.0 for record in latest))


def _whole_metres(parts: Iterable[Interval]) -> tuple[tuple[int, int], ...]:
    return tuple((round(low), round(high)) for low, high in parts)
