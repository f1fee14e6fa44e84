"""Registers and key routes over HTTP: add, read, change with a version, as known at a moment."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from fom.domain.instants import format_instant
from fom.domain.registers import REGISTERS, members_of
from fom.web.api.registers import FAMILIES, member_schema
from tests.web.conftest import Mission
from tests.web.mission import PLACES

AIR_HEADS = "/api/v1/air-heads"


def air_head(**changes: Any) -> dict[str, Any]:
    lon, lat = PLACES["C"]
    row = {"id": str(uuid.uuid4()), "code": "C1", "name": "Cedar strip", "kind": "airstrip", "lon": lon, "lat": lat}
    return {**row, "fuel": "drums", **changes}


def test_a_row_is_added_read_and_listed(mission: Mission):
    row = air_head()
    editor, reader = mission.program("aviation"), mission.program("reporter")
    added = editor.post(AIR_HEADS, json=row)
    assert (added.status_code, added.json["version"]) == (201, 1)
    assert reader.get(f"{AIR_HEADS}/{row['id']}").json == added.json
    assert reader.get(AIR_HEADS).json["rows"] == [added.json]
    assert {name: added.json[name] for name in row} == row


def test_the_same_row_again_gives_the_first_result_and_another_one_a_conflict(mission: Mission):
    editor, row = mission.program("aviation"), air_head()
    editor.post(AIR_HEADS, json=row)
    assert editor.post(AIR_HEADS, json=row).json["version"] == 1
    other = editor.post(AIR_HEADS, json=row | {"name": "another strip"})
    assert (other.status_code, other.json["details"]["current"]["name"]) == (409, "Cedar strip")


def test_a_change_needs_the_version_that_was_read_and_keeps_the_other_members(mission: Mission):
    editor, row = mission.program("aviation"), air_head()
    editor.post(AIR_HEADS, json=row)
    path = f"{AIR_HEADS}/{row['id']}"
    changed = editor.patch(path, json={"version": 1, "fuel": "tank"})
    assert (changed.json["fuel"], changed.json["name"], changed.json["version"]) == ("tank", row["name"], 2)
    stale = editor.patch(path, json={"version": 1, "fuel": "none"})
    assert (stale.status_code, stale.json["details"]["current"]["version"]) == (409, 2)
    assert editor.patch(path, json={"fuel": "none"}).status_code == 422
    history = editor.get(f"{path}/history").json["changes"]
    assert [line["version"] for line in history] == [1, 2]
    assert history[1]["changes"] == {"fuel": "tank"}


def test_the_past_is_listed_as_it_was_known(mission: Mission):
    editor, row = mission.program("aviation"), air_head()
    editor.post(AIR_HEADS, json=row)
    mission.clock.advance(2)
    editor.patch(f"{AIR_HEADS}/{row['id']}", json={"version": 1, "fuel": "none"})
    then = {"known_at": "2026-03-10T13:00:00Z"}
    assert editor.get(AIR_HEADS, query_string=then).json["rows"][0]["fuel"] == "drums"
    assert editor.get(AIR_HEADS).json["rows"][0]["fuel"] == "none"
    before = {"known_at": "2026-03-09T12:00:00Z"}
    assert editor.get(AIR_HEADS, query_string=before).json["rows"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"lon": 200}, "lon"),
        ({"lon": 0, "lat": 0}, "lon"),
        ({"kind": "seaport"}, "kind"),
        ({"inspected_at": "soon"}, "inspected_at"),
        ({"surprise": 1}, "surprise"),
        ({"code": None}, "code"),
        ({"runways": "two"}, "runways"),
        ({"id": "with space"}, "id"),
    ],
)
def test_a_bad_member_is_named_and_nothing_is_stored(mission: Mission, changes: dict[str, Any], field: str):
    editor = mission.program("aviation")
    answer = editor.post(AIR_HEADS, json=air_head(**changes))
    assert answer.status_code == 422
    assert field in [e["field"] for e in answer.json["errors"]]
    assert editor.get(AIR_HEADS).json["rows"] == []


def test_a_row_that_one_may_not_see_is_not_there(mission: Mission):
    editor, row = mission.program("aviation"), air_head()
    editor.post(AIR_HEADS, json=row)
    partner = mission.program("partner")
    assert partner.get(AIR_HEADS).json["rows"] == []
    assert partner.get(f"{AIR_HEADS}/{row['id']}").status_code == 404
    assert partner.get(f"{AIR_HEADS}/{row['id']}/history").status_code == 404


@pytest.mark.parametrize("register", sorted(FAMILIES))
def test_every_member_of_a_register_is_described_as_the_domain_reads_it(mission: Mission, register: str):
    schemas = mission.anonymous().get("/api/v1/openapi.json").json["components"]["schemas"]
    schema = schemas[register.title().replace("_", "")]
    assert set(schema["properties"]) == set(members_of(register))
    required = {name for name, member in members_of(register).items() if member.required}
    assert set(schema["required"]) == required
    for name, member in REGISTERS[register].items():
        described = {key: schema["properties"][name].get(key) for key in member_schema(member)}
        assert described == member_schema(member)


@pytest.mark.parametrize(
    ("member", "value"),
    [("status", "serviceable"), ("inspected_at", "2026-03-08T09:00:00Z"), ("inspection_by", "Aviation Unit")],
)
def test_what_inspections_say_of_an_air_head_is_not_typed(mission: Mission, member: str, value: str):
    editor, row = mission.program("aviation"), air_head()
    refused = editor.post(AIR_HEADS, json=row | {member: value})
    assert (refused.status_code, [e["field"] for e in refused.json["errors"]]) == (422, [member])
    assert "/api/v1/inspections" in refused.json["errors"][0]["expected"]
    editor.post(AIR_HEADS, json=row | {"status": "unknown"})
    assert editor.patch(f"{AIR_HEADS}/{row['id']}", json={"version": 1, member: value}).status_code == 422
    assert editor.get(f"{AIR_HEADS}/{row['id']}").json["version"] == 1


def test_a_crossing_answers_with_the_status_of_its_inspections_until_their_review(mission: Mission):
    editor, gates = mission.program("civil_affairs"), "/api/v1/crossings"
    row = {"id": str(uuid.uuid4()), "name": "Gate", "lon": 30.0, "lat": 5.0}
    refused = editor.post(gates, json=row | {"goods_status": "closed", "status": "partly"})
    assert (refused.status_code, {e["field"] for e in refused.json["errors"]}) == (422, {"status", "goods_status"})
    added = editor.post(gates, json=row)
    assert (added.status_code, added.json["status"], added.json["why"]) == (201, "unknown", "never")
    look = {"id": str(uuid.uuid4()), "subject_kind": "crossing", "subject_id": row["id"], "form": "crossing",
            "inspected_at": format_instant(mission.clock()), "inspected_by": "civil affairs", "status": "operational",
            "findings": {"goods": "closed"}}  # fmt: skip
    assert editor.post("/api/v1/inspections", json=look).status_code == 200
    told = editor.get(f"{gates}/{row['id']}").json
    assert [told[name] for name in ("status", "people_status", "goods_status", "found", "decided_by")] == [
        "partly", "operational", "closed", "operational", "civil affairs",
    ]  # fmt: skip
    mission.clock.advance(31 * 24)
    (told,) = editor.get(gates).json["rows"]
    assert (told["status"], told["goods_status"], told["is_overdue"]) == ("unknown", "closed", True)
    page = mission.browser("civil_affairs")
    form = page.get(f"/registers/crossings/{row['id']}/edit").text
    assert not re.search(r'name="(status|people_status|staffed)"', form)
    shown = page.get(f"/registers/crossings/{row['id']}").text
    assert "Inspected too long ago; it found operational" in shown
    assert "overdue since" in page.get("/registers/crossings?status=unknown").text
    assert "Gate" not in page.get("/registers/crossings?status=partly").text
    assert "decided_by" in page.get("/registers/crossings.csv").text.splitlines()[0]


def looked_at(row: dict[str, Any], form: str = "air_head", **changes: Any) -> dict[str, Any]:
    sent = {"id": str(uuid.uuid4()), "subject_kind": "air_head", "subject_id": row["id"], "form": form}
    return {**sent, "inspected_at": "2026-03-10T09:00:00Z", "inspected_by": "Aviation Unit", **changes}


def test_the_list_the_row_and_the_map_tell_one_status_and_it_follows_from_the_evidence(mission: Mission):
    editor, row = mission.program("aviation"), air_head()
    editor.post(AIR_HEADS, json=row)

    def told() -> tuple[str, str]:
        (listed,) = editor.get(AIR_HEADS).json["rows"]
        one = editor.get(f"{AIR_HEADS}/{row['id']}").json
        (drawn,) = editor.get("/api/v1/layers/air-heads").json["features"]
        assert listed["status"] == one["status"] == drawn["properties"]["status"]
        return one["status"], one["why"]

    assert told() == ("unknown", "never")
    editor.post("/api/v1/inspections", json=looked_at(row, status="serviceable"))
    assert told() == ("serviceable", "inspected")
    closing = looked_at(row, "closure", status="unserviceable", findings={"reason": "flooded apron"})
    assert editor.post("/api/v1/inspections", json=closing).status_code == 422, "a closing has an end"
    closing["next_review"] = "2026-03-11T12:00:00Z"
    assert editor.post("/api/v1/inspections", json=closing).status_code == 200
    assert told() == ("unserviceable", "closed_by_hand")
    then = {"known_at": "2026-03-10T11:00:00Z"}
    assert editor.get(AIR_HEADS, query_string=then).json["rows"] == []
    mission.clock.advance(25)
    assert told() == ("serviceable", "inspected"), "the closing ended"
    mission.clock.advance(48)
    assert told() == ("unknown", "too_old"), "nobody stated a season: wet, three days"


def key_route(**changes: Any) -> dict[str, Any]:
    row = {"id": "r-heron", "code": "MSR HERON", "name": "Headquarters to the air head", "owner": "JOC"}
    return {**row, "via": [list(PLACES[p]) for p in "ABC"], **changes}


def test_a_key_route_follows_the_roads_along_its_via_points_and_has_a_state(mission: Mission):
    editor = mission.program("duty_officer")
    assert editor.post("/api/v1/routes", json=key_route()).status_code == 201
    route = mission.program("reporter").get("/api/v1/routes/r-heron").json
    assert [stretch["id"] for stretch in route["segments"]] == ["a-b", "b-c"]
    assert (route["state"], route["length_m"]) == ("GREY", 20_000)
    assert mission.program("reporter").get("/api/v1/routes").json["routes"] == [route]


def test_a_changed_course_is_a_new_version_and_a_stale_one_is_refused(mission: Mission):
    editor = mission.program("duty_officer")
    editor.post("/api/v1/routes", json=key_route())
    body = {"version": 1, "via": [list(PLACES[p]) for p in "ADEFC"]}
    changed = editor.patch("/api/v1/routes/r-heron", json=body)
    assert [stretch["id"] for stretch in changed.json["segments"]] == ["a-d", "d-e", "e-f", "c-f"]
    assert editor.patch("/api/v1/routes/r-heron", json=body).status_code == 409


def test_the_strip_of_a_key_route_starts_at_its_start(mission: Mission):
    mission.program("duty_officer").post("/api/v1/routes", json=key_route())
    strip = mission.program("reporter").get("/api/v1/routes/r-heron/strip").json
    assert strip["states"][0]["from_m"] == 0
    assert strip["states"][-1]["to_m"] == pytest.approx(strip["length_m"])
    assert len(strip["heat"]) == 30


def test_the_parts_of_a_key_route_tell_where_it_is_not_open_and_how_old_that_is(mission: Mission):
    officer = mission.program("duty_officer")
    officer.post("/api/v1/routes", json=key_route(via=[list(PLACES[p]) for p in "ADEFC"]))
    for code in "DE":
        lon, lat = PLACES[code]
        village = {"id": code, "name": f"Village {code}", "kind": "settlement", "lon": lon, "lat": lat}
        assert officer.post("/api/v1/sites", json=village).status_code == 201
    flood = {"kind": "physical", "damage": "washed_out", "segments": [{"id": "d-e"}]}
    feature = {"type": "Feature", "geometry": None, "properties": flood}
    body = {"id": str(uuid.uuid4()), "form": "bridge", "words": "gone", "records": [feature]}
    assert mission.program("engineer").post("/api/v1/reports", json=body).status_code == 201
    parts = officer.get("/api/v1/routes/r-heron/strip").json["parts"]
    assert [(part["begin"], part["end"]) for part in parts] == [
        (None, "Village D"), ("Village D", "Village E"), ("Village E", None),
    ]  # fmt: skip
    assert [part["letter"] for part in parts] == ["?", "R", "?"]
    assert (parts[1]["segment_id"], parts[1]["open_m"], parts[1]["verified_at"]) == ("d-e", 0, None)
    page = mission.browser("duty_officer").get("/routes/r-heron").text
    assert "Village D – Village E" in page


def test_a_via_point_far_from_any_road_is_named(mission: Mission):
    answer = mission.program("duty_officer").post("/api/v1/routes", json=key_route(via=[[30.0, 5.09], [31.5, 7.0]]))
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json["errors"]] == ["via[1]"]


def test_an_unknown_key_route_is_not_here(mission: Mission):
    client = mission.program("reporter")
    assert client.get("/api/v1/routes/r-stork").status_code == 404
    assert client.get("/api/v1/routes/r-stork/strip").status_code == 404
