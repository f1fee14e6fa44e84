"""The demo's movements with plans: what the board, the week and the pattern are shown with."""

from __future__ import annotations

from typing import Any

import pytest

from fom.domain.registers import REGISTERS, parse_values
from geodata.planned_movements import DAILY, PATTERN_UNIT

Rows = dict[str, list[dict[str, Any]]]


pytestmark = pytest.mark.xdist_group("the demo mission")


def test_they_are_valid_rows_of_the_register_with_names_of_their_own(registers: Rows) -> None:
    rows, known = registers["movement_plan"], registers["movement"]
    for row in rows:
        parse_values("movement", {name: row[name] for name in ("id", *REGISTERS["movement"]) if name in row})
    for name in ("id", "code"):
        assert len({row[name] for row in [*rows, *known]}) == len(rows) + len(known)


def test_one_was_denied_one_is_under_way_and_one_unit_keeps_to_a_road(registers: Rows) -> None:
    rows = registers["movement_plan"]
    assert len(rows) >= 30
    relief = [row for row in rows if row["user_class"] == "humanitarian"]
    assert "cancelled_no_clearance" in {row["outcome"] for row in relief}
    assert any(row["actual_start"] and row["outcome"] is None for row in rows)
    same = [row["course"]["key_route"] for row in rows if row["unit"] == PATTERN_UNIT]
    assert sorted(same.count(route) for route in set(same)) == sorted(DAILY.count(way) for way in set(DAILY))
