"""The whole answer to one question: rows with reasons and next change, routes, and the lists.

`assess` takes the two JSON documents and returns a `fom-assessment/1` document as a dict.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.control import MEASURED
from tests.oracle.documents import DAY, SECOND, Documents, Record, instant, instant_text
from tests.oracle.explosive import rest
from tests.oracle.ground import Ground
from tests.oracle.judge import Judge
from tests.oracle.knowledge import Knowledge, first_why
from tests.oracle.manual import blocker, why_not_improve
from tests.oracle.risk import largest_terms, noisy_or, own_terms, risk, risk_state
from tests.oracle.row import Row
from tests.oracle.states import COMPONENT_ORDER, STATE_NAMES, Reason, Verdict

HORIZON = 60 * DAY
Verdicts = dict[tuple[str, str], tuple[Row, Verdict]]


class Answer:
    """One question put to one pair of documents; `document` is the answer, `close_calls` what was too close to call."""

    def __init__(
        self,
        network: dict[str, Any],
        facts: dict[str, Any],
        *,
        at: str,
        known_at: str,
        profile: str,
        user_class: str,
        with_next_change: bool = True,
    ) -> None:
        self.documents = Documents(network, facts)
        self.ground = Ground(self.documents)
        self.at = instant(at)
        self.knowledge = Knowledge(self.documents, self.ground, instant(known_at))
        self.judge = Judge(self.knowledge, self.documents.profiles[profile], user_class, self.at)
        self.with_next_change = with_next_change
        one_way_records = {
            s for r in self.knowledge.known.values() if r.p.get("direction", "both") != "both" for s in r.segment_ids
        }
        self.verdicts: Verdicts = {}
        rows: list[dict[str, Any]] = []
        for segment in self.documents.segments.values():
            for direction in segment.directions:
                if direction == "backward" and segment.id not in one_way_records:
                    rows.append({**rows[-1], "direction": "backward"})
                    self.verdicts[segment.id, direction] = self.verdicts[segment.id, "forward"]
                    continue
                row = Row(self.judge, segment, direction)
                verdict = row.at(self.at)
                self.verdicts[segment.id, direction] = row, verdict
                rows.append(self.row_document(row, verdict))
        self.document: dict[str, Any] = {
            "format": "fom-assessment/1",
            "at": instant_text(self.at),
            "known_at": instant_text(self.knowledge.known_at),
            "profile": profile,
            "user_class": user_class,
            "segments": rows,
            "routes": [self.route_document(r) for r in self.documents.of_kind("route") if self.knowledge.is_known(r)],
            "unplaced": self.unplaced(),
            "refused": self.refused(),
            "warnings": [],
        }

    @property
    def close_calls(self) -> list[str]:
        """Return what lies too near a geometric threshold for two right programs to agree."""
        return self.ground.close_calls

    def row_document(self, row: Row, verdict: Verdict) -> dict[str, Any]:
        """Return one row of the answer."""
        return {
            "segment_id": row.segment.id,
            "direction": row.direction,
            "state": STATE_NAMES[verdict.state],
            "components": {name: STATE_NAMES[verdict.components[name]] for name in COMPONENT_ORDER},
            "risk": verdict.risk,
            "confidence": shown_confidence(verdict),
            "verified_at": None if verdict.verified_at is None else instant_text(verdict.verified_at),
            "delay_min": verdict.delay_min,
            "override": verdict.override,
            "reasons": [self.reason_document(row, reason) for reason in verdict.reasons],
            "next_change": self.next_change(row, verdict) if self.with_next_change else None,
        }

    def reason_document(self, row: Row, reason: Reason) -> dict[str, Any]:
        """Return one reason of a row."""
        records = [self.documents.records[i] for i in reason.ids]
        out: dict[str, Any] = {
            "component": reason.component,
            "rule": reason.rule,
            "state": STATE_NAMES[reason.state],
            "fact_ids": reason.ids,
            "confidence": reason.confidence,
            "flags": sorted({flag for r in records for flag in self.knowledge.flags(r, self.at)}),
        }
        if reason.subject:
            out["subject"] = reason.subject
        if reason.rule in ("X1", "X2") and reason.source is not None:
            left, u = rest(row, reason.source, reason.acts)
            reach = u + row.w
            error = max(0.05, 0.001 * (self.ground.uncertainty(reason.source) + row.w))
            for name, radius in (("stretches_m", reach), ("inner_m", reach - error), ("outer_m", reach + error)):
                parts = self.ground.stretches(row.segment, left, radius)
                out[name] = [[round(a), round(b)] for a, b in parts]
        return out

    def next_change(self, row: Row, verdict: Verdict) -> dict[str, Any] | None:
        """Return the first instant within 60 days at which the state differs, and that state."""
        last = self.at + HORIZON
        instants = {i for i in row.instants() if self.at <= i <= last}
        orders = {i for i in row.order_instants(self.at, last) if self.at <= i <= last}
        instants |= orders
        is_measured = row.segment.p.get("length_m") is None
        points = sorted(instants | {self.at})
        for here, following in zip(points, [*points[1:], last + 1], strict=True):
            for t in (here, here + 1):
                state = row.at(t).state
                if state != verdict.state:
                    if is_measured and any(0 < abs(i - here) <= MEASURED for i in orders):
                        self.ground.close_calls.append(f"an order turns just beside {here} on {row.segment.id}")
                    return {"at": instant_text(here), "state": STATE_NAMES[state]}
            for t in self.risk_crossings(row, here + 1, following - 1):
                state = row.at(t).state
                if state != verdict.state:
                    return {"at": instant_text(t), "state": STATE_NAMES[state], "by_risk": True}
        return None

    def risk_crossings(self, row: Row, low: int, high: int) -> list[int]:
        """Return the instants, to the second, at which the decaying risk falls below a threshold."""
        if high <= low or not row.incidents:
            return []
        erroneous = self.knowledge.erroneous_at(low)

        def state(t: int) -> int:
            return risk_state(row, risk(row, t, erroneous)[0])

        out = []
        first, final = state(low), state(high)
        while first != final:
            above, below = low, high
            while below - above > SECOND:
                middle = (above + below) // 2
                above, below = (middle, below) if state(middle) == first else (above, middle)
            out.append(below)
            low, first = below, state(below)
        return out

    def route_document(self, route: Record) -> dict[str, Any]:
        """Return one route: worst state, oldest verification, lowest confidence, risk over distinct incidents."""
        parts = [self.verdicts[s["id"], s.get("direction") or "forward"] for s in route.p["segments"]]
        erroneous = self.knowledge.erroneous_at(self.at)
        terms = [pair for row, _ in parts for pair in own_terms(row, self.at, erroneous).values()]
        confidences = [c for c in (shown_confidence(v) for _, v in parts) if c is not None]
        verified = [v.verified_at for _, v in parts]
        oldest = min((i for i in verified if i is not None), default=None)
        return {
            "route_id": route.id,
            "state": STATE_NAMES[max(v.state for _, v in parts)],
            "risk": noisy_or(largest_terms(terms).values()),
            "confidence": min(confidences, default=None),
            "verified_at": None if oldest is None or None in verified else instant_text(oldest),
        }

    def unplaced(self) -> list[str]:
        """Return the ids of the known facts and verifications that touch no segment for want of a place."""
        kinds = ("explosive", "physical", "control", "incident", "verification")
        return sorted(
            r.id
            for r in self.knowledge.known.values()
            if r.kind in kinds and self.ground.geometry(r) is None and not r.p.get("segments") and not r.p.get("asset")
        )

    def refused(self) -> list[dict[str, str]]:
        """Return the records without effect and why."""
        whys: dict[str, str | None] = {}
        for r in self.knowledge.known.values():
            if r.kind == "retraction" and not self.knowledge.is_retraction_allowed(r):
                whys[r.id] = "two_persons"
            elif r.kind == "closing_act":
                facts = [self.documents.records[i] for i in r.p["closes"]]
                whys[r.id] = first_why(w for w in (self.knowledge.why_not(r, f) for f in facts) if w)
            elif r.kind == "manual" and r.p["mode"] == "improve":
                whys[r.id] = why_not_improve(r, self.documents.policy) or first_why(self.blockers(r))
        return [{"id": i, "why": why} for i, why in sorted(whys.items()) if why is not None]

    def blockers(self, improve: Record) -> list[str]:
        """Return the components for which an improvement stays without effect where it would have helped."""
        blocked = [blocker(v) for _, v in self.verdicts.values() if improve in v.improve]
        return [why for why in blocked if why is not None]


def shown_confidence(verdict: Verdict) -> float | None:
    """Return the confidence of a row: the lowest among the reasons that decide its state."""
    if verdict.override is not None:
        return None
    deciding = [r.confidence for r in verdict.reasons if r.state == verdict.state and r.confidence is not None]
    return min(deciding, default=None)


def assess(network: dict[str, Any], facts: dict[str, Any], **question: str) -> dict[str, Any]:
    """Return the fom-assessment/1 answer to a question with `at`, `known_at`, `profile` and `user_class`."""
    return Answer(network, facts, **question).document  # type: ignore[arg-type]
