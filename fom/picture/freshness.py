"""How long a passage stays fresh on each segment: threat areas and seasons, which change only at their starts and ends.

Source: facts format, section 3, "T at t".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from fom.domain.facts_schema import THREAT_LEVELS
from fom.domain.grades import SLACK
from fom.domain.knowledge import Knowledge
from fom.domain.policy import Policy
from fom.domain.records import Season, ThreatArea
from fom.domain.spans import FIRST_TICK, LAST_TICK, after_tick, at_tick
from fom.domain.verification import UNCOVERED_MAX_M, fresh_us
from fom.picture.bindings import NO_ACTS, Bindings
from fom.picture.ground import ROAD_TYPES, Ground
from fom.picture.pairs import Selection
from fom.picture.unions import uncovered_by_row

Ints = NDArray[np.int64]
HIGH = THREAT_LEVELS.index("high")
NOWHERE = -1


class Regimes:
    """The known threat areas and seasons, and the moments at which one begins or ends.

    Between two such moments ("a regime") the fresh time T of every segment is constant.
    """

    def __init__(self, knowledge: Knowledge, bindings: Bindings, ground: Ground) -> None:
        self._network = ground.network
        self._areas = _Spans(knowledge, bindings, "threat_area")
        self._seasons = _Spans(knowledge, bindings, "season")
        self.area_view = bindings.areas.view()
        self.season_view = bindings.seasons.view()
        cuts = {*self._areas.cuts(), *self._seasons.cuts()} - {FIRST_TICK, LAST_TICK}
        self.cuts = np.array(sorted(cuts), dtype=np.int64)
        self._table = _fresh_table(knowledge.policy)
        self._type = ground.road_types

    def index(self, tick: Ints | int) -> Ints:
        """Return the number of the regime a tick lies in."""
        return np.atleast_1d(np.searchsorted(self.cuts, tick, side="right")).astype(np.int64)

    def next_after(self, tick: Ints | int) -> Ints:
        """Return the next tick at which a regime begins."""
        return np.concatenate([self.cuts, [LAST_TICK]])[self.index(tick)]

    def ground(self, chosen: Selection | None) -> RegimeGround:
        """Return what lies under some segments (None = all)."""
        return RegimeGround(self, chosen)

    def _moment(self, regime: int) -> int:
        return FIRST_TICK if regime == 0 else int(self.cuts[regime - 1])


class RegimeGround:
    """Areas and seasons under some segments; T per regime is worked out once."""

    def __init__(self, regimes: Regimes, chosen: Selection | None) -> None:
        self._regimes = regimes
        network = regimes._network
        self._length = network.length_m if chosen is None else network.length_m[chosen.segments]
        self._type = regimes._type if chosen is None else regimes._type[chosen.segments]
        self._areas = regimes.area_view.gather(chosen)
        self._seasons = regimes.season_view.gather(chosen)
        self._fresh: dict[int, Ints] = {}

    def fresh_us(self, tick: Ints | int) -> Ints:
        """Return (m,) T in microseconds at a tick, or at each row's own tick."""
        regime = self._regimes.index(tick)
        if len(regime) == 1 or (len(regime) and (regime == regime[0]).all()):
            return self._of(int(regime[0]))
        result = np.empty(len(self._length), dtype=np.int64)
        for value in np.unique(regime).tolist():
            rows = regime == value
            result[rows] = self._of(value)[rows]
        return result

    def _of(self, regime: int) -> Ints:
        if regime not in self._fresh:
            moment = self._regimes._moment(regime)
            level, wet = self._levels(moment), self._wet(moment)
            self._fresh[regime] = self._regimes._table[level, self._type, wet.astype(np.int64)]
        return self._fresh[regime]

    def _levels(self, moment: int) -> Ints:
        """Return (m,) the highest level in force, `high` where more than a metre lies in no area."""
        spans, areas = self._regimes._areas, self._areas
        level = np.full(len(self._length), NOWHERE, dtype=np.int64)
        in_force = spans.in_force(moment)[areas["placement"]]
        row, placement = areas["row"][in_force], areas["placement"][in_force]
        np.maximum.at(level, row, spans.values[placement])
        is_whole = areas["is_whole"][in_force]
        is_covered = np.zeros(len(level), dtype=np.bool_)
        is_covered[row[is_whole]] = True
        rest = ~is_covered[row]
        if rest.any():
            low, high = areas["low"][in_force][rest], areas["high"][in_force][rest]
            is_covered |= uncovered_by_row(row[rest], low, high, self._length) <= UNCOVERED_MAX_M + SLACK
        return np.where(is_covered & (level >= 0), level, HIGH)

    def _wet(self, moment: int) -> NDArray[np.bool_]:
        """Return (m,) whether a wet season is in force, or none is known."""
        spans, seasons = self._regimes._seasons, self._seasons
        is_wet = np.zeros(len(self._length), dtype=np.bool_)
        is_known = np.zeros(len(self._length), dtype=np.bool_)
        in_force = spans.in_force(moment)[seasons["placement"]]
        row, value = seasons["row"][in_force], spans.values[seasons["placement"][in_force]]
        is_known[row] = True
        is_wet[row[value == 1]] = True
        for start, end, everywhere in spans.everywhere:
            if start <= moment < end:
                is_known[:] = True
                is_wet |= everywhere == 1
        return is_wet | ~is_known


class _Spans:
    """Start, end (ticks) and value of the known records of a kind, by placement."""

    def __init__(self, knowledge: Knowledge, bindings: Bindings, kind: str) -> None:
        pairs = bindings.areas if kind == "threat_area" else bindings.seasons
        self.start = np.full(pairs.n_placements, LAST_TICK, dtype=np.int64)
        self.end = np.full(pairs.n_placements, FIRST_TICK, dtype=np.int64)
        self.values = np.zeros(pairs.n_placements, dtype=np.int64)
        self.everywhere: list[tuple[int, int, int]] = []
        for record in knowledge.ledger.loose(kind):
            if not isinstance(record, ThreatArea | Season) or not knowledge.is_known(record):
                continue
            start, end, value = _span_of(record)
            placement = bindings.place_of.get((record.id, NO_ACTS))
            if placement is None:
                self.everywhere.append((start, end, value))
            else:
                self.start[placement], self.end[placement], self.values[placement] = start, end, value

    def cuts(self) -> Iterable[int]:
        """Yield every tick at which one begins or ends."""
        yield from self.start.tolist()
        yield from self.end.tolist()
        for start, end, _ in self.everywhere:
            yield from (start, end)

    def in_force(self, moment: int) -> NDArray[np.bool_]:
        """Return which placements are in force at a tick."""
        result: NDArray[np.bool_] = (self.start <= moment) & (moment < self.end)
        return result


def _span_of(record: ThreatArea | Season) -> tuple[int, int, int]:
    start = FIRST_TICK if record.start is None else at_tick(record.start)
    end = LAST_TICK if record.end is None else after_tick(record.end)
    if isinstance(record, Season):
        return start, end, int(record.season == "wet")
    return start, end, HIGH if record.level is None else THREAT_LEVELS.index(record.level)


def _fresh_table(policy: Policy) -> Ints:
    """Return (level, road type, wet) -> T in microseconds."""
    return np.array(
        [
            [[fresh_us(level, road_type, is_wet, policy) for is_wet in (False, True)] for road_type in ROAD_TYPES]
            for level in THREAT_LEVELS
        ],
        dtype=np.int64,
    )
