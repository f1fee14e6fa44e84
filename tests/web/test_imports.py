"""The import pages and their API: send a file, look, publish, take back; bad files are refused in words."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest

from tests.exchange.test_gpx import file as gpx_file
from tests.exchange.test_gpx import point
from tests.exchange.test_tables import bomb
from tests.web.conftest import Mission

API = "/api/v1"
CSV = "When,Type,Lat,Long\n2026-03-10 09:00,Armed robbery,5.09001,30.02001\n2026-03-10 10:00,picnic,5.09001,30.03001\n"
TRACK = gpx_file("".join(point(30.0 + n * 0.002, 5.09, f"2026-03-10T10:{n:02}:00Z") for n in range(46)))


def send(client: Any, data: bytes, name: str = "list.csv", **fields: str) -> Any:
    sent = {"id": str(uuid.uuid4()), "form": "incident", "file": (io.BytesIO(data), name), **fields}
    return client.post("/imports", data=sent, content_type="multipart/form-data")


def staged(client: Any, data: bytes, name: str = "list.csv", **fields: str) -> str:
    answer = send(client, data, name, **fields)
    assert answer.status_code == 303, answer.text
    return answer.location


def act(client: Any, where: str, what: str, **fields: str) -> str:
    version = re.search(r'name="version" value="(\d+)"', client.get(where).text)
    fields = {"version": version[1] if version else "", **fields}
    answer = client.post(f"{where}/{what}", data=fields, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def test_a_table_goes_from_file_to_reports_and_back(mission: Mission):
    client = mission.browser("duty_officer")
    where = staged(client, CSV.encode())
    text = client.get(where).text
    assert "or the zone of the column chosen" in text
    text = act(
        client,
        where,
        "mapping",
        **{"to-0": "occurred", "to-1": "type", "to-2": "place.lat", "to-3": "place.lon"},
        zone="Z",
        name="weekly",
    )
    assert "1 of 2 rows are ready" in text
    assert "<q>picnic</q>. Expected one of: " in text
    text = act(client, where, "publish")
    assert "Published: 1 report counts from now on." in text
    reports = mission.program("duty_officer").get(f"{API}/reports").json["reports"]
    assert [report["form"] for report in reports] == ["incident"]
    text = act(client, where, "reverse", reason="wrong week")
    assert "Taken back. Records that count no more: 1." in text
    again = staged(client, CSV.encode())
    assert "1</dd>" in client.get(again).text, "the kept mapping reads the next file of its kind at once"


def test_a_track_is_shown_with_what_it_covers_and_counts_when_published(mission: Mission):
    client = mission.browser("engineer")  # an account of a unit: its tracks count without a grade
    fields = {"strength": "own_patrol_traverse", "user_class": "mission_military", "passed": "P3", "unimpeded": "yes"}
    where = staged(client, TRACK, "a-b.gpx", **fields)
    text = client.get(where).text
    assert "Roads covered" in text
    assert '<span class="mono">a-b</span>' in text
    act(client, where, "publish")
    states = mission.program("duty_officer").get(f"{API}/segments/a-b").json
    assert {row["state"] for row in states["directions"]} == {"GREEN"}, states["directions"]


def test_errors_are_taken_along_for_a_spreadsheet_and_run_nothing_there(mission: Mission):
    client = mission.browser("duty_officer")
    where = staged(client, b'Type,Remarks\n"=HYPERLINK(""http://x"")",+1-1\n')
    answer = client.get(f"{where}/errors.csv")
    assert answer.mimetype == "text/csv"
    assert "\"'=HYPERLINK(" in answer.text
    assert "'+1-1" in answer.text


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.csv", "an empty file"),
        ("Où,1\n".encode("latin-1") * 3, "a.csv", "not utf-8"),
        (bomb(), "a.xlsx", "unpacks to 29 MB"),
        (b'<!DOCTYPE g [<!ENTITY a "b">]><gpx>&a;</gpx>', "a.gpx", "declarations or entities"),
        (b"a,b\n1," + b"x" * 1_000_000, "a.csv", "1,000,000 characters"),
        (b'{"type": "Feature"}', "a.geojson", "a GeoJSON FeatureCollection"),
        (b'{"type": ' + b"[" * 90, "a.geojson", "no JSON"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_on_the_page_in_words(
    mission: Mission, data: bytes, name: str, words: str
):
    answer = send(mission.browser("duty_officer"), data, name)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_file_of_40_megabytes_is_refused_before_it_is_read(mission: Mission):
    answer = send(mission.browser("duty_officer"), b"a,b\n" * 10_500_000)
    assert answer.status_code == 413
    assert "at most 21 MB" in answer.text


def test_a_text_that_turns_itself_round_is_told_and_not_used(mission: Mission):
    client = mission.browser("duty_officer")
    where = staged(client, "Type,Remarks\nArmed robbery,\u202egnp.exe\n".encode(), "r\u202egpc.csv")
    text = client.get(where).text
    assert "a hidden character that turns or breaks text" in text
    assert "<h1>rgpc.csv</h1>" in text


def test_the_api_stages_points_and_answers_what_the_page_shows(mission: Mission):
    client = mission.program("duty_officer")
    points = [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": {"type": "armed_robbery"}}
        for at in ([30.02, 5.09], [5.09, 30.02])
    ]
    body = {"id": str(uuid.uuid4()), "kind": "geojson", "form": "incident"}
    body |= {"features": {"type": "FeatureCollection", "features": points}}
    head = client.post(f"{API}/imports", json=body).json
    assert head["counts"] == {"rows": 2, "ready": 1, "errors": 1, "same": 0, "unplaced": 0}
    assert client.post(f"{API}/imports", json=body).json == head
    rows = client.get(f"{API}/imports/{head['id']}/rows").json["rows"]
    assert [row["fate"] for row in rows] == ["ready", "error"]
    assert client.post(f"{API}/imports/{head['id']}/publish", json={"version": 7}).status_code == 409
    assert client.post(f"{API}/imports/{head['id']}/publish", json={"version": 1}).json["state"] == "published"
    back = client.post(f"{API}/imports/{head['id']}/reverse", json={"version": 2, "reason": "wrong"}).json
    assert back["counts"]["retracted"] == 1


def test_a_body_beyond_its_bound_is_refused_for_every_address(mission: Mission):
    client = mission.program("duty_officer")
    answer = client.post(f"{API}/reports", data=b"{" + b" " * 3_000_000, content_type="application/json")
    assert (answer.status_code, answer.json["detail"]) == (413, "This address takes at most 2 MB; send it in parts.")
