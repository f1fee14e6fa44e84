"""Break one rule of the oracle at a time and see the comparison notice: the net has no hole at any of these places."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from tests.oracle import control, explosive, manual, orders, physical, risk, verification
from tests.oracle.answer import Answer, assess
from tests.oracle.batches import Batch, seeded_batch
from tests.oracle.checking import Disagreement, check_alone
from tests.oracle.documents import HOUR, Documents, Record, Segment
from tests.oracle.ground import Ground
from tests.oracle.judge import Judge
from tests.oracle.knowledge import Knowledge
from tests.oracle.row import Row
from tests.oracle.states import Verdict

SEEDS, SIZE = range(500, 530), 40
Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    """Return the batches of the sample, with the answers of the oracle unbroken."""
    return [seeded_batch(seed, SIZE) for seed in SEEDS]


def first_disagreement(batches: list[Batch]) -> Disagreement | None:
    """Return the first history on which the oracle as it is now disagrees with the answers kept."""
    found = (d for batch in batches for history in batch.histories for d in check_alone(batch, history, assess))
    return next(found, None)


def test_the_oracle_agrees_with_itself(batches: list[Batch]) -> None:
    assert first_disagreement(batches[:5]) is None


def longer_t(patch: pytest.MonkeyPatch) -> None:
    real = verification.limit_us
    patch.setattr(verification, "limit_us", lambda row, t: real(row, t) + 1)


def wider_slack_of_the_corridor(patch: pytest.MonkeyPatch) -> None:
    real = Ground.corridor
    patch.setattr(Ground, "corridor", lambda self, segment: real(self, segment) + 1.5)


def one_signature(patch: pytest.MonkeyPatch) -> None:
    def once(self: Knowledge, retraction: Record) -> bool:
        return True

    patch.setattr(Knowledge, "is_retraction_allowed", once)


def act_before_the_sighting(patch: pytest.MonkeyPatch) -> None:
    real = Judge.works

    def earlier(self: Judge, act: Record, fact: Record, t: int) -> bool:
        if act.eff == fact.eff - 1 or act.eff == fact.eff - HOUR:
            act = Record({"id": act.id, "geometry": act.geometry, "properties": act.p})
            act.eff = fact.eff
        return real(self, act, fact, t)

    patch.setattr(Judge, "works", earlier)


def no_reopening(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Judge, "is_reopened", lambda self, act, t: False)


def newest_grader_wins(patch: pytest.MonkeyPatch) -> None:
    real = Knowledge.own_confidence

    def newest(self: Knowledge, record: Record) -> float:
        grades = sorted(self._grades.get(record.id, ()), key=lambda g: (g.received, g.id))
        return self._value(grades[-1].p["grade"]) if grades else real(self, record)

    patch.setattr(Knowledge, "own_confidence", newest)


def same_origin_corroborates(patch: pytest.MonkeyPatch) -> None:
    def apart(self: Knowledge, component: set[str], pairs: list[tuple[str, str, str]]) -> float:
        voices = [self.own_confidence(self.known[m]) for m in component]
        return float(max(*voices, min(self.policy["corroboration_cap"], 1 - math.prod(1 - v for v in voices))))

    patch.setattr(Knowledge, "_together", apart)


def half_open_orders(patch: pytest.MonkeyPatch) -> None:
    real = orders.is_order_in_force
    patch.setattr(control, "is_order_in_force", lambda order, t, travel: real(order, t + 1, travel))


def crossing_need_not_be_named(patch: pytest.MonkeyPatch) -> None:
    def passed(row: Row, f: Record, t: int) -> bool:
        return any(f.eff < v.eff <= t and row.judge.fits(v.p.get("passed")) for v in row.judge.proofs)

    patch.setattr(physical, "_is_crossed", passed)


def risk_reaches_a_little_further(patch: pytest.MonkeyPatch) -> None:
    real = risk.nearness
    patch.setattr(risk, "nearness", lambda row, i: min(1.0, real(row, i) * 1.01))


def improvement_at_its_expiry(patch: pytest.MonkeyPatch) -> None:
    real = manual.is_in_force
    patch.setattr(manual, "is_in_force", lambda m, t, to_the_end: real(m, t, True))


def direction_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Row, "is_this_way", lambda self, record: True)


def coarse_place_not_lowered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ground, "is_coarse", lambda self, segment, record: False)


def partial_cover_closes_all(patch: pytest.MonkeyPatch) -> None:
    real = explosive.reach
    patch.setattr(explosive, "reach", lambda row, f, acts: float("inf") if acts else real(row, f, acts))


def unknown_season_is_dry(patch: pytest.MonkeyPatch) -> None:
    real = Segment.__init__

    def firm(self: Segment, feature: dict[str, Any]) -> None:
        real(self, feature)
        self.road_type = "X"

    patch.setattr(Segment, "__init__", firm)


def heavier_profiles(patch: pytest.MonkeyPatch) -> None:
    real = Documents.__init__

    def heavier(self: Documents, network: dict[str, Any], facts: dict[str, Any]) -> None:
        real(self, network, facts)
        self.profiles = {n: {**p, "mlc": p["mlc"] + 0.01} for n, p in self.profiles.items()}

    patch.setattr(Documents, "__init__", heavier)


def next_change_one_minute_late(patch: pytest.MonkeyPatch) -> None:
    real = Answer.row_document

    def late(self: Answer, row: Row, verdict: Verdict) -> dict[str, Any]:
        document = real(self, row, verdict)
        if document["next_change"] and not document["next_change"].get("by_risk"):
            document["next_change"]["at"] = document["next_change"]["at"][:11] + "23:59:59.5Z"
        return document

    patch.setattr(Answer, "row_document", late)


BREAKS = [value for value in list(globals().values()) if getattr(value, "__annotations__", {}).get("patch")]


@pytest.mark.parametrize("break_rule", BREAKS, ids=lambda f: f.__name__)
def test_a_broken_rule_is_noticed(break_rule: Break, batches: list[Batch], monkeypatch: pytest.MonkeyPatch) -> None:
    break_rule(monkeypatch)
    assert first_disagreement(batches) is not None
