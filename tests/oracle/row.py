"""One row: a segment in one direction, what lies on it, its state at any instant, and when that may change."""

from __future__ import annotations

from collections.abc import Iterable

from shapely.geometry.base import BaseGeometry

from tests.oracle import control, explosive, manual, physical, risk, verification
from tests.oracle.documents import Record, Segment, hours
from tests.oracle.ground import INFINITE
from tests.oracle.judge import Judge
from tests.oracle.knowledge import act_of
from tests.oracle.orders import order_instants
from tests.oracle.states import COMPONENT_ORDER, GREEN, STATE_NAMES, Reason, Verdict


class Row:
    """One segment in one direction: what lies on it, and its state at any instant."""

    def __init__(self, judge: Judge, segment: Segment, direction: str) -> None:
        self.judge, self.segment, self.direction = judge, segment, direction
        self.ground, self.knowledge, self.policy = judge.ground, judge.knowledge, judge.policy
        self.profile = judge.profile
        self.w = self.ground.corridor(segment)
        self.asset_ids = [a["asset_id"] for a in segment.assets]
        self.counting = verification.find_counting(self)
        self.areas = [a for a in judge.areas if self.ground.touches(segment, a)]
        self.seasons = [s for s in judge.seasons if s.geometry is None or self.ground.touches(segment, s)]
        self.explosives = [f for f in judge.explosives if self.ground.distance(segment, f) < INFINITE]
        self.physicals = [f for f in judge.physicals if self.is_here(f)]
        self.controls = [c for c in judge.controls if self.is_here(c) and self.is_this_way(c)]
        self.passages = {c.id: control.find_passages(self, c) for c in self.controls if c.p["control"] == "denial"}
        self.incidents = [(i, risk.nearness(self, i)) for i in judge.incidents]
        self.incidents = [(i, k) for i, k in self.incidents if k > 0]
        self.manuals = [m for m in judge.manuals if self.is_under(m)]
        self.rests: dict[tuple[str, ...], BaseGeometry] = {}
        self.partly_outside: dict[tuple[str, ...], bool] = {}

    def is_here(self, fact: Record) -> bool:
        """Return whether a fact lies on this segment: by name, or within the corridor."""
        if fact.p.get("asset"):
            return fact.p["asset"] in self.asset_ids
        if fact.p.get("segments"):
            return self.segment.id in fact.segment_ids
        d = self.ground.distance(self.segment, fact)
        return d < INFINITE and self.ground.reaches(d - self.ground.uncertainty(fact), self.w)

    def is_under(self, manual: Record) -> bool:
        """Return whether a manual state holds here; an improvement must name the whole segment at once."""
        if manual.p["mode"] == "worsen":
            return self.is_here(manual)
        length = self.ground.lines[self.segment.id].stated
        parts = [s for s in manual.p["segments"] if s["id"] == self.segment.id]
        return any((s.get("from_m") or 0) <= 0 and (s.get("to_m") is None or s["to_m"] >= length) for s in parts)

    def is_coarse(self, fact: Record) -> bool:
        """Return whether a fact is placed by geometry that says little about this road."""
        is_named = fact.p.get("asset") or fact.p.get("segments")
        return not is_named and self.ground.is_coarse(self.segment, fact)

    def is_this_way(self, record: Record) -> bool:
        """Return whether a record holds in this direction."""
        return record.p.get("direction", "both") in ("both", self.direction)

    def at(self, t: int) -> Verdict:
        """Return the state at t with everything that explains it."""
        erroneous = self.knowledge.erroneous_at(t)
        proof, verified_at = verification.verification(self, t)
        controls, delay = control.control(self, t, erroneous)
        r, terms = risk.risk(self, t, erroneous)
        found = [proof, *explosive.explosive(self, t, erroneous), *physical.physical(self, t, erroneous), *controls]
        found += [*risk.risk_reasons(self, erroneous, r, terms), *manual.worsened(self, t)]
        verdict = Verdict()
        verdict.components = dict.fromkeys(COMPONENT_ORDER, GREEN)
        for reason in found:
            verdict.components[reason.component] = max(verdict.components[reason.component], reason.state)
        verdict.state = computed = max(verdict.components.values())
        verdict.override = None
        verdict.improve = [m for m in manual.improvements(self, t) if STATE_NAMES.index(m.p["state"]) < computed]
        if verdict.improve and not manual.blocker(verdict):
            worst = max(verdict.improve, key=lambda m: STATE_NAMES.index(m.p["state"]))
            verdict.state = max(STATE_NAMES.index(worst.p["state"]), verdict.components["manual"])
            verdict.override = worst.id
            for m in verdict.improve:
                found.append(Reason("manual", "S2", STATE_NAMES.index(m.p["state"]), [m.id], None))
        verdict.reasons = sorted((r for r in found if r.state > GREEN or r is proof), key=lambda r: r.order)
        verdict.risk, verdict.verified_at, verdict.delay_min = r, verified_at, delay
        return verdict

    def instants(self) -> Iterable[int]:
        """Yield every instant at which anything here but the decay of risk may change."""
        ages = {verification.limit_us(self, t + step) for t in self._limit_instants() for step in (-1, 0, 1)}
        ages |= {2 * age for age in ages}
        for v, _ in self.counting:
            yield v.eff
            yield from (v.eff + age for age in ages)
        yield from self._limit_instants()
        named = {f.id for f in (*self.explosives, *self.physicals, *self.controls, *self.manuals)}
        for act in self.knowledge.acts:
            if act_of(act) == "erroneous" or named.intersection(act.p["closes"]):
                yield act.eff
        for n in self.judge.explosives:
            if n.p.get("new_emplacement"):
                yield n.eff
        for f in self.physicals:
            yield f.eff
            yield from (v.eff for v in self.judge.proofs if v.p.get("crossed"))
        for c in self.controls:
            yield from (c.eff, *(i for i in (c.start, c.end) if i is not None), *self.passages.get(c.id, ()))
            for name in ("denial_red_h", "denial_amber_h", "denial_other_h", "toll_h"):
                yield c.eff + hours(self.policy[name])
        for i, _ in self.incidents:
            yield i.eff
        for m in self.manuals:
            yield m.eff
            if m.expires is not None:
                yield m.expires

    def order_instants(self, t: int, until: int) -> Iterable[int]:
        """Yield the instants between t and until at which an order here may begin or end to matter."""
        for c in self.controls:
            if c.p["control"] == "order":
                yield from order_instants(c, t, until, self.ground.travel_us(self.segment))

    def _limit_instants(self) -> list[int]:
        edges = [i for a in (*self.areas, *self.seasons) for i in (a.start, a.end) if i is not None]
        return edges or [0]
