"""A row of everything, so that every page has what it is about: registers, a report, a case, a movement, an import."""

from __future__ import annotations

from typing import Any

from tests.web.conftest import Mission
from tests.web.mission import PLACES
from tests.web.test_imports import CSV, staged
from tests.web.test_movements_page import make
from tests.web.test_plans import everything_passed
from tests.web.test_register_pages import AREA, air_head, api, route
from tests.web.test_reports import log, new_id
from tests.web.test_restrictions import LIST, case


def fill(mission: Mission, name: str = "Alpha") -> dict[str, str]:
    """Return what -> id of one row of each kind, all of one name."""
    everything_passed(mission)
    ids = {"route": route(mission, name=name)["id"], "air_head": air_head(mission, name=name)["id"]}
    at = {"lon": PLACES["F"][0], "lat": PLACES["F"][1]}
    border = {"name": name, "is_official": True}
    ids["crossing"] = api(mission, "crossings", **border, **at)["id"]
    ids["site"] = api(mission, "sites", name=name, kind="ammunition_storage", **at)["id"]
    ids["area"] = api(mission, "areas", name=name, kind="separation", geometry=AREA)["id"]
    first, second = log(mission, "reporter"), log(mission, "engineer")
    ids |= {"report": first["report_id"], "record": first["record_ids"][0], "other": second["record_ids"][0]}
    blocked: dict[str, Any] = {"kind": "physical", "damage": "blocked", "segments": [{"id": "d-e"}]}
    body = {"id": new_id(), "form": "bridge", "words": "a tree", "classification": "confidential"}
    body["records"] = [{"type": "Feature", "geometry": None, "properties": blocked}]
    assert mission.program("reporter").post("/api/v1/reports", json=body).status_code == 201
    assert mission.program("chief_joc").post("/api/v1/clause-lists", json=LIST).status_code == 201
    ids["case"] = case(mission, summary=name)["id"]
    ids["movement"] = make(mission).rsplit("/", 1)[-1]
    ids["import"] = staged(mission.browser("duty_officer"), CSV.encode()).rsplit("/", 1)[-1]
    title = {"title": "my watch", "kinds": ["explosive"]}
    for role in ("duty_officer", "chief_joc"):
        assert mission.program(role).put(f"/api/v1/subscriptions/{new_id()}", json=title).status_code == 200
    return ids
