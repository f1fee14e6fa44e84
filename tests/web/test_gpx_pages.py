"""Ways as files for a patrol's receiver, re-read by GDAL: where they are, what they say, whom they are refused to."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_imports import TRACK, act, staged
from tests.web.test_movements_page import make
from tests.web.test_plans import everything_passed
from tests.web.test_register_pages import route
from tests.web.test_reports import log

ABC = [PLACES[letter] for letter in "ABC"]
FROM, TO = "{}, {}".format(*PLACES["A"]), "{}, {}".format(*PLACES["C"])


def linked(mission: Mission, role: str, page: str, words: str) -> tuple[Any, bytes]:
    """Follow the link to a file on a page as a browser does; return the answer and the file."""
    browser = mission.browser(role)
    found = re.findall(r'href="([^"]*\.gpx[^"]*)"', browser.get(page).text)
    (address,) = [a for a in found if words in a]
    answer = browser.get(address.replace("&amp;", "&"))
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/gpx+xml"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch(r'attachment; filename="[A-Za-z0-9-]+\.gpx"', answer.headers["Content-Disposition"])
    return answer, answer.data


def layer(data: bytes, name: str) -> Any:
    return pyogrio.read_dataframe(io.BytesIO(data), layer=name)


def check_words(words: str, state: str) -> None:
    assert "As known at 101200Z MAR 26" in words
    assert "No clearance" in words
    assert f"worst state {state}" in words


def test_a_key_route_is_taken_along_with_its_worst_state_and_age(mission: Mission):
    everything_passed(mission)
    route_id = route(mission)["id"]
    log(mission)  # a suspected device on A-B
    _, data = linked(mission, "reporter", f"/routes/{route_id}", "route.gpx")
    (row,) = layer(data, "routes").itertuples()
    assert row.name == "MSR HERON Alpha to Charlie"
    check_words(row.desc, "restricted")
    assert np.allclose(shapely.get_coordinates(row.geometry), np.array(ABC), atol=1e-6)
    assert b"<time>2026-03-10T12:00:00Z</time>" in data


def test_each_way_of_a_plan_is_a_file_but_not_one_that_nobody_verified(mission: Mission):
    page = f"/planner?from={FROM}&to={TO}&profile=P3"
    assert "Unverified" in mission.browser("reporter").get(page).text
    assert ".gpx" not in mission.browser("reporter").get(page).text
    assert mission.browser("reporter").get(page.replace("planner", "planner/unverified.gpx")).status_code == 404
    everything_passed(mission)
    _, data = linked(mission, "reporter", page, "best")
    (row,) = layer(data, "routes").itertuples()
    assert row.name == f"Best: {FROM} to {TO}"
    check_words(row.desc, "open")
    assert np.allclose(shapely.get_coordinates(row.geometry), np.array(ABC), atol=1e-6)
    answer = mission.browser("reporter").get("/planner/best.gpx?from=nowhere&to=", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert "from" in answer.text


def test_a_movement_gives_its_way_and_alternates_with_their_states_now(mission: Mission):
    everything_passed(mission)
    address = make(mission)
    log(mission)
    _, data = linked(mission, "movement_control", address, "way.gpx")
    rows = layer(data, "routes")
    assert rows["name"][0].endswith("planned way")
    check_words(rows["desc"][0], "restricted")
    assert "Classification: confidential." in rows["desc"][0]
    assert len(rows) >= 1
    ends = shapely.get_coordinates(rows.geometry[0])[[0, -1]]
    assert np.allclose(ends[1], PLACES["C"], atol=1e-4)
    hidden = mission.browser("partner").get(f"{address}/way.gpx")
    assert hidden.status_code == 404


def test_a_recorded_passage_is_a_track_and_comes_in_again_as_what_it_was(mission: Mission):
    fields = {"strength": "own_patrol_traverse", "user_class": "mission_military", "passed": "P3", "unimpeded": "yes"}
    engineer = mission.browser("engineer")
    act(engineer, staged(engineer, TRACK, "a-b.gpx", **fields), "publish")
    (report,) = mission.program("duty_officer").get("/api/v1/reports").json["reports"]
    _, data = linked(mission, "duty_officer", f"/desk?report={report['id']}", "track.gpx")
    (row,) = layer(data, "tracks").itertuples()
    assert "Recorded by a receiver" in row.desc
    driven = shapely.get_coordinates(row.geometry)
    assert np.allclose(driven[[0, -1]], [[30.0, 5.09], [30.09, 5.09]], atol=1e-6)
    assert len(layer(data, "routes")) == 0
    assert mission.browser("partner").get(f"/reports/{report['id']}/track.gpx").status_code == 404


@pytest.mark.parametrize("kind", ["report", "route", "movement"])
def test_what_has_no_line_is_not_found(mission: Mission, kind: str):
    browser = mission.browser("duty_officer")
    report_id = log(mission)["report_id"]
    address = {
        "report": f"/reports/{report_id}/track.gpx",
        "route": "/routes/5f6fdc4e-0000-4000-8000-000000000000/route.gpx",
        "movement": "/movements/5f6fdc4e-0000-4000-8000-000000000000/way.gpx",
    }[kind]
    assert browser.get(address).status_code == 404
