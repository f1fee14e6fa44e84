"""What the phone carries: states, hazards and names of one viewer, and until when it may be believed."""

from __future__ import annotations

import gzip
import itertools

from fom.domain.instants import HOUR_US, parse_instant
from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_reports import log

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
        assert before["coordinates"][-1] == after["coordinates"][0]
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
