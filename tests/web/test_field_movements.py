"""What the phone carries of the movements of its unit, and of what a form offers to choose from."""

from __future__ import annotations

from typing import Any

import pytest

from fom.services.form_subjects import list_subjects
from tests.polylines import decode
from tests.services.test_registers import ROWS
from tests.web.conftest import Mission
from tests.web.test_field_bundle import BUNDLE, ROUND_A
from tests.web.test_movements_page import make
from tests.web.test_plans import everything_passed
from tests.web.test_reports import log, new_id


def carried(mission: Mission, role: str) -> list[dict[str, Any]]:
    movements: list[dict[str, Any]] = mission.program(role).get(BUNDLE).json["movements"]
    return movements


def test_its_unit_carries_a_movement_with_its_way_and_nobody_else_does(mission: Mission):
    everything_passed(mission)
    movement = make(mission).rsplit("/", 1)[-1]
    make(mission, planned_start="2026-03-11T12:30")
    make(mission, unit="BN9")
    [told] = carried(mission, "reporter")
    assert (told["id"], told["actual_start"], told["seen"]) == (movement, None, None)
    way = told["way"]
    assert (way["state"], way["worst"]) == ("O", None)
    assert way["length_km"] == pytest.approx(20, abs=1)
    assert decode(way["path"])[-1] == pytest.approx((30.18, 5.09), abs=1e-4)
    log(mission)
    [told] = carried(mission, "reporter")
    assert (told["way"]["state"], told["way"]["worst"]["what"]) == ("R", "ied")
    assert told["way"]["worst_text"].startswith("km ")
    for role in ("partner", "engineer", "movement_control", "leadership"):
        assert carried(mission, role) == [], role


def test_a_secret_movement_and_a_secret_cause_stay_away_from_who_is_not_cleared(mission: Mission):
    everything_passed(mission)
    make(mission, classification="strictly_confidential", role="chief_joc")
    assert carried(mission, "reporter") == []
    form = {"purpose": "humanitarian", "user_class": "humanitarian", "unit": "Relief"}
    make(mission, "partner", **form)
    log(mission)
    [told] = carried(mission, "partner")
    assert told["way"]["worst"]["what"] == "restricted"
    assert "ied" not in told["way"]["worst_text"].lower()


def test_the_same_check_in_twice_is_one_and_the_next_picture_tells_it(mission: Mission):
    everything_passed(mission)
    movement = make(mission).rsplit("/", 1)[-1]
    phone = mission.program("reporter")
    tag = phone.get(BUNDLE).headers["ETag"]
    path = f"/api/v1/movement-plans/{movement}/check-ins"
    body = {
        "id": new_id(), "at": "2026-03-10T12:40:00Z", "lon": 30.09, "lat": 5.09, "accuracy_m": 8, "source": "device",
        "left": True, "device_time": "2026-03-10T12:39:57Z", "device_offset_s": 3,
    }  # fmt: skip
    mission.clock.advance(1)
    first, again = phone.post(path, json=body), phone.post(path, json=body)
    assert (first.status_code, again.status_code) == (201, 201), first.json
    assert first.json == again.json
    assert (first.json["at"], first.json["is_late"], first.json["is_skewed"]) == (body["at"], True, False)
    other = phone.post(path, json=body | {"lon": 30.08})
    assert (other.status_code, other.json["code"]) == (409, "conflict")
    assert mission.program("engineer").post(path, json=body | {"id": new_id()}).status_code == 403
    answer = phone.get(BUNDLE, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    [told] = answer.json["movements"]
    assert told["actual_start"] == body["at"]
    assert told["seen"]["at"] == body["at"]
    page = mission.browser("reporter").get(f"/movements/{movement}").text
    assert "by a phone that was out of reach" in page


def test_the_phone_offers_what_every_form_offers(mission: Mission):
    control = mission.program("chief_joc")
    for name, kind, is_active in (
        ("Here", "settlement", True), ("Left", "settlement", False), ("Camp", "camp", True), ("Shut", "camp", False),
        ("Hub", "hub", True),
    ):  # fmt: skip
        row = {"id": new_id(), "name": name, "kind": kind, "lon": 30.0, "lat": 5.09, "is_active": is_active}
        assert control.post("/api/v1/sites", json=row).status_code == 201
    for register in ("air_head", "crossing"):
        row = {"id": new_id(), **ROWS[register]}
        assert control.post(f"/api/v1/{register.replace('_', '-')}s", json=row).status_code == 201
    actor = mission.actors["reporter"]
    with mission.database.reading() as session:
        offered = list_subjects(session, actor=actor, profiles=mission.host.profiles)
    for query in ({}, ROUND_A):
        bundle = mission.program("reporter").get(BUNDLE, query_string=query).json
        sites = bundle["camps"] + [place for place in bundle["places"] if place.get("id")]
        for register, rows in (("air_head", bundle["air_heads"]), ("crossing", bundle["crossings"]), ("site", sites)):
            assert sorted((row["id"], row["name"]) for row in rows) == sorted(offered[register])
            assert all({"lon", "lat"} <= row.keys() for row in rows)
        assert {place["name"] for place in bundle["places"]} == {"Here", "Left"}, "a left one is a name all the same"
    assert {name for _, name in offered["site"]} == {"Here", "Camp"}
    far = mission.program("reporter").get(BUNDLE, query_string={"around": "30.18,5.0", "radius_km": 2}).json
    assert not any(place.get("id") for place in far["places"]), "settlements beyond the area are names only"
