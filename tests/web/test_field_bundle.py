"""What the phone carries: states, hazards and names of one viewer, and until when it may be believed."""

from __future__ import annotations

import gzip
import itertools

import pytest

from fom.domain.access import OPERATOR
from fom.domain.instants import HOUR_US, parse_instant
from fom.services.accounts import change_user, get_user
from tests.polylines import decode
from tests.web.conftest import Mission
from tests.web.mission import PLACES, hazard
from tests.web.test_disclosure import CANARY, everything, square
from tests.web.test_reports import REPORTS, log, new_id

BUNDLE = "/api/v1/field/bundle"


def add_route(mission: Mission) -> None:
    body = {"id": "5f6fdc4e-0000-4000-8000-000000000001", "code": "MSR HERON", "name": "Alpha – Charlie"}
    via = [list(PLACES[letter]) for letter in "ABC"]
    answer = mission.program("duty_officer").post("/api/v1/routes", json={**body, "via": via})
    assert answer.status_code == 201, answer.json


def test_a_bundle_tells_when_it_was_made_and_when_it_ends(mission: Mission):
    bundle = mission.program("reporter").get(BUNDLE).json
    assert parse_instant(bundle["expires"]) - parse_instant(bundle["as_of"]) == 12 * HOUR_US
    west, south, east, north = bundle["box"]
    assert west < east
    assert south < north


def test_a_route_comes_as_lines_that_join_and_cover_its_length(mission: Mission):
    add_route(mission)
    [route] = mission.program("reporter").get(BUNDLE).json["routes"]
    assert route["code"] == "MSR HERON"
    lines = route["lines"]
    assert lines[0]["from_km"] == 0
    assert lines[-1]["to_km"] == route["length_km"]
    for before, after in itertools.pairwise(lines):
        assert before["to_km"] == after["from_km"]
        assert decode(before["path"])[-1] == decode(after["path"])[0]
        assert before["state"] != after["state"]
    assert route["state"] == "?", "nobody drove it"


def test_a_hazard_is_carried_by_who_is_cleared_and_by_no_other(mission: Mission):
    add_route(mission)
    log(mission)
    [hazard] = mission.program("reporter").get(BUNDLE).json["hazards"]
    assert hazard["state"] in "RX"
    assert hazard["u_m"] > 0
    assert mission.program("partner").get(BUNDLE).json["hazards"] == []


def test_the_same_picture_is_not_sent_twice(mission: Mission):
    client = mission.program("reporter")
    tag = client.get(BUNDLE).headers["ETag"]
    assert client.get(BUNDLE, headers={"If-None-Match": tag}).status_code == 304
    log(mission)
    assert client.get(BUNDLE, headers={"If-None-Match": tag}).status_code == 200


def test_it_is_small(mission: Mission):
    add_route(mission)
    assert len(gzip.compress(mission.program("reporter").get(BUNDLE).data)) < 150_000


ROUND_A = {"around": "30.0,5.09", "radius_km": 5}
FAR_FROM_A = PLACES["F"]


def test_round_a_place_its_roads_come_with_their_states(mission: Mission):
    log(mission)
    bundle = mission.program("reporter").get(BUNDLE, query_string=ROUND_A).json
    assert (bundle["area"]["kind"], bundle["area"]["radius_km"]) == ("around", 5)
    assert bundle["all_within_km"] is None
    roads = bundle["roads"]
    assert sorted(roads["ids"]) == ["a-b", "a-d"], "the others begin ten kilometres away"
    index = roads["ids"].index("a-b")
    assert roads["states"][2 * index : 2 * index + 2] == "RR"
    assert decode(roads["lines"][index]) == [PLACES["A"], PLACES["B"]]
    assert roads["lengths_m"][index] == 10_000
    ring = decode(bundle["area"]["outline"][0])
    assert max(lat for _, lat in ring) == pytest.approx(5.09 + 5 / 110.6, abs=0.001)


def test_along_a_key_route_its_roads_and_those_beside_it_come(mission: Mission):
    add_route(mission)
    [row] = mission.program("reporter").get(BUNDLE).json["routes"]
    bundle = mission.program("reporter").get(BUNDLE, query_string={"route": row["id"]}).json
    assert (bundle["area"]["name"], bundle["area"]["radius_km"]) == ("MSR HERON", 5)
    assert sorted(bundle["roads"]["ids"]) == ["a-b", "a-d", "b-c", "b-e", "c-f"]


def test_an_area_of_the_mission_can_be_chosen_by_name_and_is_the_default_of_who_is_limited_to_it(mission: Mission):
    row = {"id": new_id(), "name": "Sector West", "kind": "critical", "geometry": square()}
    chief, reporter = mission.program("chief_joc"), mission.program("reporter")
    assert chief.post("/api/v1/areas", json=row).status_code == 201
    bundle = reporter.get(BUNDLE).json
    assert bundle["area"] is None
    assert bundle["roads"] is None
    [known] = bundle["areas"]
    assert known == {"id": row["id"], "name": "Sector West"}
    assert reporter.get(BUNDLE, query_string={"area": known["id"]}).json["area"]["name"] == "Sector West"
    with mission.database.writing() as session:
        user = get_user(session, mission.actors["reporter"].user_id)
        changes = {"areas": [row["id"]]}
        change_user(session, user.id, version=user.version, changes=changes, actor=OPERATOR, now=mission.clock())
    assert reporter.get(BUNDLE).json["area"]["id"] == row["id"]
    assert reporter.get(BUNDLE, query_string={"area": "mission"}).json["area"] is None


def test_hazards_and_restrictions_far_from_the_area_and_from_key_routes_stay_behind(mission: Mission):
    lon, lat = FAR_FROM_A
    far = hazard(new_id(), (lon - 0.02, lat))
    assert mission.program("duty_officer").post(REPORTS, json=far).status_code == 201
    denial = {"kind": "control", "control": "denial", "user_class": "mission_military", "location": {"method": "gps"}}
    stop = {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": denial}
    body = {"id": new_id(), "form": "restriction", "records": [stop]}
    assert mission.program("duty_officer").post(REPORTS, json=body).status_code == 201
    reporter = mission.program("reporter")
    whole, there, here = (
        reporter.get(BUNDLE, query_string=query).json
        for query in ({}, {"around": f"{lon},{lat}", "radius_km": 3}, ROUND_A)
    )
    for bundle, count in ((whole, 1), (there, 1), (here, 0)):
        assert (len(bundle["hazards"]), len(bundle["restrictions"])) == (count, count)
    [told] = there["restrictions"]
    assert (told["kind"], told["route"]) == ("denial", None)


def test_hazards_on_a_key_route_come_wherever_the_area_lies(mission: Mission):
    add_route(mission)
    log(mission)
    bundle = mission.program("reporter").get(BUNDLE, query_string={"around": "30.18,5.0", "radius_km": 2}).json
    [told] = bundle["hazards"]
    assert told["route"] == "MSR HERON"
    [route] = bundle["routes"]
    assert route["worst"] == {"km": 0, "state": "R", "component": "explosive", "what": "ied"}


def test_nothing_that_a_viewer_may_not_see_is_in_any_area(mission: Mission):
    everything(mission)
    partner, chief = mission.program("partner"), mission.program("chief_joc")
    for query in ({"around": "30.09,5.04", "radius_km": 50}, {"area": "mission"}, {}):
        text = partner.get(BUNDLE, query_string=query).text
        assert CANARY not in text
        assert chief.get(BUNDLE, query_string=query).text.count(CANARY) > 1, "the canary is there for who may see it"
    bundle = partner.get(BUNDLE, query_string={"around": "30.09,5.04", "radius_km": 50}).json
    assert (bundle["hazards"], bundle["restrictions"], bundle["areas"], bundle["routes"]) == ([], [], [], [])
    assert len(bundle["roads"]["ids"]) == 7, "roads and their states are everybody's"


def test_areas_and_routes_that_are_not_there_are_refused(mission: Mission):
    reporter = mission.program("reporter")
    assert reporter.get(BUNDLE, query_string={"area": "nowhere"}).status_code == 404
    assert reporter.get(BUNDLE, query_string={"route": "nowhere"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"around": "30.0,5.0", "area": "x"}, "around"),
        ({"around": "200,5"}, "around"),
        ({"around": "north"}, "around"),
        ({"around": "30,5", "radius_km": 0}, "radius_km"),
        ({"around": "30,5", "radius_km": 101}, "radius_km"),
    ],
)
def test_bad_wishes_name_their_field(mission: Mission, query: dict[str, object], field: str):
    answer = mission.program("reporter").get(BUNDLE, query_string=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_the_same_area_of_the_same_picture_is_not_sent_twice_and_another_is(mission: Mission):
    client = mission.program("reporter")
    tag = client.get(BUNDLE, query_string=ROUND_A).headers["ETag"]
    asked = {"headers": {"If-None-Match": tag}}
    assert client.get(BUNDLE, query_string=ROUND_A, **asked).status_code == 304
    assert client.get(BUNDLE, query_string=ROUND_A | {"radius_km": 6}, **asked).status_code == 200
    with mission.database.writing() as session:
        user = get_user(session, mission.actors["reporter"].user_id)
        lower = {"clearance": "unclassified"}
        change_user(session, user.id, version=user.version, changes=lower, actor=OPERATOR, now=mission.clock())
    assert client.get(BUNDLE, query_string=ROUND_A, **asked).status_code == 200, "other rights, another picture"


@pytest.mark.parametrize(
    ("way", "field", "reason"),
    [
        ({"start": {"lon": 30.045, "lat": 5.045}, "end": {"lon": 30.09, "lat": 5.05}}, "answers.way.start", "no_road"),
        ({"start": {"text": "Alpha", "source": "name"}, "end": {"lon": 30.09, "lat": 5.05}}, "answers.way.start",
         "name_only"),
        ({"route": "nowhere"}, "answers.way.route", "not_there"),
        ({"stretches": [{"id": "x-y"}]}, "segments[0].id", "road_gone"),
    ],
)  # fmt: skip
def test_what_a_patrol_is_refused_for_has_a_code_that_the_phone_has_words_for(
    mission: Mission, way: dict[str, object], field: str, reason: str
):
    answers = {"way": way, "occurred": "2026-03-10T11:00:00Z", "strength": "own_patrol_traverse",
               "user_class": "mission_military"}  # fmt: skip
    body = {"id": new_id(), "form": "passage", "answers": answers}
    answer = mission.program("reporter").post(REPORTS, json=body)
    assert answer.status_code == 422, answer.json
    assert [(error["field"], error["reason"]) for error in answer.json["errors"]] == [(field, reason)]


def test_drawn_stretches_count_as_stated_and_not_as_a_track(mission: Mission):
    way = {"stretches": [{"id": "a-b", "from_m": 2_000, "to_m": 10_000}, {"id": "b-c", "from_m": 0, "to_m": 500}]}
    answers = {"way": way, "occurred": "2026-03-10T11:00:00Z", "strength": "own_patrol_traverse",
               "user_class": "mission_military"}  # fmt: skip
    client = mission.program("reporter")
    logged = client.post(REPORTS, json={"id": new_id(), "form": "passage", "answers": answers})
    assert logged.status_code == 201, logged.json
    [record] = client.get(f"{REPORTS}/{logged.json['report_id']}").json["records"]
    assert record["properties"]["track"] == "stated"
    assert [part["id"] for part in record["properties"]["segments"]] == ["a-b", "b-c"]
