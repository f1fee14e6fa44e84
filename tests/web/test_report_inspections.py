"""A report becomes an inspection at the desk, shows in the register and leaves it again; as pages and as API."""

from __future__ import annotations

import re
import uuid

from tests.web.conftest import Mission
from tests.web.test_desk_page import page, post, words

API = "/api/v1"


def sent(mission: Mission, form: str, **answers: object) -> str:
    body = {"id": str(uuid.uuid4()), "form": form, "answers": answers}
    answer = mission.program("reporter").post(f"{API}/reports", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json["report_id"])


def made(mission: Mission, register: str, **values: object) -> str:
    body = {"id": str(uuid.uuid4()), **values}
    answer = mission.program("duty_officer").post(f"{API}/{register}", json=body)
    assert answer.status_code in (200, 201), answer.text
    return str(body["id"])


def test_what_a_patrol_found_at_a_crossing_is_entered_shown_and_taken_back(mission: Mission):
    row = made(mission, "crossings", name="Gate", lon=30.0, lat=5.0, status="unknown")
    report = sent(mission, "crossing", subject=row, status="partly", people=True, hours="06 to 18")
    duty = mission.browser("duty_officer")
    assert re.search(r"Gate: partly ?\. Its register says so from then on", page(duty, report=report))
    assert post(duty, "/desk/inspection", report=report).status_code == 303
    assert "It is entered as an inspection of the crossing" in page(duty, report=report)
    shown = words(duty.get(f"/registers/crossings/{row}").text)
    assert "Taken from the report" in shown
    assert "06 to 18" in shown
    assert duty.get(f"{API}/crossings/{row}").json["status"] == "partly"
    (entry,) = duty.get(f"{API}/inspections?subject_kind=crossing&subject_id={row}").json["inspections"]
    assert (entry["report_id"], entry["has_fallen"]) == (report, False)
    post(duty, "/desk/take-back", report=report, reason="told of another gate")
    assert "taken back with its report" in words(duty.get(f"/registers/crossings/{row}").text)
    assert duty.get(f"{API}/crossings/{row}").json["status"] == "unknown"


def test_programs_accept_and_take_back_too_and_are_told_what_is_wrong(mission: Mission):
    row = made(mission, "sites", name="Camp", kind="camp", lon=30.0, lat=5.0)
    report = sent(mission, "camp", subject=row, passability="no")
    duty, patrol = mission.program("duty_officer"), mission.program("reporter")
    address = f"{API}/reports/{report}"
    assert patrol.post(f"{address}/inspection", json={}).status_code == 403
    first = duty.post(f"{address}/inspection", json={})
    assert (first.status_code, first.json["status"]) == (200, "closed")
    assert duty.post(f"{address}/inspection", json={}).json == first.json
    refused = duty.post(f"{API}/reports/{sent(mission, 'other', place='30.0, 5.0')}/inspection", json={})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "form")
    assert patrol.post(f"{address}/take-back", json={"reason": "wrong camp"}).status_code == 403
    assert duty.post(f"{address}/take-back", json={"reason": "wrong camp"}).status_code == 200
    assert duty.post(f"{address}/take-back", json={"reason": "wrong camp"}).status_code == 409


def test_a_report_that_names_its_crossing_or_place_is_not_told_as_one_without_a_place(mission: Mission):
    row = made(mission, "crossings", name="Gate", lon=30.0, lat=5.0, status="unknown")
    duty = mission.browser("duty_officer")
    for report, lacks in (
        (sent(mission, "crossing", subject=row, status="closed"), False),
        (sent(mission, "sighting", size="ten", activity="digging", place="30.0, 5.0"), False),
        (sent(mission, "sighting", size="ten", activity="digging"), True),
    ):
        text = page(duty, report=report)
        assert ("It names no place that can be found on a road" in text) == lacks
        assert row not in text, "a person reads names"
