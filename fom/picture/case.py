"""A case: what is known at k, for one profile and user class, as tables of phases by placement.

Building a case asks the rules of `domain` once per record; judging segments at any moment is then arithmetic on arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.control import control_phases, improvement_phase, worsening_phases
from fom.domain.explosive import explosive_phases
from fom.domain.incident import risk_phases
from fom.domain.instants import ALWAYS_US
from fom.domain.knowledge import Knowledge
from fom.domain.ledger import Ledger
from fom.domain.phases import ImprovementPhase, PassagePhase, Phase, RiskPhase
from fom.domain.physical import physical_phases
from fom.domain.profiles import Profile
from fom.domain.records import Control, Explosive, Incident, Manual, Physical, Record, Verification
from fom.domain.spans import LAST_TICK, at_tick
from fom.domain.states import DIRECTION_CODES
from fom.domain.verification import is_good_evidence, longest_fresh_us, passage_phase
from fom.picture.binding import Binder
from fom.picture.bindings import NO_ACTS, PHASED_PAIRS, Bindings
from fom.picture.columns import FIRST_CAPACITY, Columns
from fom.picture.freshness import Regimes
from fom.picture.influence import is_ground
from fom.picture.pairs import PairView, Selection

Ints = NDArray[np.int64]
JUDGED_KINDS = ("explosive", "physical", "control", "incident", "manual", "verification")
"""Kinds that have phases of their own."""


@dataclass(frozen=True)
class Basis:
    """What all cases of a picture share: records, bindings, profiles."""

    ledger: Ledger
    binder: Binder
    bindings: Bindings
    profiles: Mapping[str, Profile]
    version: int
    """Of the picture."""


@dataclass(frozen=True)
class Views:
    """The pairs a case was worked out on."""

    limits: PairView
    risks: PairView
    passages: PairView
    improvements: PairView

    @classmethod
    def of(cls, bindings: Bindings) -> Views:
        """Return the pairs as they are now."""
        return cls(
            bindings.limits.view(), bindings.risks.view(), bindings.passages.view(), bindings.improvements.view()
        )


class PhaseTable:
    """Phases by placement as columns. A placement given again gets its new phases; the old rows stay unused."""

    def __init__(self, dtypes: Mapping[str, Any]) -> None:
        self.columns = Columns(dtypes)
        self.phases: list[Any] = []
        """Row -> phase."""
        self._spans = np.zeros((2, 0), dtype=np.int64)
        self.first, self.count = self._spans

    def cover(self, n_placements: int) -> None:
        """Make room for so many placements."""
        if n_placements > len(self._spans[0]):
            grown = np.zeros((2, max(FIRST_CAPACITY, n_placements, 2 * len(self._spans[0]))), np.int64)
            grown[:, : len(self.first)] = self._spans[:, : len(self.first)]
            self._spans = grown
        if n_placements > len(self.first):
            self.first, self.count = self._spans[:, :n_placements]

    def drop(self, placement: int) -> None:
        """Take the phases of a placement away."""
        if placement < len(self.count):
            self.count[placement] = 0

    def copy(self) -> PhaseTable:
        """Return a table that changes on its own."""
        twin = object.__new__(PhaseTable)
        twin.columns, twin.phases, twin._spans = self.columns.copy(), list(self.phases), self._spans.copy()
        twin.first, twin.count = twin._spans[:, : len(self.first)]
        return twin

    def placements(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (p,) which placements have one of the rows wanted among their phases."""
        before = np.concatenate([[0], np.cumsum(rows)])
        wanted: NDArray[np.bool_] = before[self.first + self.count] > before[self.first]
        return wanted

    def put(self, by_placement: Mapping[int, list[Any]], columns: Mapping[str, list[Any]]) -> None:
        """Set the phases of placements; `columns` hold their rows in the order of `by_placement`."""
        at = self.columns.size
        for placement, phases in by_placement.items():
            self.first[placement], self.count[placement] = at, len(phases)
            self.phases += phases
            at += len(phases)
        self.columns.extend(at - self.columns.size, columns)

    def put_each(self, placements: Ints, columns: Mapping[str, NDArray[Any]]) -> None:
        """Set one phase for each of some placements, told by its columns alone."""
        self.first[placements] = self.columns.size + np.arange(len(placements))
        self.count[placements] = 1
        self.columns.extend(len(placements), columns)


_LIMIT_COLUMNS = {
    "start": np.int64, "end": np.int64, "lead": np.int64, "component": np.int64, "directions": np.uint8,
    "confidence": np.float64, "states": np.int64, "special": np.uint8,
}  # fmt: skip
STATE_BITS = 3
"""The column `states` holds the state of each zone in so many bits, zone 0 lowest."""
RECURRING, ENDED_BY_PASSAGE = 1, 2
"""Marks in the column `special`."""
_RISK_COLUMNS = {
    "start": np.int64, "end": np.int64, "weight": np.float64, "eff": np.int64, "half_life_us": np.float64,
    "group": np.int64, "is_shared": np.bool_, "confidence": np.float64,
}  # fmt: skip
_PASSAGE_COLUMNS = {
    "eff": np.int64, "confidence": np.float64, "everywhere": np.bool_, "directions": np.uint8, "placement": np.int32,
}  # fmt: skip
_IMPROVEMENT_COLUMNS = {"start": np.int64, "end": np.int64, "state": np.uint8}


class Case:
    """Phases of all records (or of those given), for one (k, profile, user class)."""

    def __init__(
        self,
        basis: Basis,
        knowledge: Knowledge,
        profile: Profile,
        user_class: str,
        *,
        since: int | None = None,
        dated_us: int = 0,
    ) -> None:
        """Begin with no phases. `since` (microseconds): what cannot matter then nor later may be left out.

        Of passages those in the last `dated_us` before that are kept all the same.
        """
        self.basis, self.knowledge, self.profile, self.user_class = basis, knowledge, profile, user_class
        self.since, self._dated_us = since, dated_us
        self.limits = PhaseTable(_LIMIT_COLUMNS)
        self.risks = PhaseTable(_RISK_COLUMNS)
        self.passages = PhaseTable(_PASSAGE_COLUMNS)
        self.improvements = PhaseTable(_IMPROVEMENT_COLUMNS)
        self.endings: dict[tuple[int, int], list[int]] = {}
        """(placement of a denial, segment) -> ticks forward and backward from which a passage has ended it."""
        self._dropped = len(basis.bindings.dropped)  # their placements have no phases here
        self._groups: dict[str, int] = {}
        self._placements: dict[str, tuple[int, ...]] = {}
        self.regimes = Regimes(knowledge, basis.bindings, basis.binder.ground)
        self.views = Views.of(basis.bindings)

    def copy(self, basis: Basis, knowledge: Knowledge) -> Case:
        """Return the same phases on a copy of the records and bindings; they change on their own."""
        twin = object.__new__(Case)
        vars(twin).update(vars(self))
        twin.basis, twin.knowledge = basis, knowledge
        twin.limits, twin.risks = self.limits.copy(), self.risks.copy()
        twin.passages, twin.improvements = self.passages.copy(), self.improvements.copy()
        twin.endings = {key: list(ticks) for key, ticks in self.endings.items()}
        twin._groups, twin._placements = dict(self._groups), dict(self._placements)
        return twin

    def follow(self, moved: Mapping[str, Record]) -> None:
        """Work out again what changes moved: phases of records, and with a threat area or season how long is fresh."""
        self.put(record for record in moved.values() if record.kind in JUDGED_KINDS)
        if any(is_ground(record) for record in moved.values()):
            self.regimes = Regimes(self.knowledge, self.basis.bindings, self.basis.binder.ground)

    def put_all(self) -> None:
        """Work out the phases of every record."""
        ledger = self.basis.ledger
        self.put(record for kind in JUDGED_KINDS for record in ledger.loose(kind))
        self._put_shelved(np.arange(len(ledger.shelf)))

    def put_on(self, segments: Ints) -> None:
        """Work out the phases of the records on some segments."""
        bindings, ledger = self.basis.bindings, self.basis.ledger
        passages = bindings.placements_on("passages", segments)
        is_shelved = passages < len(ledger.shelf)
        ids = [i for name in PHASED_PAIRS if name != "passages" for i in bindings.ids_on(name, segments)]
        ids += [bindings.owners["passages"][placement] for placement in passages[~is_shelved].tolist()]
        self.put(record for record_id in dict.fromkeys(ids) if (record := ledger.records.get(record_id)) is not None)
        self._put_shelved(passages[is_shelved].astype(np.int64))

    def _put_shelved(self, numbers: Ints) -> None:
        """Work out the phases of passages on the shelf: the rules are asked once for each sort."""
        ledger = self.basis.ledger
        shelf = ledger.shelf
        keep = np.asarray(shelf.received[numbers] <= self.knowledge.known_at)
        if self.since is not None:
            keep &= shelf.eff[numbers] >= self._passages_since
        numbers = np.setdiff1d(numbers[keep], list(ledger.records.gone)) if ledger.records.gone else numbers[keep]
        is_alone = ledger.spoken_of()[numbers]
        self.put(shelf.record(number) for number in numbers[is_alone].tolist())
        numbers = numbers[~is_alone]
        profiles = self.basis.profiles
        phases = [passage_phase(sort, self.knowledge, self.profile, profiles) for sort in shelf.sorts]
        counts = np.array([phase is not None for phase in phases], np.bool_)
        numbers = numbers[counts[shelf.sort[numbers]]] if len(numbers) else numbers
        sort = shelf.sort[numbers]
        columns: dict[str, Any] = {"eff": shelf.eff[numbers], "placement": numbers}
        for name, of in (
            ("confidence", "confidence"),
            ("everywhere", "counts_everywhere"),
            ("directions", "directions"),
        ):
            columns[name] = np.array([0 if p is None else getattr(p, of) for p in phases], _PASSAGE_COLUMNS[name])[sort]
        self._cover()
        self.passages.put_each(numbers, columns)

    @cached_property
    def _passages_since(self) -> int:
        """Return the moment before which no passage matters any more: nothing is fresh for longer than 2T."""
        if self.since is None:
            return ALWAYS_US
        return self.since - max(2 * longest_fresh_us(self.knowledge.policy), self._dated_us)

    def passage_of(self, row: int) -> Record:
        """Return the verification behind a row of the table of passages."""
        placement = int(self.passages.columns["placement"][row])
        return self.basis.ledger.records[self.basis.bindings.owners["passages"][placement]]

    def put(self, records: Iterable[Record]) -> None:
        """Work out the phases of records, replacing those they had. Records taken out since lose theirs."""
        limits: dict[int, list[Phase]] = {}
        risks: dict[int, list[RiskPhase]] = {}
        passages: dict[int, list[PassagePhase]] = {}
        improvements: dict[int, list[ImprovementPhase]] = {}
        denials: list[Control] = []
        place_of = self.basis.bindings.place_of
        for record in records:
            placement = place_of.get((record.id, NO_ACTS))
            if placement is None:
                continue
            is_known = self.knowledge.is_known(record) and record.id in self.basis.ledger
            if isinstance(record, Incident):
                risks[placement] = risk_phases(record, self.knowledge) if is_known else []
            elif isinstance(record, Verification):
                matters = self.since is None or record.eff >= self._passages_since
                counts = is_known and matters
                phase = passage_phase(record, self.knowledge, self.profile, self.basis.profiles) if counts else None
                passages[placement] = [] if phase is None else [phase]
            elif isinstance(record, Manual) and record.mode == "improve":
                improvement = improvement_phase(record, self.knowledge) if is_known else None
                improvements[placement] = [] if improvement is None else [improvement]
            elif isinstance(record, Explosive):
                limits.update(self._explosive(record, placement, is_known))
            else:
                limits[placement] = self._limiting(record) if is_known else []
                if isinstance(record, Control) and record.control == "denial" and self._matters(limits[placement]):
                    denials.append(record)
        self._cover()
        if limits:
            self.limits.put(limits, _limit_columns([p for phases in limits.values() for p in phases]))
        if risks:
            self.risks.put(risks, self._risk_columns([p for phases in risks.values() for p in phases]))
        if passages:
            self.passages.put(passages, _passage_columns(passages))
        if improvements:
            better = [p for phases in improvements.values() for p in phases]
            self.improvements.put(
                improvements, {name: [getattr(p, name) for p in better] for name in _IMPROVEMENT_COLUMNS}
            )
        self._end_denials(denials)
        self.views = Views.of(self.basis.bindings)

    def _matters(self, phases: list[Phase]) -> bool:
        return self.since is None or any(phase.end > at_tick(self.since) for phase in phases)

    def _drop(self) -> None:
        tables = {
            "limits": self.limits,
            "risks": self.risks,
            "passages": self.passages,
            "improvements": self.improvements,
        }
        dropped = self.basis.bindings.dropped
        for name, placement in dropped[self._dropped :]:
            if name in tables:
                tables[name].drop(placement)
        self._dropped = len(dropped)

    def _cover(self) -> None:
        self._drop()
        bindings = self.basis.bindings
        self.limits.cover(bindings.limits.n_placements)
        self.risks.cover(bindings.risks.n_placements)
        self.passages.cover(bindings.passages.n_placements)
        self.improvements.cover(bindings.improvements.n_placements)

    def _limiting(self, record: Record) -> list[Phase]:
        if isinstance(record, Physical):
            return physical_phases(record, self.knowledge, self.profile, self.basis.profiles)
        if isinstance(record, Control):
            return control_phases(record, self.knowledge, self.user_class)
        return worsening_phases(record, self.knowledge) if isinstance(record, Manual) else []

    def _explosive(self, fact: Explosive, whole: int, is_known: bool) -> dict[int, list[Phase]]:
        """Return placement -> phases; a phase with released land has a placement of its own."""
        found: dict[int, list[Phase]] = {whole: []}
        for earlier in self._placements.get(fact.id, ()):
            found[earlier] = []  # an earlier place without released land may no longer hold
        for phase in explosive_phases(fact, self.knowledge, self.profile) if is_known else ():
            placement: int | None = whole
            if phase.acts:
                basis = self.basis
                placement = basis.binder.place_without(fact, phase.acts, basis.bindings)
            if placement is not None:
                found.setdefault(placement, []).append(phase)
        self._placements[fact.id] = tuple(found)
        return found

    def _risk_columns(self, phases: list[RiskPhase]) -> dict[str, list[Any]]:
        own = ("start", "end", "weight", "eff", "half_life_us", "confidence")
        columns: dict[str, list[Any]] = {name: [getattr(p, name) for p in phases] for name in own}
        columns["group"] = [self._groups.setdefault(p.group, len(self._groups)) for p in phases]
        columns["is_shared"] = [p.group != p.record.id for p in phases]
        return columns

    def _end_denials(self, denials: list[Control]) -> None:
        """Find, for each segment of denials, when an unimpeded passage of exactly the denied class ended them there.

        Source: facts format, section 6.
        """
        bindings = self.basis.bindings
        for denial in denials:
            placement = bindings.place_of[denial.id, NO_ACTS]
            segments = np.unique(bindings.limits.segments_of[placement]).astype(np.int64)
            for segment in segments.tolist():
                self.endings.pop((placement, segment), None)
            found = bindings.passages.view().gather(Selection(segments))
            for at in np.flatnonzero(found["is_whole"]).tolist():
                passage = self._ending(denial, int(found["placement"][at]))
                if passage is not None:
                    self._end(placement, int(segments[found["row"][at]]), *passage)

    def _ending(self, denial: Control, placement: int) -> tuple[str, int] | None:
        """Return direction and moment of a passage that ends a denial where it covers a whole segment, else None."""
        ledger, knowledge = self.basis.ledger, self.knowledge
        if placement < len(ledger.shelf):
            sort, eff = ledger.shelf.sorts[ledger.shelf.sort[placement]], int(ledger.shelf.eff[placement])
            if not sort.unimpeded or sort.user_class != denial.user_class or eff <= denial.eff:
                return None
        passage = ledger.records.get(self.basis.bindings.owners["passages"][placement])
        if (
            not isinstance(passage, Verification)
            or self.basis.bindings.place_of.get((passage.id, NO_ACTS)) != placement
        ):
            return None
        is_of_class = passage.unimpeded and passage.user_class == denial.user_class and passage.eff > denial.eff
        if not is_of_class or not knowledge.is_known(passage) or not is_good_evidence(passage, knowledge):
            return None
        return passage.direction, passage.eff

    def _end(self, placement: int, segment: int, along: str, eff: int) -> None:
        ends = self.endings.setdefault((placement, segment), [LAST_TICK, LAST_TICK])
        for direction, word in enumerate(DIRECTION_CODES):
            if along in ("both", word):
                ends[direction] = min(ends[direction], at_tick(eff))


def _limit_columns(phases: list[Phase]) -> dict[str, list[Any]]:
    return {
        "start": [p.start for p in phases],
        "end": [p.end for p in phases],
        "lead": [p.lead_start for p in phases],
        "component": [p.component for p in phases],
        "directions": [p.directions for p in phases],
        "confidence": [p.confidence for p in phases],
        "states": [p.states[0] | p.states[1] << STATE_BITS | p.states[2] << 2 * STATE_BITS for p in phases],
        "special": [_special(p) for p in phases],
    }


def _passage_columns(passages: Mapping[int, list[PassagePhase]]) -> dict[str, list[Any]]:
    passed = [p for phases in passages.values() for p in phases]
    return {
        "eff": [p.eff for p in passed],
        "confidence": [p.confidence for p in passed],
        "everywhere": [p.counts_everywhere for p in passed],
        "directions": [p.directions for p in passed],
        "placement": [placement for placement, phases in passages.items() for _ in phases],
    }


def _special(phase: Phase) -> int:
    if phase.recurring is not None:
        return RECURRING
    is_denial = isinstance(phase.record, Control) and phase.record.control == "denial"
    return ENDED_BY_PASSAGE if is_denial else 0
