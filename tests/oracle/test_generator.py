"""The random histories meet everything the rules can say; a campaign that never meets a rule proves nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracle.batches import seeded_batch
from tests.oracle.knowledge import WHY_ORDER
from tests.oracle.states import COMPONENT_ORDER, STATE_NAMES

pytestmark = [pytest.mark.deep, pytest.mark.xdist_group("generated histories")]

BATCHES, SIZE = 100, 50
KINDS = {
    "explosive", "physical", "control", "incident", "verification", "closing_act", "grade", "link", "retraction",
    "manual", "threat_area", "season", "route",
}  # fmt: skip
RULES = {
    "V1 GREEN", "V2 AMBER", "V3 GREY", "X1 BLACK", "X1 RED", "X1 AMBER", "X2 RED", "X2 AMBER", "X3 AMBER", "P1 BLACK",
    "P1 RED", "P1 AMBER", "P2 BLACK", "P2 RED", "P2 AMBER", "P3 AMBER", "P4 GREY", "P4 AMBER", "P5 AMBER", "H1 BLACK",
    "H1 RED", "H1 AMBER", "H2 RED", "H2 AMBER", "H3 AMBER", "H4 AMBER", "R1 RED", "R1 AMBER", "S1 BLACK", "S1 RED",
    "S1 GREY", "S1 AMBER", "S2 AMBER", "S2 GREY", "S2 RED",
}  # fmt: skip
NEVER = {
    "verification RED", "verification BLACK", "explosive GREY", "control GREY", "risk GREY", "risk BLACK",
}  # fmt: skip
"""States that a component cannot have."""


@pytest.fixture(scope="module")
def met() -> Counter[str]:
    """Return how many histories of a fixed sample meet each thing."""
    out: Counter[str] = Counter()
    for seed in range(BATCHES):
        for history in seeded_batch(seed, SIZE).histories:
            seen = {f"kind {f['properties']['kind']}" for f in history.features}
            seen.update(f"why {r['why']}" for r in history.answer["refused"])
            seen.update(["unplaced"] if history.answer["unplaced"] else [])
            seen.update(f"route {r['state']}" for r in history.answer["routes"])
            for row in history.answer["segments"]:
                change = row["next_change"]
                seen.add(f"state {row['state']}")
                seen.add(f"next {change['state'] if change else None}")
                seen.update(["by risk"] if change and change.get("by_risk") else [])
                seen.update(["override"] if row["override"] else [])
                seen.update(["delay"] if row["delay_min"] else [])
                seen.update(f"component {name} {state}" for name, state in row["components"].items())
                for reason in row["reasons"]:
                    seen.add(f"rule {reason['rule']} {reason['state']}")
                    seen.update(f"flag {flag}" for flag in reason["flags"])
                    seen.update(["two stretches"] if len(reason.get("stretches_m", ())) > 1 else [])
            out.update(seen)
    return out


def assert_met(met: Counter[str], wanted: set[str]) -> None:
    """Fail with the names of what was never met."""
    assert sorted(name for name in wanted if not met[name]) == []


def test_every_kind_of_record_is_drawn(met: Counter[str]) -> None:
    assert_met(met, {f"kind {kind}" for kind in KINDS})


def test_every_rule_is_met_with_every_state_it_can_give(met: Counter[str]) -> None:
    assert_met(met, {f"rule {rule}" for rule in RULES})
    unknown = {name for name in met if name.startswith("rule ")} - {f"rule {rule}" for rule in RULES}
    assert unknown == set()


def test_every_component_has_every_state_it_can_have(met: Counter[str]) -> None:
    possible = {f"{name} {state}" for name in COMPONENT_ORDER for state in STATE_NAMES} - NEVER
    assert_met(met, {f"component {name}" for name in possible})
    assert not {f"component {name}" for name in NEVER} & set(met)


def test_every_state_of_rows_and_routes_and_of_the_next_change_occurs(met: Counter[str]) -> None:
    assert_met(met, {f"{what} {state}" for what in ("state", "route", "next") for state in STATE_NAMES})
    assert_met(met, {"next None", "by risk"})


def test_every_flag_and_every_reason_of_refusal_occurs(met: Counter[str]) -> None:
    assert_met(met, {f"flag {flag}" for flag in ("clock_skew", "conflict", "review_overdue")})
    assert_met(met, {f"why {why}" for why in WHY_ORDER})
    assert_met(met, {"unplaced", "override", "delay", "two stretches"})


def test_green_rows_are_common_enough_for_a_false_green_to_be_noticed(met: Counter[str]) -> None:
    assert met["state GREEN"] > 0.1 * BATCHES * SIZE
