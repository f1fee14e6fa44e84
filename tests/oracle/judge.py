"""One question's knowledge, profile and user class: everything that does not depend on the segment."""

from __future__ import annotations

from typing import Any

from tests.oracle.documents import Record
from tests.oracle.ground import INFINITE
from tests.oracle.knowledge import LAND_RELEASE, Knowledge, act_of

DIMENSIONS = ("mlc", "mass_t", "width_m", "height_m")


class Judge:
    """Everything of one question that does not depend on the row."""

    def __init__(self, knowledge: Knowledge, profile: dict[str, Any], user_class: str, at: int) -> None:
        self.documents, self.ground, self.knowledge = knowledge.documents, knowledge.ground, knowledge
        self.policy, self.profile, self.user_class, self.at = knowledge.policy, profile, user_class, at
        self.explosives = knowledge.of_kind("explosive")
        self.physicals = knowledge.of_kind("physical")
        self.controls = knowledge.of_kind("control")
        self.incidents = knowledge.of_kind("incident")
        self.manuals = knowledge.of_kind("manual")
        self.proofs = [v for v in knowledge.of_kind("verification") if knowledge.verifies(v)]
        self.areas = knowledge.of_kind("threat_area")
        self.seasons = knowledge.of_kind("season")
        self._gaps: dict[tuple[str, str], bool] = {}

    def fits(self, passed: str | None) -> bool:
        """Return whether the class that passed is at least the asked profile in each dimension."""
        if passed is None:
            return False
        other = self.documents.profiles[passed]
        return all(other[d] >= self.profile[d] for d in DIMENSIONS)

    def works(self, act: Record, fact: Record, t: int) -> bool:
        """Return whether an act that names an explosive or physical fact ends (its part of) it at t."""
        kind = act_of(act)
        if act.eff > t or (kind != "erroneous" and act.eff < fact.eff):
            return False
        if kind not in LAND_RELEASE:
            return True
        traffic = act.p.get("traffic_mlc")
        return (traffic is None or self.profile["mlc"] <= traffic) and not self.is_reopened(act, t)

    def is_reopened(self, act: Record, t: int) -> bool:
        """Return whether a later report of new emplacement on the act's land stops it."""
        erroneous = self.knowledge.erroneous_at(t)
        return any(
            n.p.get("new_emplacement")
            and act.eff <= n.eff <= t
            and n.id not in erroneous
            and self.knowledge.level(n, erroneous) != "doubtful"
            and self._lies_on(n, act)
            for n in self.explosives
        )

    def _lies_on(self, n: Record, act: Record) -> bool:
        if (n.id, act.id) not in self._gaps:
            gap = self.ground.gap_to_act(n, act) - self.ground.uncertainty(n)
            self._gaps[n.id, act.id] = gap < INFINITE and self.ground.reaches(gap, 0.0)
        return self._gaps[n.id, act.id]

    def is_lifted(self, record: Record, t: int) -> bool:
        """Return whether a control or manual state has been lifted by t."""
        acts = self.knowledge.acts_on.get(record.id, ())
        return any(act_of(a) == "lifted" and record.eff <= a.eff <= t for a in acts)
