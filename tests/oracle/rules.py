"""The six components of one row (a segment in one direction) at one instant, rule by rule.

A `Judge` holds one question's knowledge, profile and user class; a `Row` holds what lies on one segment and answers
`at(t)`. Times are microseconds; states are numbers, worst highest.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from tests.oracle.controls import is_order_in_force, order_instants
from tests.oracle.documents import DAY, Documents, Record, Segment, hours
from tests.oracle.ground import INFINITE, SLACK, Ground, grown, merged, total
from tests.oracle.knowledge import LAND_RELEASE, Knowledge, act_of

GREEN, AMBER, GREY, RED, BLACK = range(5)
STATE_NAMES = ("GREEN", "AMBER", "GREY", "RED", "BLACK")
COMPONENT_ORDER = ("explosive", "physical", "control", "risk", "manual", "verification")
DIMENSIONS = ("mlc", "mass_t", "width_m", "height_m")
MISSION = ("mission_military", "mission_police", "mission_civilian")
LEVELS = ("minimal", "low", "medium", "high")


class Reason:
    """One contribution to a state. `source` and `acts` are kept for the stretches of an explosive reason."""

    __slots__ = ("acts", "component", "confidence", "ids", "rule", "source", "state", "subject")

    def __init__(
        self, component: str, rule: str, state: int, ids: list[str], confidence: float | None, subject: str = ""
    ) -> None:
        self.component, self.rule, self.state, self.ids = component, rule, state, sorted(ids)
        self.confidence, self.subject = confidence, subject
        self.source: Record | None = None
        self.acts: tuple[Record, ...] = ()

    @property
    def order(self) -> tuple[Any, ...]:
        """Return the key by which reasons are listed."""
        return -self.state, COMPONENT_ORDER.index(self.component), self.rule, self.ids, self.subject


class Verdict:
    """The answer for one row at one instant."""

    __slots__ = ("components", "delay_min", "improve", "override", "reasons", "risk", "state", "verified_at")


class Judge:
    """Everything of one question that does not depend on the row."""

    def __init__(
        self, documents: Documents, ground: Ground, knowledge: Knowledge, profile: dict[str, Any], user_class: str
    ) -> None:
        self.documents, self.ground, self.knowledge = documents, ground, knowledge
        self.policy, self.profile, self.user_class = documents.policy, profile, user_class
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


class Row:
    """One segment in one direction: what lies on it, and its state at any instant."""

    def __init__(self, judge: Judge, segment: Segment, direction: str) -> None:
        self.judge, self.segment, self.direction = judge, segment, direction
        self.ground, self.knowledge, self.policy = judge.ground, judge.knowledge, judge.policy
        self.profile = judge.profile
        self.w = self.ground.corridor(segment)
        self.asset_ids = [a["asset_id"] for a in segment.assets]
        self.counting = self._counting()
        self.areas = [a for a in judge.areas if self.ground.touches(segment, a)]
        self.seasons = [s for s in judge.seasons if s.geometry is None or self.ground.touches(segment, s)]
        self.explosives = [f for f in judge.explosives if self.ground.distance(segment, f) < INFINITE]
        self.physicals = [f for f in judge.physicals if self._is_here(f)]
        self.controls = [c for c in judge.controls if self._is_here(c) and self._is_this_way(c)]
        self.passages = {c.id: self._passages(c) for c in self.controls if c.p["control"] == "denial"}
        self.incidents = [(i, self._nearness(i)) for i in judge.incidents]
        self.incidents = [(i, k) for i, k in self.incidents if k > 0]
        self.manuals = [m for m in judge.manuals if self._is_under(m)]
        self._rests: dict[tuple[str, ...], BaseGeometry] = {}
        self._high: dict[tuple[str, ...], bool] = {}

    # where

    def _is_here(self, fact: Record) -> bool:
        if fact.p.get("asset"):
            return fact.p["asset"] in self.asset_ids
        if fact.p.get("segments"):
            return self.segment.id in fact.segment_ids
        d = self.ground.distance(self.segment, fact)
        return d < INFINITE and self.ground.reaches(d - self.ground.uncertainty(fact), self.w)

    def _is_under(self, manual: Record) -> bool:
        if manual.p["mode"] == "worsen":
            return self._is_here(manual)
        length = self.ground.lines[self.segment.id].length
        parts = [s for s in manual.p["segments"] if s["id"] == self.segment.id]
        return any((s.get("from_m") or 0) <= 0 and (s.get("to_m") is None or s["to_m"] >= length) for s in parts)

    def _is_coarse(self, fact: Record) -> bool:
        is_named = fact.p.get("asset") or fact.p.get("segments")
        return not is_named and self.ground.is_coarse(self.segment, fact)

    def _is_this_way(self, record: Record) -> bool:
        return record.p.get("direction", "both") in ("both", self.direction)

    # verification

    def _counting(self) -> list[tuple[Record, list[tuple[float, float]]]]:
        out = []
        for v in self.judge.proofs:
            if self._is_this_way(v) and self._is_class_proven(v):
                cover = self.ground.cover(self.segment, v)
                if cover:
                    out.append((v, cover))
        return sorted(out, key=lambda pair: (-pair[0].eff, pair[0].id))

    def _is_class_proven(self, v: Record) -> bool:
        passed = v.p.get("passed")
        if self.judge.fits(passed):
            return True
        if not self._are_limits_known():
            return False
        is_search = v.p["strength"] in ("route_search", "engineer_recce")
        return is_search or (
            passed is not None and self.judge.documents.profiles[passed]["vehicle"] in ("wheeled", "tracked")
        )

    def _are_limits_known(self) -> bool:
        limits = self.segment.limits
        has_class = limits.get("mlc") is not None or limits.get("mass_t") is not None
        has_size = limits.get("width_m") is not None and limits.get("height_m") is not None
        return has_class and has_size and all(has_required_limit(a) for a in self.segment.assets)

    def verified(self, t: int) -> tuple[int | None, list[Record]]:
        """Return verified_at and the verifications it rests on."""
        intervals: list[tuple[float, float]] = []
        for v, cover in self.counting:
            if v.eff <= t:
                intervals.extend(cover)
                if self.ground.is_covered(self.segment, intervals):
                    return v.eff, [o for o, _ in self.counting if v.eff <= o.eff <= t]
        return None, []

    def limit_us(self, t: int) -> int:
        """Return T at t."""
        active = [a for a in self.areas if is_within(a, t)]
        level = "high"
        if active and not self._is_partly_outside(active):
            level = max((a.p["level"] or "high" for a in active), key=LEVELS.index)
        seasons = [s.p["season"] for s in self.seasons if is_within(s, t)]
        limit = hours(self.policy["verification_h"][level])
        if self.segment.road_type != "X" and ("wet" in seasons or not seasons):
            limit = min(limit, hours(self.policy["wet_h"][self.segment.road_type]))
        return limit

    def _is_partly_outside(self, areas: list[Record]) -> bool:
        key = tuple(a.id for a in areas)
        if key not in self._high:
            inside = merged([i for a in areas for i in self.ground.inside(self.segment, a)])
            left = self.ground.lines[self.segment.id].length - total(inside)
            if 0.5 < left < 1.5:
                self.ground.close_calls.append(f"{self.segment.id}: {left:.3f} m in no threat area")
            self._high[key] = left > 1 - SLACK
        return self._high[key]

    def verification(self, t: int) -> tuple[Reason, int | None]:
        """Return the reason V1, V2 or V3, and verified_at."""
        verified_at, proofs = self.verified(t)
        ids = [v.id for v in proofs]
        confidence = min((self.knowledge.own_confidence(v) for v in proofs), default=None)
        limit = self.limit_us(t)
        if verified_at is not None and t - verified_at <= limit:
            return Reason("verification", "V1", GREEN, ids, confidence), verified_at
        if verified_at is not None and t - verified_at <= 2 * limit:
            return Reason("verification", "V2", AMBER, ids, confidence), verified_at
        return Reason("verification", "V3", GREY, ids, confidence), verified_at

    # explosive

    def explosive(self, t: int, erroneous: frozenset[str]) -> list[Reason]:
        """Return the reasons X1, X2 and X3."""
        out = []
        for f in self.explosives:
            if f.id in erroneous or (f.p.get("new_emplacement") and t < f.eff):
                continue
            acts = [a for a in self.knowledge.acts_on.get(f.id, ()) if self.judge.works(a, f, t)]
            if any(act_of(a) == "destroyed" for a in acts):
                continue
            land = tuple(a for a in acts if act_of(a) in LAND_RELEASE)
            e = self.reach(f, land)
            level = self.knowledge.level(f, erroneous)
            if e < INFINITE and self.ground.reaches(e, self.w):
                state = {"confirmed": BLACK, "suspected": RED, "doubtful": AMBER}[level]
                coarse = self.ground.is_coarse(self.segment, f)
                state = lowered(state) if coarse else state
                reason = Reason("explosive", "X2" if coarse else "X1", state, [f.id], None)
            elif e < INFINITE and self.ground.reaches(e, max(self.policy["near_band_m"], self.w)):
                reason = Reason("explosive", "X3", AMBER, [f.id], None)
            else:
                continue
            c = self.knowledge.confidence(f, erroneous)
            sure = f.p["hazard"] == "cha" or self.knowledge.is_eod_confirmed(f)
            reason.confidence = max(c, 0.95) if sure else c
            reason.source, reason.acts = f, land
            out.append(reason)
        return out

    def rest(self, f: Record, acts: tuple[Record, ...]) -> tuple[BaseGeometry, float]:
        """Return what these acts leave of a hazard, in the segment's frame, and the uncertainty still to add."""
        shape, u = self.ground.shape(self.segment, f), self.ground.uncertainty(f)
        assert shape is not None
        if not acts:
            return shape, u
        surveyed = f.p["location"]["method"] == "survey"
        key = (f.id, *(a.id for a in acts))
        if key not in self._rests:
            polygons = [self.ground.shape(self.segment, a) for a in acts]
            released = shapely.union_all([grown(p, 0.5) for p in polygons if p is not None])
            self._rests[key] = shapely.difference(shape if surveyed else grown(shape, u), released)
        return self._rests[key], u if surveyed else 0.0

    def reach(self, f: Record, acts: tuple[Record, ...]) -> float:
        """Return e, infinite when nothing of the hazard is left."""
        rest, u = self.rest(f, acts)
        if not acts:
            return self.ground.distance(self.segment, f) - u
        if rest.is_empty:
            return INFINITE
        return float(shapely.distance(self.ground.lines[self.segment.id].shape, rest)) - u

    # physical

    def physical(self, t: int, erroneous: frozenset[str]) -> list[Reason]:
        """Return the reasons P1 to P5."""
        worst: dict[tuple[str, str, str | None], tuple[int, float | None]] = {}

        def add(subject: str, rule: str, source: str | None, state: int, confidence: float | None) -> None:
            key = subject, rule, source
            worst[key] = max(worst.get(key, (GREEN, confidence)), (state, confidence), key=lambda pair: pair[0])

        for rule, state in self._limits(self.segment.limits, False):
            add("segment", rule, None, state, None)
        for asset in self.segment.assets:
            for rule, state in self._limits(asset.get("limits") or {}, False):
                add(asset["asset_id"], rule, None, state, None)
            if not has_required_limit(asset):
                add(asset["asset_id"], "P4", None, self._unknown(), None)
        for f in self.physicals:
            if t < f.eff:
                continue
            subject, coarse = f.p.get("asset") or "segment", self._is_coarse(f)
            acts = self.knowledge.acts_on.get(f.id, ())
            repairs = [a for a in acts if act_of(a) == "repaired" and f.eff <= a.eff <= t]
            if repairs:
                repair = max(repairs, key=lambda a: (a.eff, a.id))
                for rule, state in self._repair_limits(repair, f):
                    add(subject, rule, repair.id, lowered(state) if coarse else state, None)
            if repairs or f.id in erroneous:
                continue
            level, c = self.knowledge.level(f, erroneous), self.knowledge.confidence(f, erroneous)
            found = self._limits(f.p.get("limits") or {}, True)
            if not self._is_crossed(f, t):
                found.extend(self._damage(f))
            for rule, state in found:
                state = capped(state, level)
                add(subject, rule, f.id, lowered(state) if coarse else state, c)
        return [
            Reason("physical", rule, state, [source] if source else [], c, subject)
            for (subject, rule, source), (state, c) in worst.items()
        ]

    def _unknown(self) -> int:
        return AMBER if self.profile["mass_t"] <= self.policy["light_mass_t"] else GREY

    def _limits(self, limits: dict[str, float | None], null_is_unknown: bool) -> list[tuple[str, int]]:
        out = []
        for name, value in limits.items():
            if value is None:
                if null_is_unknown:
                    out.append(("P4", self._unknown()))
                continue
            need = self.profile["ford_depth_m"] if name == "depth_m" else self.profile[name]
            r = ratio(value, need) if name == "depth_m" else ratio(need, value)
            if r > 1:
                out.append(("P2", BLACK))
            elif r >= self.policy["limit_amber"] - SLACK:
                out.append(("P3", AMBER))
        return out

    def _repair_limits(self, repair: Record, f: Record) -> list[tuple[str, int]]:
        limits = repair.p.get("limits") or {}
        out = self._limits(limits, True)
        weakens = f.p["damage"] in ("destroyed", "washed_out", "damaged")
        if weakens and limits.get("mlc") is None and limits.get("mass_t") is None:
            out.append(("P4", self._unknown()))
        return out

    def _damage(self, f: Record) -> list[tuple[str, int]]:
        damage, depth = f.p["damage"], f.p.get("depth_m")
        if damage in ("destroyed", "washed_out", "blocked"):
            return [("P1", BLACK)]
        if damage == "flooded" and (depth is None or ratio(depth, self.profile["ford_depth_m"]) > 1):
            return [("P1", BLACK)]
        return [("P5", AMBER)] if damage in ("flooded", "damaged") else []

    def _is_crossed(self, f: Record, t: int) -> bool:
        names = {f.id, f.p.get("asset")}
        return any(
            f.eff < v.eff <= t and self.judge.fits(v.p.get("passed")) and names.intersection(v.p.get("crossed") or ())
            for v in self.judge.proofs
        )

    # control

    def _passages(self, denial: Record) -> list[int]:
        return [
            v.eff
            for v in self.judge.proofs
            if v.p.get("unimpeded")
            and v.p.get("user_class") == denial.p["user_class"]
            and v.eff > denial.eff
            and self._is_this_way(v)
            and self.ground.is_covered(self.segment, self.ground.cover(self.segment, v))
        ]

    def control(self, t: int, erroneous: frozenset[str]) -> tuple[list[Reason], float]:
        """Return the reasons H1 to H4, and the delay in minutes."""
        out, delays = [], []
        for c in self.controls:
            if c.id in erroneous or self.judge.is_lifted(c, t):
                continue
            found = self._control_state(c, t)
            if found is None:
                continue
            rule, state = found
            state = capped(state, self.knowledge.level(c, erroneous))
            state = lowered(state) if self._is_coarse(c) else state
            out.append(Reason("control", rule, state, [c.id], self.knowledge.confidence(c, erroneous)))
            if rule == "H4" and c.p.get("delay_min") is not None:
                delays.append(c)
        return out, self._delay(delays, erroneous)

    def _control_state(self, c: Record, t: int) -> tuple[str, int] | None:
        kind, age = c.p["control"], t - c.eff
        if kind == "order":
            classes = c.p["user_classes"]
            applies = "all" in classes or self.judge.user_class in classes
            if not applies or not is_order_in_force(c, t, self.ground.travel_us(self.segment)):
                return None
            return "H1", BLACK if c.p["effect"] == "prohibited" else RED
        if age < 0:
            return None
        if kind in ("toll", "delay"):
            return ("H4", AMBER) if age <= hours(self.policy["toll_h"]) else None
        if any(eff <= t for eff in self.passages[c.id]) or (c.end is not None and t > c.end):
            return None
        denied, asked = c.p["user_class"], self.judge.user_class
        if denied != asked and not (denied in MISSION and asked in MISSION):
            return ("H3", AMBER) if age <= hours(self.policy["denial_other_h"]) else None
        if c.end is not None or age <= hours(self.policy["denial_red_h"]):
            return "H2", RED
        return ("H2", AMBER) if age <= hours(self.policy["denial_amber_h"]) else None

    def _delay(self, delays: list[Record], erroneous: frozenset[str]) -> float:
        same = self.knowledge.duplicates(erroneous)
        largest: dict[str, Record] = {}
        for c in delays:
            key = same.get(c.id, c.id)
            best = largest.get(key)
            if best is None or (c.p["delay_min"], c.eff, c.id) > (best.p["delay_min"], best.eff, best.id):
                largest[key] = c
        latest = sorted(largest.values(), key=lambda c: (c.eff, c.id))[-5:]
        return float(statistics.median(c.p["delay_min"] for c in latest)) if latest else 0.0

    # risk

    def _nearness(self, incident: Record) -> float:
        d = self.ground.distance(self.segment, incident)
        near, far = self.policy["risk_near_m"], self.policy["risk_far_m"]
        x = max(0.0, d - self.ground.uncertainty(incident))
        if x <= near:
            return 1.0
        return 0.0 if x >= far else float((far - x) / (far - near))

    def terms(self, t: int, erroneous: frozenset[str]) -> dict[str, tuple[str, float]]:
        """Return group and own term of every incident that counts at t."""
        groups, out = self.knowledge.groups(erroneous), {}
        for i, k in self.incidents:
            if i.eff <= t and i.id not in erroneous:
                weight = self.policy["incident"][i.p["type"]]
                decay = 2.0 ** (-((t - i.eff) / (weight["half_life_d"] * DAY)))
                group = groups[i.id].key if i.id in groups else i.id
                out[i.id] = group, weight["s"] * self.knowledge.confidence(i, erroneous) * decay * k
        return out

    def risk(self, t: int, erroneous: frozenset[str]) -> tuple[float, dict[str, tuple[str, float]]]:
        """Return R and the terms."""
        terms = self.terms(t, erroneous)
        return noisy_or(largest_terms(terms.values()).values()), terms

    def risk_state(self, r: float) -> int:
        """Return the state of a risk."""
        if r >= self.policy["risk_red"] - SLACK:
            return RED
        return AMBER if r >= self.policy["risk_amber"] - SLACK else GREEN

    def risk_reasons(self, erroneous: frozenset[str], r: float, terms: dict[str, tuple[str, float]]) -> list[Reason]:
        """Return the reason R1, if any."""
        state = self.risk_state(r)
        if state == GREEN:
            return []
        listed = [i for i, (_, term) in terms.items() if term >= 0.001]
        c = min(self.knowledge.confidence(self.knowledge.known[i], erroneous) for i in listed)
        return [Reason("risk", "R1", state, listed, c)]

    # manual and the whole

    def worsened(self, t: int) -> list[Reason]:
        """Return the reasons S1."""
        return [
            Reason("manual", "S1", STATE_NAMES.index(m.p["state"]), [m.id], None)
            for m in self.manuals
            if m.p["mode"] == "worsen" and is_in_force(m, t, True) and not self.judge.is_lifted(m, t)
        ]

    def improvements(self, t: int) -> list[Record]:
        """Return the improvements in force here at t that are valid in themselves."""
        return [
            m
            for m in self.manuals
            if m.p["mode"] == "improve"
            and why_not_improve(m, self.policy) is None
            and is_in_force(m, t, False)
            and not self.judge.is_lifted(m, t)
        ]

    def at(self, t: int) -> Verdict:
        """Return the state at t with everything that explains it."""
        erroneous = self.knowledge.erroneous_at(t)
        verification, verified_at = self.verification(t)
        control, delay = self.control(t, erroneous)
        r, terms = self.risk(t, erroneous)
        found = [verification, *self.explosive(t, erroneous), *self.physical(t, erroneous), *control]
        found += [*self.risk_reasons(erroneous, r, terms), *self.worsened(t)]
        verdict = Verdict()
        verdict.components = dict.fromkeys(COMPONENT_ORDER, GREEN)
        for reason in found:
            verdict.components[reason.component] = max(verdict.components[reason.component], reason.state)
        verdict.state = computed = max(verdict.components.values())
        verdict.override = None
        verdict.improve = [m for m in self.improvements(t) if STATE_NAMES.index(m.p["state"]) < computed]
        if verdict.improve and not self.blocker(verdict):
            worst = max(verdict.improve, key=lambda m: STATE_NAMES.index(m.p["state"]))
            verdict.state = max(STATE_NAMES.index(worst.p["state"]), verdict.components["manual"])
            verdict.override = worst.id
            for m in verdict.improve:
                found.append(Reason("manual", "S2", STATE_NAMES.index(m.p["state"]), [m.id], None))
        verdict.reasons = sorted((r for r in found if r.state > GREEN or r is verification), key=lambda r: r.order)
        verdict.risk, verdict.verified_at, verdict.delay_min = r, verified_at, delay
        return verdict

    @staticmethod
    def blocker(verdict: Verdict) -> str | None:
        """Return the component that no improvement may lift, or None."""
        if verdict.components["explosive"] >= RED:
            return "explosive"
        return "physical" if verdict.components["physical"] == BLACK else None

    def instants(self) -> Iterable[int]:
        """Yield every instant at which anything here but the decay of risk may change."""
        ages = {self.limit_us(t + step) for t in self._limit_instants() for step in (-1, 0, 1)}
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


def has_required_limit(asset: dict[str, Any]) -> bool:
    """Return whether an asset has the limit that its type requires."""
    limits = {name for name, value in (asset.get("limits") or {}).items() if value is not None}
    required: dict[str, set[str]] = {"tunnel": {"height_m"}, "ford": {"depth_m"}, "pass": set()}
    if asset["type"] in required:
        return required[asset["type"]] <= limits
    return bool(limits & {"mlc", "mass_t"})


def why_not_improve(m: Record, policy: dict[str, Any]) -> str | None:
    """Return why an improvement is refused whatever the road, or None."""
    if m.p["role"] != "chief_joc":
        return "role"
    if m.p["state"] == "GREEN":
        return "green"
    if m.expires is None or m.expires - m.eff > hours(policy["override_max_h"]):
        return "expiry"
    return "bulk" if len(set(m.segment_ids)) > 50 and m.signatures < 2 else None


def is_within(record: Record, t: int) -> bool:
    """Return whether t lies in [start, end], a missing bound being open."""
    return (record.start is None or record.start <= t) and (record.end is None or t <= record.end)


def is_in_force(manual: Record, t: int, to_the_end: bool) -> bool:
    """Return whether a manual state holds at t; a worsening holds at its expiry, an improvement does not."""
    if manual.eff > t:
        return False
    return manual.expires is None or t < manual.expires or (to_the_end and t == manual.expires)


def capped(state: int, level: str) -> int:
    """Return a state as bad as a report of this level can make it."""
    if level == "doubtful":
        return min(state, AMBER)
    return RED if level == "suspected" and state == BLACK else state


def lowered(state: int) -> int:
    """Return one level down for a coarse place."""
    return {BLACK: RED, RED: AMBER, GREY: AMBER}.get(state, state)


def ratio(need: float, limit: float) -> float:
    """Return need / limit, infinite over a limit of nothing."""
    return need / limit if limit else (INFINITE if need else 0.0)


def largest_terms(terms: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the largest term of each group."""
    out: dict[str, float] = {}
    for group, term in terms:
        out[group] = max(out.get(group, 0.0), term)
    return out


def noisy_or(terms: Iterable[float]) -> float:
    """Return the chance that at least one happens."""
    quiet = 1.0
    for term in terms:
        quiet *= 1 - term
    return 1 - quiet
