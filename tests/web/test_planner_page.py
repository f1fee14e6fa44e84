"""The planner page: trade-offs, departures, halts and places to turn, without scripts."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_plans import NEAR_A, everything_passed
from tests.web.test_trips import ON_C_F, order


def page(mission: Mission, **form: Any) -> Any:
    ends = {"from": f"{NEAR_A[0]}, {NEAR_A[1]}", "to": f"{ON_C_F[0]}, {ON_C_F[1]}"}
    return mission.browser("duty_officer").get("/planner", query_string={**ends, **form})


def test_the_page_tells_when_to_leave_and_where_to_turn(mission: Mission):
    everything_passed(mission)
    order(mission, "c-f", start="2026-03-10T15:00:00Z", end="2026-03-10T19:00:00Z")
    text = page(mission, range_km="15", rest_every_h="2").get_data(as_text=True)
    assert "When to leave" in text
    assert "Leave before 14:" in text
    assert "Where to turn round" in text
    assert "without a known place for fuel, range 15 km; carry fuel" in text


def test_a_way_closed_on_arrival_is_told_with_the_place_and_the_best_departure(mission: Mission):
    everything_passed(mission)
    order(mission, "c-f", start="2026-03-10T12:40:00Z", end="2026-03-10T19:00:00Z")
    text = page(mission).get_data(as_text=True)
    assert "No way stays open until it is reached" in text
    assert "is closed when it is reached" in text
    assert "plan for it" in text
    assert "No way stays open" not in page(mission, states="departure").get_data(as_text=True)


def test_bad_fields_are_told_beside_them_and_what_was_typed_stays(mission: Mission):
    bad = {"mass_t": "heavy", "mlc": "999", "via": "\n".join(["30.0, 5.0"] * 11), "night": "no"}
    answer = page(mission, **bad)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    for words in ("heavy: expected a number", "11 places: expected at most 10", 'value="heavy"'):
        assert words in text
    later = page(mission, mlc="999").get_data(as_text=True)
    assert "999: expected 0 to 150 a military load class" in later


def test_trade_offs_are_links_to_their_cards(mission: Mission):
    everything_passed(mission)
    incident = {
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [30.135, PLACES["B"][1]]},
        "properties": {"kind": "incident", "type": "complex_ambush", "occurred": "2026-03-10T10:00:00Z",
                       "location": {"method": "gps"}, "grade": "C3"},
    }  # fmt: skip
    body = {"id": "3f1d9b52-6b0e-4c59-9a2e-0d6ac4f2a001", "form": "incident", "words": "shots", "records": [incident]}
    assert mission.program("duty_officer").post("/api/v1/reports", json=body).status_code == 201
    text = page(mission).get_data(as_text=True)
    assert "Time against risk" in text
    assert 'id="trade-range" type="range" min="0" max="1"' in text
    for key in ("best", "alternate-1"):
        if f'href="#{key}"' in text:
            assert f'id="{key}"' in text
    assert "risk .38 → .00" in text
