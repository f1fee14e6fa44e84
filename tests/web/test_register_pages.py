"""The pages of the registers: lists, rows, forms, inspections, studies, imports, orders; what is refused and how."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_plans import everything_passed

ROUTE = {"code": "MSR HERON", "name": "Alpha to Charlie", "owner": "1st Battalion"}
AREA = {"type": "Polygon", "coordinates": [[[30.1, 5.0], [30.3, 5.0], [30.3, 5.2], [30.1, 5.2], [30.1, 5.0]]]}


def new_id() -> str:
    return str(uuid.uuid4())


def api(mission: Mission, path: str, role: str = "duty_officer", **values: Any) -> dict[str, Any]:
    answer = mission.program(role).post(f"/api/v1/{path}", json={"id": new_id(), **values})
    assert answer.status_code == 201, answer.json
    return answer.json


def air_head(mission: Mission, **rest: Any) -> dict[str, Any]:
    values = {"code": "AH1", "name": "Charlie strip", "kind": "airstrip", "lon": 30.18, "lat": 5.1, "status": "unknown"}
    return api(mission, "air-heads", **(values | rest))


def route(mission: Mission, **rest: Any) -> dict[str, Any]:
    via = [list(PLACES[letter]) for letter in "ABC"]
    return api(mission, "routes", **({**ROUTE, "via": via} | rest))


def fields(page: str) -> dict[str, str]:
    """Return the fields of the page's main form as a browser would send them back."""
    found = dict(re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', page))
    found |= dict(re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>([^<]*)</textarea>', page))
    for name, body in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', body)
        found[name] = chosen[1] if chosen else ""
    return {name: value.replace("&#34;", '"') for name, value in found.items() if name not in ("q", "theme", "next")}


PAGES = [
    "/registers", "/registers/key-routes", "/registers/air-heads", "/registers/crossings", "/registers/sites",
    "/registers/areas", "/registers/control-points", "/registers/control-points/new", "/registers/assets",
    "/registers/controls", "/registers/seasons",
    "/registers/key-routes/studies", "/registers/key-routes/new", "/registers/air-heads/new", "/registers/areas/new",
    "/registers/crossings/new", "/registers/sites/new", "/registers/air-heads/import", "/registers/controls/new",
    "/controls",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_with_empty_registers(mission: Mission, path: str):
    answer = mission.browser("duty_officer").get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert "<h1" in answer.text


def test_a_row_is_listed_filtered_sorted_and_shown_with_its_history(mission: Mission):
    first = air_head(mission)
    air_head(mission, code="AH2", name="Delta field", kind="airfield")
    client = mission.browser("duty_officer")
    assert [name in client.get("/registers/air-heads?kind=airfield").text for name in ("AH1", "AH2")] == [False, True]
    page = client.get("/registers/air-heads?sort=-code").text
    assert page.index("AH2</b>") < page.index("AH1</b>")
    assert "No air head fits this filter" in client.get("/registers/air-heads?q=zzz").text
    mission.program("duty_officer").patch(f"/api/v1/air-heads/{first['id']}", json={"version": 1, "fuel": "drums"})
    page = client.get(f"/registers/air-heads/{first['id']}").text
    assert "duty_officer@demo.example" in page
    assert re.search(r"<b>Fuel</b>\s*<del>–</del> → <ins>drums</ins>", page)


def test_an_export_holds_every_member_and_no_formula(mission: Mission):
    api(mission, "sites", name='=HYPERLINK("x")', kind="camp", lon=30.0, lat=5.0, notes="+1 -2")
    answer = mission.browser("duty_officer").get("/registers/sites.csv")
    assert answer.mimetype == "text/csv"
    assert "'=HYPERLINK" in answer.text
    assert "'+1 -2" in answer.text
    assert "safety_distance_m" in answer.text.splitlines()[0]


def test_a_new_row_is_saved_after_its_position_was_read_back(mission: Mission):
    client = mission.browser("civil_affairs")
    form = fields(client.get("/registers/crossings/new").text) | {"name": "Gate", "position": "30.18, 5.01"}
    page = client.post("/registers/crossings/new", data=form)
    assert page.status_code == 200
    assert "We read this as" in page.text
    assert client.post("/registers/crossings/new", data=fields(page.text)).status_code == 303
    assert "Gate" in client.get("/registers/crossings").text


def test_bad_fields_are_all_named_and_what_was_typed_stays(mission: Mission):
    client = mission.browser("duty_officer")
    form = {"id": new_id(), "name": "Kept words", "kind": "", "position": "somewhere", "population": "many"}
    answer = client.post("/registers/sites/new", data=form)
    assert answer.status_code == 422
    assert "Kept words" in answer.text
    assert {"position-error", "population-error"} <= set(re.findall(r'id="([a-z]+-error)"', answer.text))


def test_of_two_editors_the_second_sees_both_versions(mission: Mission):
    row = api(mission, "sites", name="Village", kind="settlement", lon=30.0, lat=5.0, population=100)
    client = mission.browser("duty_officer")
    form = fields(client.get(f"/registers/sites/{row['id']}/edit").text)
    mission.program("chief_joc").patch(f"/api/v1/sites/{row['id']}", json={"version": 1, "population": 300})
    answer = client.post(f"/registers/sites/{row['id']}/edit", data={**form, "population": "200"})
    assert answer.status_code == 409
    assert re.search(r"<td>Population</td><td>200</td><td>300</td>", answer.text)
    assert client.post(f"/registers/sites/{row['id']}/edit", data=fields(answer.text)).status_code == 303
    shown = mission.program("duty_officer").get(f"/api/v1/sites/{row['id']}").json
    assert (shown["population"], shown["version"]) == (200, 3)


def test_an_area_is_drawn_by_its_corners(mission: Mission):
    client = mission.browser("jmac")
    form = {"id": new_id(), "name": "Red line east", "kind": "red_line", "corners": "30.0, 5.0\n30.1, 5.0\n30.1, 5.1"}
    form |= {"agreement_ref": "Article 4", "entry_points-0-name": "Gate", "entry_points-0-lon": "30.05",
             "entry_points-0-lat": "5.0", "marked-0-side": "north", "marked-0-is_marked": "no"}  # fmt: skip
    answer = client.post("/registers/areas/new", data=form)
    assert answer.status_code == 303, answer.text
    page = client.get(answer.location).text
    assert "polygon of 3 corners" in page or "Article 4" in page
    assert "Gate" in page


def test_an_inspection_moves_the_air_head_and_what_is_served_is_computed(mission: Mission):
    row = air_head(mission)
    pilot = mission.browser("aviation")
    url = f"/registers/air-heads/{row['id']}"
    assert "approved no aircraft type" in pilot.get(url).text
    approve = {"version": row["version"], "aircraft_type": "turboprop", "act": "approve"}
    assert pilot.post(f"{url}/approve", data=approve).status_code == 303
    page = pilot.get(url).text
    assert "no inspection and no landing is recorded" in page
    form = {"id": new_id(), "form": "air_head", "inspected_at": "2026-03-10T10:00", "inspected_by": "Aviation Unit"}
    form |= {"status": "serviceable", "findings.standing_water": "no", "findings.usable_length_m": "1100"}
    assert pilot.post(f"{url}/inspect", data=form).status_code == 303
    page = pilot.get(url).text
    assert "found-serviceable" in page
    assert "aviation@demo.example" in page
    assert "Usable length m" in page
    mission.clock.advance(24 * 3 + 1)  # nobody stated a season: wet
    assert "too old" in mission.browser("aviation").get(url).text


def test_the_former_address_of_the_air_heads_leads_to_their_register(mission: Mission):
    answer = mission.browser("reporter").get("/air-heads")
    assert (answer.status_code, answer.location) == (301, "/registers/air-heads")


def test_the_list_of_air_heads_tells_and_filters_by_the_status_that_follows(mission: Mission):
    row = air_head(mission, runways=[{"bearing": 40, "length_m": 1800}])
    client = mission.browser("duty_officer")
    url = f"/registers/air-heads/{row['id']}/inspect"
    form = {"id": new_id(), "form": "closure", "inspected_at": "2026-03-10T12:00", "inspected_by": "JOC",
            "status": "unserviceable", "findings.reason": "Apron under water"}  # fmt: skip
    refused = client.post(url, data=form)
    assert (refused.status_code, 'id="next_review-error"' in refused.text) == (422, True)
    assert client.post(url, data=form | {"next_review": "2026-03-11T12:00"}).status_code == 303
    page = client.get("/registers/air-heads?status=unserviceable").text
    assert "AH1" in page
    assert "closed by hand" in page
    assert "040° · 1800 m" in page
    assert "No air head fits" in client.get("/registers/air-heads?status=unknown").text
    page = client.get(f"/registers/air-heads/{row['id']}").text
    assert "Apron under water" in page
    assert "Lift the closing" in page


def test_only_aviation_approves_types(mission: Mission):
    row = air_head(mission)
    answer = mission.browser("duty_officer").post(f"/registers/air-heads/{row['id']}/approve", data={"version": 1})
    assert answer.status_code == 403
    changes = {"version": 1, "approvals": [{"type": "jet", "by": "me", "at": "2026-03-10T00:00:00Z"}]}
    refused = mission.program("duty_officer").patch(f"/api/v1/air-heads/{row['id']}", json=changes)
    assert refused.status_code == 403


@pytest.mark.parametrize("moment", ["2026-03-12T10:00", "", "yesterday"])
def test_an_inspection_with_bad_answers_keeps_them_and_writes_nothing(mission: Mission, moment: str):
    row = air_head(mission)
    client = mission.browser("aviation")
    url = f"/registers/air-heads/{row['id']}/inspect"
    form = {
        "id": new_id(),
        "form": "air_head",
        "inspected_at": moment,
        "inspected_by": "",
        "status": "fine",
    }
    answer = client.post(url, data={**form, "findings.usable_length_m": "long"})
    assert answer.status_code == 422
    for name in ("status", "inspected_by", "inspected_at", "findings.usable_length_m"):
        assert f'id="{name}-error"' in answer.text
    assert "Nobody has written an inspection" in client.get(f"/registers/air-heads/{row['id']}").text


def test_a_key_route_shows_its_course_before_it_is_saved(mission: Mission):
    client = mission.browser("duty_officer")
    form = fields(client.get("/registers/key-routes/new").text) | ROUTE
    form |= {"via": "30.0, 5.09\n30.18, 5.09", "act": "preview"}
    page = client.post("/registers/key-routes/new", data=form)
    assert page.status_code == 200
    assert "20.0 km" in page.text
    assert "?/X/?/?(OB?)(T/W?)" in page.text
    assert mission.program("duty_officer").get("/api/v1/routes").json["routes"] == []
    saved = client.post("/registers/key-routes/new", data={**fields(page.text), "act": "save"})
    assert saved.status_code == 303
    assert [r["length_m"] for r in mission.program("duty_officer").get("/api/v1/routes").json["routes"]] == [20_000]


def test_an_interval_of_its_own_needs_a_reason(mission: Mission):
    client = mission.browser("duty_officer")
    form = {"id": new_id(), **ROUTE, "via": "30.0, 5.09\n30.18, 5.09", "seen_via": "30.0, 5.09\n30.18, 5.09"}
    answer = client.post("/registers/key-routes/new", data={**form, "verify_interval_h": "96", "act": "save"})
    assert answer.status_code == 422
    assert "why this route has an interval of its own" in answer.text


def test_a_via_point_that_cannot_be_read_is_told_by_its_line(mission: Mission):
    form = {"id": new_id(), **ROUTE, "via": "30.0, 5.09\nnowhere", "act": "preview"}
    answer = mission.browser("duty_officer").post("/registers/key-routes/new", data=form)
    assert answer.status_code == 422
    assert "line 2" in answer.text


def test_an_imported_line_is_matched_and_its_gaps_are_shown(mission: Mission):
    track = "".join(
        f'<trkpt lon="{lon}" lat="{lat}"/>'
        for lon, lat in [PLACES["A"], PLACES["B"], (30.12, 5.13), (30.15, 5.09), PLACES["C"]]
    )
    gpx = f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>{track}</trkseg></trk></gpx>'
    form = {"id": new_id(), **ROUTE, "via": "", "act": "save", "line": (io.BytesIO(gpx.encode()), "way.gpx")}
    answer = mission.browser("duty_officer").post("/registers/key-routes/new", data=form)
    assert answer.status_code == 200
    assert "1 part of the line is not followed" in answer.text
    assert "30.000000, 5.090000" in answer.text


def test_a_study_is_signed_listed_and_counted(mission: Mission):
    row = route(mission)
    client = mission.browser("engineer")
    assert "0.0 %" in client.get("/registers/key-routes/studies").text
    form = {
        "id": new_id(),
        "author": "Engineer Company",
        "studied_at": "2026-03-09T10:00",
        "review_by": "2026-09-01T10:00",
    }
    form |= {"summary": "One bridge carries everything.", "point-0-kind": "bridge", "point-0-km": "9.8",
             "point-0-limit": "class 20", "point-1-kind": "defile"}  # fmt: skip
    assert client.post(f"/registers/key-routes/{row['id']}/study", data=form).status_code == 303
    assert "100.0 %" in client.get("/registers/key-routes/studies").text
    assert "One bridge carries everything" in client.get(f"/registers/key-routes/{row['id']}").text
    mission.clock.advance(24 * 181)
    assert "too old" in mission.browser("engineer").get("/registers/key-routes/studies").text


def test_a_study_states_the_class_as_driven_and_it_fills_what_maps_do_not_record(mission: Mission):
    row = route(mission)
    client = mission.browser("engineer")
    url = f"/registers/key-routes/{row['id']}"
    assert "(OB?)(T/W?)" in client.get(url).text
    form = {"id": new_id(), "author": "Engineer Company", "studied_at": "2026-03-09T10:00", "summary": "Driven.",
            "review_by": "2026-09-01T10:00", "point-0-kind": "gradient", "point-0-km": "3"}  # fmt: skip
    refused = client.post(f"{url}/study", data=form | {"stated_class": "wide"})
    assert (refused.status_code, 'id="stated_class-error"' in refused.text) == (422, True)
    assert client.post(f"{url}/study", data=form | {"stated_class": "6,7m/y/30/5m(W)"}).status_code == 303
    page = client.get(url).text
    assert "6.7m/Y/30/5m(OB)(W)" in page, "the gradient that the study lists is an obstruction"
    assert "6.7m/Y/30/5m(W)" in page, "as stated"


def test_a_partner_is_not_told_where_a_route_is_vulnerable(mission: Mission):
    row = route(mission, classification="unclassified")
    form = {
        "id": new_id(),
        "author": "E",
        "studied_at": "2026-03-09T10:00",
        "review_by": "2026-09-01T10:00",
        "summary": "Secret ford.",
    }
    mission.browser("engineer").post(f"/registers/key-routes/{row['id']}/study", data=form)
    partner = mission.browser("partner")
    assert "Secret ford" not in partner.get(f"/registers/key-routes/{row['id']}").text
    assert "not for this account" in partner.get("/registers/key-routes/studies").text


AIRPORTS = """id,ident,type,name,latitude_deg,longitude_deg,elevation_ft
1,TT01,small_airport,Alpha strip,5.1,30.1,1200
2,TT02,heliport,Bravo pad,5.05,30.15,
3,FAR,large_airport,Elsewhere,50,10,300
4,BAD1,small_airport,Broken,north,30.1,10
5,BAD2,spaceport,Odd,5.1,30.1,10
"""


def test_a_table_is_previewed_written_and_taken_back(mission: Mission):
    client = mission.browser("aviation")
    form = {"id": new_id(), "airports": (io.BytesIO(AIRPORTS.encode()), "airports.csv")}
    staged = client.post("/registers/air-heads/import", data=form)
    assert staged.status_code == 303
    page = client.get(staged.location).text
    assert "nothing is written yet" in page
    assert "no number from -90 to 90" in page
    assert "spaceport" in page
    rows = lambda: mission.program("aviation").get("/api/v1/air-heads").json["rows"]  # noqa: E731
    assert rows() == []
    assert client.post(staged.location, data={"act": "apply"}).status_code == 303
    assert [row["code"] for row in rows()] == ["TT01", "TT02"]
    assert {row["status"] for row in rows()} == {"unknown"}
    assert client.post(staged.location, data={"act": "reverse"}).status_code == 303
    assert rows() == []


def test_a_file_that_is_no_such_table_is_refused_in_words(mission: Mission):
    form = {"id": new_id(), "airports": (io.BytesIO(b"a,b\n1,2\n"), "x.csv")}
    answer = mission.browser("aviation").post("/registers/air-heads/import", data=form)
    assert answer.status_code == 422
    assert "a table with the columns ident" in answer.text


def order_form(area_id: str, **rest: str) -> dict[str, Any]:
    return {
        "id": new_id(), "effect": "prohibited", "exempt": ["medical", "humanitarian"], "area_id": area_id,
        "start": "2026-03-10T12:00", "end": "2026-03-20T12:00", "owner": "Chief of staff", "reason": "Secret reason",
        "public_place": "Charlie town", "public_text": "Nobody moves at night.", "from_time": "20:00",
        "to_time": "05:00", "zone": "+02:00",
    } | rest  # fmt: skip


def area(mission: Mission) -> str:
    return api(mission, "areas", name="Secret area name", kind="curfew", geometry=AREA)["id"]


def test_an_order_is_looked_at_before_it_is_given_and_then_binds_all_but_the_exempt(mission: Mission):
    api(mission, "sites", name="Hub A", kind="hub", lon=30.0, lat=5.09)
    api(mission, "sites", name="Charlie", kind="settlement", lon=30.18, lat=5.09, population=800)
    client, form = mission.browser("duty_officer"), order_form(area(mission))
    page = client.post("/registers/controls/new", data={**form, "act": "order"})
    assert page.status_code == 200
    assert "HYPOTHETICAL" in page.text
    assert mission.program("duty_officer").get("/api/v1/records?kind=control").json["features"] == []
    looked = re.search(r'name="looked_at" value="([^"]*)"', page.text)[1]
    assert client.post("/registers/controls/new", data={**form, "act": "order", "looked_at": looked}).status_code == 303
    page = client.get("/registers/controls").text
    assert "Chief of staff" in page
    assert "humanitarian, medical" in page


def test_a_coming_order_is_judged_over_its_window_and_again_when_its_hours_change(mission: Mission):
    api(mission, "sites", name="Hub A", kind="hub", lon=30.0, lat=5.09)
    api(mission, "sites", name="Charlie", kind="settlement", lon=30.18, lat=5.09, population=800)
    everything_passed(mission)
    client = mission.browser("duty_officer")
    times = {"start": "2026-03-17T12:00", "end": "2026-03-27T12:00", "exempt": ["medical", "humanitarian"]}
    form = order_form(area(mission)) | times
    page = client.post("/registers/controls/new", data=form).text
    figure = r'<td class="end">(?:<b>)?([\d ]+)(?:</b>)?</td>'
    rows = re.findall(r'<tr><td class="nowrap">([^<]+)</td>' + figure * 3, page)
    assert [row[0] for row in rows] == ["if it held now", "171800Z MAR 26", "261800Z MAR 26"]
    assert {row[1:] for row in rows} == {("800", "0", "800")}, "also next week, when no passage of today counts"
    looked = re.search(r'name="looked_at" value="([^"]*)"', page)[1]
    changed = form | {"act": "order", "looked_at": looked, "from_time": "19:00"}
    assert client.post("/registers/controls/new", data=changed).status_code == 200, "looked at again, not ordered"
    never = form | {"end": "2026-03-17T14:00"}
    assert client.post("/registers/controls/new", data=never).status_code == 422


@pytest.mark.parametrize("name", ["owner", "reason", "end", "start", "public_text", "public_place", "area_id"])
def test_an_order_without_what_every_control_needs_is_refused(mission: Mission, name: str):
    form = order_form(area(mission)) | {name: ""}
    answer = mission.browser("duty_officer").post("/registers/controls/new", data=form)
    assert answer.status_code == 422
    assert f'id="{name}-error"' in answer.text


def give_order(mission: Mission, **rest: str) -> None:
    client, form = mission.browser("duty_officer"), order_form(area(mission), **rest)
    page = client.post("/registers/controls/new", data=form)
    looked = re.search(r'name="looked_at" value="([^"]*)"', page.text)[1]
    client.post("/registers/controls/new", data={**form, "act": "order", "looked_at": looked})


def test_anybody_reads_the_public_text_place_and_times_and_nothing_else(mission: Mission):
    give_order(mission)
    page = mission.anonymous().get("/controls", headers={"Accept": "text/html"}).text
    for word in ("Nobody moves at night.", "Charlie town", "20 March 2026, 12:00 UTC", "20:00 to 05:00"):
        assert word in page
    for word in ("Secret", "Chief of staff", "duty_officer", "humanitarian", "prohibited"):
        assert word not in page


def test_a_lifted_order_is_gone_from_the_public_list(mission: Mission):
    give_order(mission)
    client = mission.browser("duty_officer")
    page = client.get("/registers/controls").text
    action = re.search(r'action="(/registers/controls/[^"]+/lift)"', page)[1]
    lift_id = re.search(r'name="id" value="([^"]+)"', page[page.index(action) :])[1]
    assert client.post(action, data={"id": lift_id}).status_code == 303
    assert "Nobody moves" not in mission.anonymous().get("/controls").text
    assert "Lifted before the end" in client.get("/registers/controls").text


def test_seasons_are_stated_and_drawn(mission: Mission):
    client = mission.browser("jmac")
    form = {"id": new_id(), "season": "wet", "start": "2026-03-01T00:00", "end": "2026-06-01T00:00"}
    assert client.post("/registers/seasons", data=form).status_code == 303
    page = client.get("/registers/seasons").text
    assert 'class="year-wet"' in page
    assert "whole mission" in page
    assert client.post("/registers/seasons", data={"id": new_id(), "season": "hot"}).status_code == 422


def test_a_season_is_taken_back_with_a_reason_and_stays_in_the_history(mission: Mission):
    client = mission.browser("jmac")
    form = {"id": new_id(), "season": "dry", "start": "2026-03-01T00:00", "end": "2026-06-01T00:00"}
    client.post("/registers/seasons", data=form)
    page = client.get("/registers/seasons").text
    action = re.search(r'action="(/registers/statements/[^"]+)"', page)[1]
    assert client.post(action, data={"reason": " "}).status_code == 422
    assert 'class="year-dry"' in client.get("/registers/seasons").text
    assert client.post(action, data={"reason": "Rains came early"}).status_code == 303
    page = client.get("/registers/seasons").text
    assert 'class="year-dry"' not in page
    assert "Rains came early" in page
    assert "<del>dry</del>" in page
    assert client.post(action, data={"reason": "again"}).status_code == 409
    stated = {"id": new_id(), "season": "wet", "start": "2026-03-01T00:00"}
    mission.browser("duty_officer").post("/registers/seasons", data=stated)
    page = client.get("/registers/seasons").text
    assert "by who stated it, or the JOC" in page, "JMAC takes back its own"


def test_a_threat_level_is_stated_on_its_area_with_an_end(mission: Mission):
    area_id = area(mission)
    client = mission.browser("jmac")
    form = {
        "id": new_id(),
        "area_id": area_id,
        "level": "medium",
        "start": "2026-03-10T00:00",
        "end": "2026-04-10T00:00",
    }
    assert client.post("/registers/threat-levels", data=form).status_code == 303
    assert "<b>medium</b> now" in client.get(f"/registers/areas/{area_id}").text
    refused = client.post("/registers/threat-levels", data={**form, "id": new_id(), "end": ""})
    assert refused.status_code == 422


def test_a_store_lists_the_key_route_segments_within_its_stated_distance(mission: Mission):
    route(mission)
    near = api(mission, "sites", name="Depot", kind="ammunition_storage", lon=30.045, lat=5.0945, safety_distance_m=600)
    unstated = api(mission, "sites", name="Store", kind="ammunition_storage", lon=30.045, lat=5.0945)
    client = mission.browser("duty_officer")
    page = client.get(f"/registers/sites/{near['id']}").text
    assert "MSR HERON" in page
    assert ">a-b<" in page
    assert "Ask the assessor" in client.get(f"/registers/sites/{unstated['id']}").text
