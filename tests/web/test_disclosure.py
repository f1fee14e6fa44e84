"""Nothing of a confidential thing reaches who is not cleared for it, by any address, nor any log."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from typing import Any

import pytest
from flask.testing import FlaskClient

from fom.domain.access import OPERATOR
from fom.services.accounts import change_user
from fom.services.map_layers import READERS
from fom.web.access import PUBLIC, declared_actions
from tests.web.conftest import Mission
from tests.web.mission import PASSWORD, PLACES, hazard
from tests.web.test_closing import destroyed, manual, passage
from tests.web.test_registers import air_head, key_route
from tests.web.test_reports import new_id
from tests.web.test_what_ifs import site

CANARY = "kingfisher"
"""In every text of everything that is confidential."""


def everything(mission: Mission, **marks: Any) -> dict[str, list[str]]:
    """Store one thing of every sort, marked with the canary; return parameter of an address -> ids that exist."""
    chief = mission.program("chief_joc")
    ids: dict[str, list[str]] = {"report_id": [], "record_id": [], "row_id": [], "pending_id": [], "token_id": []}

    def post(client: FlaskClient, path: str, body: Any) -> Any:
        answer = client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code < 300, (path, answer.json)
        return answer.json

    body = hazard(new_id(), origin=CANARY) | {"words": CANARY, "place_text": CANARY, "time_text": CANARY, **marks}
    logged = post(chief, "reports", body)
    ids["report_id"].append(logged["report_id"])
    record_id = logged["record_ids"][0]
    denial = {"kind": "control", "control": "denial", "user_class": "mission_military", "reason": CANARY}
    place = {"type": "Point", "coordinates": list(PLACES["E"])}
    stop = {"type": "Feature", "geometry": place, "properties": {**denial, "location": {"method": "gps"}}}
    other = post(chief, "reports", {"id": new_id(), "form": "restriction", "records": [stop], "words": CANARY, **marks})
    ids["record_id"] += [record_id, *other["record_ids"]]
    passed = passage(origin=CANARY)
    post(chief, "verifications", passed | {k: v for k, v in marks.items() if k == "classification"})
    classification = {k: v for k, v in marks.items() if k == "classification"}
    post(chief, "manual-states", manual(mode="worsen", state="RED", reason=CANARY, segments=["e-f"]) | classification)
    act = destroyed(record_id, method=CANARY)
    ids["pending_id"].append(post(mission.program("eod"), "closing-acts", act)["pending_id"])
    row = air_head(name=CANARY, notes=CANARY, code=CANARY, **classification)
    post(chief, "air-heads", row)
    rows: dict[str, str] = {}
    for name, values in (
        ("crossings", {"id": new_id(), "name": CANARY, "lon": 30.0, "lat": 5.0}),
        ("control-points", {"id": new_id(), "name": CANARY, "kind": "checkpoint", "lon": 30.0, "lat": 5.0,
                            "run_by": "host_police"}),
        ("sites", site("base", "F") | {"id": new_id(), "name": CANARY}),
        ("areas", {"id": new_id(), "name": CANARY, "kind": "critical", "geometry": square()}),
        ("movements", {"id": new_id(), "code": CANARY, "purpose": "patrol", "user_class": "mission_police",
                       "planned_start": "2026-03-11T06:00:00Z", "unit": CANARY}),
        ("restriction-cases", {"id": new_id(), "category": "delay", "actor": "unknown", "clause": CANARY,
                               "opened_at": "2026-03-10T06:00:00Z"}),
        ("hazard-priorities", {"id": new_id(), "hazard_id": record_id, "rank": 1, "reason": CANARY,
                               "set_at": "2026-03-10T06:00:00Z"}),
        ("tasks", {"id": new_id(), "kind": "eod", "target_id": record_id, "assigned_to": CANARY,
                   "created_at": "2026-03-10T06:00:00Z"}),
    ):  # fmt: skip
        rows[name] = post(chief, name, values | classification)["id"]
    ids["row_id"] += [*rows.values(), row["id"]]
    ids["paper_id"] = [keep_paper(chief, rows["restriction-cases"])]
    route = post(chief, "routes", key_route(name=CANARY, owner=CANARY, **classification))
    ids["route_id"] = [route["id"]]
    lead = mission.program("leadership")
    signed = {"id": new_id(), "status": "not_met", "reason": f"{CANARY} " * 5, "role": "leadership"}
    post(lead, "benchmarks/S1/assessments", signed | {"expires": "2026-03-20T12:00:00Z"} | classification)
    return ids


def keep_paper(chief: FlaskClient, case_id: str) -> str:
    """Keep a paper that says the canary in its title and in its file."""
    file = io.BytesIO(f"%PDF-1.4 {CANARY} %%EOF".encode())
    form = {"id": new_id(), "title": CANARY, "file": (file, "note.pdf")}
    address = f"/api/v1/restriction-cases/{case_id}/papers"
    answer = chief.post(address, data=form, content_type="multipart/form-data")
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def square() -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[[30, 5], [30.1, 5], [30.1, 5.1], [30, 5.1], [30, 5]]]}


def addresses(mission: Mission, ids: dict[str, list[str]]) -> list[str]:
    """Return every address that answers GET, with ids that exist and words that fit in place of its parameters."""
    known = {**ids, "segment_id": ["a-b", "e-f"], "code": ["S1", "S4"], "network_id": [mission.host.network.network_id]}
    known |= {"name": [*READERS, "explosive"]}
    found = []
    for rule in mission.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in ("static", "api_stream.stream"):
            continue
        urls = [rule.rule]
        for parameter in rule.arguments:
            spelled = next(p.split(">")[0] for p in rule.rule.split("<")[1:] if p.split(">")[0].endswith(parameter))
            values = known.get(parameter, ["1"])
            urls = [url.replace(f"<{spelled}>", value) for url in urls for value in values]
        found += urls
    return found


@pytest.mark.parametrize(
    ("role", "clearance", "marks"),
    [
        ("partner", "unclassified", {}),
        pytest.param("reporter", "confidential", {"classification": "strictly_confidential"}, marks=pytest.mark.deep),
        pytest.param("leadership", "confidential", {"classification": "strictly_confidential"}, marks=pytest.mark.deep),
        ("eod", "confidential", {"classification": "strictly_confidential"}),
    ],
)
def test_no_address_tells_of_what_one_is_not_cleared_for(mission: Mission, role: str, clearance: str, marks: Any):
    for signer in ("eod", "leadership"):
        mission.clear(signer, "strictly_confidential")
    ids = everything(mission, **marks)
    mission.clear(role, clearance)
    if role in ("eod", "leadership"):  # what one entered oneself one may see
        ids["pending_id"] = []
    chief, reader = mission.browser("chief_joc"), mission.browser(f"second {role}" if role == "eod" else role)
    seen_by_chief, leaks = 0, []
    for url in addresses(mission, ids):
        seen_by_chief += CANARY in _text_of(chief.get(url))
        answer = reader.get(url)
        if CANARY in _text_of(answer) and not _is_own(answer, role):
            leaks.append(f"{url}: {answer.status_code}")
        assert answer.status_code < 500, url
    assert leaks == []
    assert seen_by_chief > 20  # the addresses do tell those who may know


def _text_of(answer: Any) -> str:
    """Return what an answer says; of a workbook all that its parts say."""
    data = answer.get_data()
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return str(data.decode("utf-8", "replace"))
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())


def _is_own(answer: Any, role: str) -> bool:
    return role == "leadership" and "/benchmarks" in answer.request.path


def test_who_is_limited_to_an_area_sees_nothing_of_another(mission: Mission):
    ids = everything(mission, area="north")
    with mission.database.writing() as session:
        user_id = mission.actors["police"].user_id
        change_user(session, user_id, version=1, changes={"areas": ["south"]}, actor=OPERATOR, now=mission.clock())
    reader = mission.browser("police")
    for url in (f"/api/v1/reports/{ids['report_id'][0]}", f"/api/v1/records/{ids['record_id'][0]}"):
        assert reader.get(url).status_code == 404
    everywhere = "".join(json.dumps(reader.get(url).json) for url in ("/api/v1/records", "/api/v1/layers/hazards"))
    assert not [record_id for record_id in ids["record_id"] if record_id in everywhere]


def test_logs_hold_no_words_of_reports_no_passwords_and_no_tokens(mission: Mission, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    ids = everything(mission)
    token = mission.token("chief_joc")
    client = mission.anonymous()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    for url in addresses(mission, ids):
        client.get(url)
    mission.anonymous().post("/login", data={"email": "x@demo.example", "password": PASSWORD})
    for secret in (CANARY, PASSWORD, token):
        assert secret not in caplog.text


def test_public_addresses_are_few_and_named(mission: Mission):
    public = {
        rule.rule for rule in mission.app.url_map.iter_rules() if PUBLIC in declared_actions(mission.app, rule.endpoint)
    }
    assert public == {
        "/static/<path:filename>", "/login", "/healthz", "/readyz", "/api/v1/openapi.json", "/theme",
        # the field app without any data, so that it opens when the login has run out; orders as the public reads them
        "/field", "/field/sw.js", "/field/manifest.webmanifest", "/field/icon-<int:size>.png", "/field/session",
        "/controls",
    }  # fmt: skip
