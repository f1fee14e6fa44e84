"""An assessment: states of segments for one question, with reasons, next changes and routes worked out on demand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import NEVER_US
from fom.domain.spans import at_tick, to_us
from fom.domain.states import NO_STATE, State
from fom.picture.answer import answer_document
from fom.picture.contributions import Contributions, Verdict
from fom.picture.explaining import Explainer
from fom.picture.next_change import next_changes
from fom.picture.question import Question
from fom.picture.reasons import Reason, RowReasons
from fom.picture.refusals import Refused, refusals, unplaced, warnings
from fom.picture.routes import RouteState, route_state, route_states

Ints = NDArray[np.int64]


class Assessment:
    """States of m segments in both directions. Everything beyond the arrays is computed on first use and kept."""

    def __init__(self, question: Question, contributions: Contributions) -> None:
        self.question = question
        self.contributions = contributions
        self.network = contributions.network
        self._all = contributions.segments is None
        self.segments: Ints = (
            np.arange(contributions.n_rows) if contributions.segments is None else contributions.segments
        )
        """(m,) segment numbers."""
        self.tick = at_tick(question.at)
        self.verdicts: tuple[Verdict, Verdict] = contributions.judge_both(self.tick)
        self._last_told: tuple[tuple[Reason, ...], list[dict[str, Any]]] | None = None
        """Reasons told last, and their members: the way back mostly has the reasons of the way there."""
        self._is_oneway = self.network.is_oneway[self.segments]

    def _both(self, name: str) -> NDArray[Any]:
        return np.stack([getattr(verdict, name) for verdict in self.verdicts], axis=1)

    @cached_property
    def states(self) -> NDArray[np.uint8]:
        """Return (m, 2) states; NO_STATE backward on one-way segments."""
        states = self._both("states")
        states[self._is_oneway, 1] = NO_STATE
        return states

    @cached_property
    def components(self) -> NDArray[np.uint8]:
        """Return (m, 2, 6) states by `Component`."""
        return self._both("components")

    @cached_property
    def risk(self) -> NDArray[np.float64]:
        """Return (m, 2) risk, 0 to 1."""
        return self._both("risk")

    @cached_property
    def verified_at(self) -> NDArray[np.int64]:
        """Return (m, 2) microseconds, NEVER_US = never."""
        return self._both("verified_at")

    @cached_property
    def _rows(self) -> RowReasons:
        return RowReasons(self.contributions, self.verdicts, self.tick, self.question.at)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """Return (m, 2) the smallest confidence among deciding reasons, NaN = null."""
        return np.stack([self._rows.confidence(0), self._rows.confidence(1)], axis=1)

    @cached_property
    def delay_min(self) -> NDArray[np.float64]:
        """Return (m, 2) minutes."""
        return np.stack([self._rows.delay_min(0), self._rows.delay_min(1)], axis=1)

    @cached_property
    def override(self) -> NDArray[np.object_]:
        """Return (m, 2) id of the improvement by hand that works, or None."""
        return np.stack([self._rows.override(0), self._rows.override(1)], axis=1)

    def row_of(self, number: int) -> int:
        """Return the row of a segment number; KeyError when it was not asked for."""
        return number if self._all else self._rows_by_number[number]

    @cached_property
    def _rows_by_number(self) -> dict[int, int]:
        return {number: row for row, number in enumerate(self.segments.tolist())}

    def reasons(self, number: int, direction: int) -> tuple[Reason, ...]:
        """Return the reasons of a segment in a direction, worst first."""
        return self._rows.reasons(self.row_of(number), direction)

    def next_change(self, number: int, direction: int) -> tuple[int, State] | None:
        """Return when the state next changes by itself within 60 days, microseconds, and to what; None = not."""
        row = self.row_of(number)
        at, state = next_changes(self.contributions.narrowed(np.array([row])), direction, self.tick)
        return None if at[0] == NEVER_US else (to_us(int(at[0])), State(state[0]))

    def routes(self) -> list[RouteState]:
        """Return the state of every known route, by id."""
        return route_states(self)

    def route_state(self, stretches: Iterable[tuple[int, int]]) -> RouteState:
        """Return the state of (segment number, direction) pairs taken as one route."""
        return route_state(self, "", list(stretches))

    @cached_property
    def unplaced(self) -> tuple[str, ...]:
        """Return the ids of known facts and verifications without any place, sorted."""
        return unplaced(self.contributions.case)

    @cached_property
    def refused(self) -> tuple[Refused, ...]:
        """Return the known acts without effect, by id. Of a part of the network: improvements are tried there only."""
        return refusals(self)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Return plain sentences about records that have no effect without being refused."""
        return warnings(self.contributions.case)

    def order(self) -> list[tuple[int, int]]:
        """Return (row, direction) of every row of the answer, by segment id, forward before backward."""
        named = sorted((self.network.segment_id(int(number)), row) for row, number in enumerate(self.segments))
        return [(row, direction) for _, row in named for direction in range(1 if self._is_oneway[row] else 2)]

    def reason_members(self, row: int, direction: int, *, with_texts: bool = True) -> list[dict[str, Any]]:
        """Return the reasons of a row as an answer states them; with texts also what people need to read."""
        reasons = self._rows.reasons(row, direction)
        if not with_texts:
            return [reason.members() for reason in reasons]
        last = self._last_told
        if last is None or last[0] is not reasons:
            turns_at = self._turns_at(row, direction)
            told = [{**reason.members(), **self._explainer.members(reason, row, turns_at)} for reason in reasons]
            self._last_told = last = (reasons, told)
        return last[1]

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.contributions, self.question.at)

    def _turns_at(self, row: int, direction: int) -> int | None:
        """Return when the verification of a row turns worse, microseconds, None = it does not."""
        verified = int(self.verdicts[direction].verified_at[row])
        fresh = int(self._fresh_us[row])
        if verified == NEVER_US or self.question.at > verified + 2 * fresh:
            return None
        return verified + (fresh if self.question.at <= verified + fresh else 2 * fresh)

    @cached_property
    def _fresh_us(self) -> Ints:
        return self.contributions.fresh_us(self.tick)

    def answer(self, *, with_texts: bool = True) -> dict[str, Any]:
        """Return the answer document (`fom-assessment/1`)."""
        return answer_document(self, with_texts=with_texts)
