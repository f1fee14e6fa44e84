"""Reach over HTTP and as a page: bands and places under live states, apart what unverified road would add."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_closing import passage, threat
from tests.web.test_plans import everything_passed
from tests.web.test_registers import air_head
from tests.web.test_reports import log, new_id

REACH = "/api/v1/reach"
NEAR_A = "30.0,5.085"
"""On the road from A to D, 550 m south of A; each road takes a quarter of an hour."""


def site(name: str, letter: str, **more: Any) -> dict[str, Any]:
    lon, lat = PLACES[letter]
    return {"id": new_id(), "name": name, "kind": "settlement", "lon": lon, "lat": lat, "population": 1000, **more}


def add(mission: Mission, *rows: dict[str, Any]) -> None:
    for row in rows:
        assert mission.program("duty_officer").post("/api/v1/sites", json=row).status_code == 201


def reach(mission: Mission, role: str = "reporter", **query: Any) -> Any:
    return mission.program(role).get(REACH, query_string={"from": NEAR_A, **query})


def bands(answer: Any, *, is_verified: bool = True) -> list[dict[str, Any]]:
    return [f for f in answer["features"] if f["properties"].get("is_verified") is is_verified]


def places(answer: Any, member: str = "minutes") -> dict[str, float]:
    found = (f["properties"] for f in answer["features"] if f["properties"]["kind"] == "place")
    return {p["name"]: p[member] for p in found if p[member] is not None}


def test_bands_and_places_with_people_soonest_first(mission: Mission):
    everything_passed(mission)
    add(mission, site("Bee", "B"), site("Eff", "F", population=70), site("Base", "D", kind="base", population=None))
    answer = reach(mission, minutes="30,15,60").json
    assert answer["minutes"] == [15, 30, 60]
    assert answer["start"]["state"] == "GREEN"
    assert list(places(answer)) == ["Base", "Bee", "Eff"]
    assert places(answer)["Base"] == pytest.approx(15 * 9.45 / 10, abs=0.2)
    assert [b["properties"]["people"] for b in bands(answer)] == [0, 1000, 1070]
    assert [b["properties"]["places"] for b in bands(answer)] == [1, 2, 3]
    total_m = [sum(b["properties"]["by_state_m"].values()) for b in bands(answer)]
    assert total_m == sorted(total_m)
    assert total_m[-1] == pytest.approx(70_000)
    for band in bands(answer):
        shape = shapely.geometry.shape(band["geometry"])
        assert shape.is_valid
        assert shape.covers(shapely.Point(30.0, 5.085))


def test_a_closed_road_is_not_reached_over_and_a_place_on_it_neither(mission: Mission):
    everything_passed(mission)
    add(mission, site("Bee", "B"), site("Between", "A", lon=30.045))
    before = places(reach(mission).json)
    log(mission)  # a device on A-B
    after = places(reach(mission).json)
    assert after["Bee"] > before["Bee"]
    assert "Between" in before
    assert "Between" not in after


def test_unverified_road_is_a_separate_answer_that_leaves_the_verified_one_as_it_is(mission: Mission):
    threat(mission)
    assert mission.program("reporter").post("/api/v1/verifications", json=passage()).status_code == 201  # A-B only
    add(mission, site("Bee", "B"), site("Sea", "C"))
    query = {"from": "30.03,5.09"}
    plain, both = reach(mission, **query).json, reach(mission, allow_unverified="true", **query).json
    assert places(plain) == places(both) == {"Bee": places(plain)["Bee"]}
    assert bands(plain) == bands(both)
    assert bands(plain, is_verified=False) == []
    assert set(places(both, "minutes_with_unverified")) == {"Bee", "Sea"}
    assert all(band["properties"]["by_state_m"]["GREY"] == 0 for band in bands(both))
    assert bands(both, is_verified=False)[-1]["properties"]["by_state_m"]["GREY"] > 0


def test_nothing_is_reached_from_a_closed_road_or_from_off_the_road(mission: Mission):
    everything_passed(mission)
    log(mission)
    on_closed = reach(mission, **{"from": "30.045,5.09"}).json
    assert (on_closed["start"]["state"], on_closed["start"]["is_blocked"]) == ("RED", True)
    assert all(band["geometry"]["coordinates"] == [] for band in bands(on_closed))
    far = reach(mission, **{"from": "31.0,6.0"}).json
    assert (far["start"]["on_road"], far["features"]) == (None, [])


def test_the_past_is_answered_as_it_was_known(mission: Mission):
    everything_passed(mission)
    add(mission, site("Between", "A", lon=30.045))
    mission.clock.advance(hours=1)
    log(mission)
    assert "Between" not in places(reach(mission).json)
    then = reach(mission, at="2026-03-10T12:30:00Z", known_at="2026-03-10T12:30:00Z").json
    assert "Between" in places(then)
    assert then["known_at"] == "2026-03-10T12:30:00Z"


def test_a_place_of_a_register_and_what_a_partner_may_not_see(mission: Mission):
    everything_passed(mission)
    add(mission, site("Bee", "B", classification="unclassified"), site("Base", "D", kind="base"))
    head = air_head(code="C1")
    assert mission.program("aviation").post("/api/v1/air-heads", json=head).status_code == 201
    by_row = mission.program("duty_officer").get(REACH, query_string={"register": "air_head", "id": head["id"]})
    assert by_row.status_code == 200
    assert set(places(reach(mission, "duty_officer").json)) >= {"Bee", "Base", head["name"]}
    assert set(places(reach(mission, "partner").json)) == {"Bee"}
    hidden = mission.program("partner").get(REACH, query_string={"register": "air_head", "id": head["id"]})
    assert hidden.status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": ""}, "from"),
        ({"from": "nowhere"}, "from"),
        ({"from": "200,5"}, "from"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "721"}, "minutes"),
        ({"minutes": "1,2,3,4,5,6,7"}, "minutes"),
        ({"minutes": "soon"}, "minutes"),
        ({"profile": "P99"}, "profile"),
        ({"user_class": "tourist"}, "user_class"),
        ({"at": "yesterday"}, "at"),
        ({"id": "x"}, "from"),
    ],
)
def test_bad_input_is_refused_by_the_field(mission: Mission, query: dict[str, str], field: str):
    refused = reach(mission, **query)
    assert refused.status_code == 422
    assert [problem["field"] for problem in refused.json["errors"]] == [field]


def test_the_page_works_without_a_script(mission: Mission):
    everything_passed(mission)
    add(mission, site("Bee", "B"))
    mission.host.follow()
    page = mission.browser("reporter").get("/reach", query_string={"from": NEAR_A, "minutes": "15, 60"})
    assert page.status_code == 200
    assert "Over verified road, as of" in page.text
    assert "Bee" in page.text
    [export] = [part for part in page.text.split('"') if part.startswith("/api/v1/reach?")]
    answer = mission.program("reporter").get(export.replace("&amp;", "&")).json
    assert places(answer) == {"Bee": places(answer)["Bee"]}


def test_the_page_keeps_what_was_typed_when_it_cannot_be_used(mission: Mission):
    page = mission.browser("reporter").get("/reach", query_string={"from": "Atlantis", "minutes": "soon"})
    assert page.status_code == 422
    assert 'value="Atlantis"' in page.text
    assert 'id="minutes-error"' in page.text
