"""What is known on the network at a moment: which records, which hazards are open, which segments an incident is near.

For questions that are not about one segment: benchmarks, registers of hazards, sitreps.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from fom.domain.closing import LAND_RELEASE
from fom.domain.grades import Level
from fom.domain.knowledge import Knowledge
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.records import Explosive, Incident, Record
from fom.picture.bindings import NO_ACTS
from fom.picture.case import Basis
from fom.picture.pairs import Selection
from fom.picture.releasing import remainder


class Survey:
    """Reads one state of the picture; what is added later does not show."""

    def __init__(self, basis: Basis, knowledge: Knowledge) -> None:
        self._basis, self._knowledge = basis, knowledge

    def known(self, kind: str) -> Iterator[Record]:
        """Yield the records of a kind that are known and not retracted."""
        return (r for r in self._basis.ledger.of_kind(kind) if self._knowledge.is_known(r))

    def closed_from(self, fact: Record, *acts: str) -> int:
        """Return the moment from which a fact is gone by acts of these kinds, ALWAYS_US when never."""
        return self._knowledge.closed_from(fact, *acts)

    def group_of(self, fact: Record, at: int) -> str:
        """Return the name of the group a fact counts with at a moment; linked duplicates share one."""
        return next((s.group for s in self._knowledge.standing(fact) if s.start_us <= at < s.end_us), fact.id)

    def level_of(self, hazard: Explosive, at: int) -> Level | None:
        """Return how sure an open explosive hazard is at a moment, None when nothing of it is left or it is not yet."""
        if (hazard.new_emplacement and hazard.eff > at) or not self.is_open(hazard, at):
            return None
        standing = next((s for s in self._knowledge.standing(hazard) if s.start_us <= at < s.end_us), None)
        return None if standing is None else self._knowledge.level(hazard, standing.confidence)

    def place_of(self, record: Record) -> tuple[BaseGeometry, float] | None:
        """Return the shape of a record, degrees, and within how many metres of it the true place may lie."""
        shape = shape_of(record)
        return None if shape is None else (shape, uncertainty_m(record.location, self._knowledge.policy))

    def segments_near(self, incident: Incident) -> NDArray[np.int64]:
        """Return the segments within the near radius (500 m) of an incident, ascending."""
        pairs = self._basis.bindings.risks
        placement = self._basis.bindings.place_of.get((incident.id, NO_ACTS))
        if placement is None:
            return np.empty(0, np.int64)
        segments = pairs.segments_of[placement].astype(np.int64)
        found = pairs.view().gather(Selection(segments))
        return np.unique(segments[found["row"][(found["placement"] == placement) & (found["nearness"] >= 1.0)]])

    def is_open(self, hazard: Explosive, at: int) -> bool:
        """Return whether anything of an explosive hazard is left at a moment, for the class it was released for."""
        if self._knowledge.closed_from(hazard, "destroyed", "erroneous") <= at:
            return False
        acts = [
            act.id
            for act in self._knowledge.valid_acts(hazard, *LAND_RELEASE)
            if any(start <= at < end for start, end in self._knowledge.release_periods(act))
        ]
        return not acts or not remainder(hazard, acts, self._basis.bindings, self._knowledge.policy)[0].is_empty
