"""The review of a new map as pages without scripts and as JSON: what it says, who signs, what is refused."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fom.config import Config
from fom.store.database import Database
from fom.web.application import build
from fom.web.edge import Edge
from tests.services.ground import feature, write
from tests.services.people import T0
from tests.services.reimport import HOUR, Reimport, make_reimport
from tests.web.conftest import ROOT, Mission

WHY = "seen on the imagery of March"


class Reviewed(Mission):
    """The small area under review, behind the web edge."""

    area: Reimport


@pytest.fixture
def mission(kept_store: tuple[Path, dict[str, Any]], tmp_path: Path) -> Iterator[Reviewed]:
    folder, actors = kept_store
    for file in folder.iterdir():
        shutil.copy(file, tmp_path)
    database = Database(f"sqlite:///{tmp_path / 'fom.sqlite'}")
    area = make_reimport(database, tmp_path)
    blocked = feature("blocked", "physical", received=T0 - HOUR, damage="blocked", grade="A1",
                      segments=[{"id": "apart"}])  # fmt: skip
    write(database, blocked, now=T0 - HOUR)
    edge = Edge(config=Config(data=tmp_path), database=database, clock=area.clock, open_hosts=lambda: area.hosts)
    app = build(edge, secret_key="test", root=ROOT)
    app.testing = True
    reviewed = Reviewed(app, database, area.clock, actors)
    reviewed.area = area
    yield reviewed
    edge.close()
    database.dispose()


def test_the_whole_way_without_scripts(mission: Reviewed):
    chief, duty, new = mission.browser("chief_joc"), mission.browser("duty_officer"), mission.area.after.network_id
    assert "Make ready for review" in chief.get("/networks").text
    assert "is not made ready" in chief.get(f"/networks/{new}").text
    assert chief.post(f"/networks/{new}/announce").status_code == 303
    mission.area.hosts.prepare(new)
    page = chief.get(f"/networks/{new}").text
    assert re.search(r"<button class=\"main\" disabled>Bring into use", page)
    assert "a road it lies on is gone; it keeps its old place" in page
    chief.post(f"/networks/{new}/activate")
    assert "items of the review are open" in chief.get(f"/networks/{new}").text
    for item in re.findall(r"data-item=\"([0-9a-f]+)\"", page):
        for person in (duty, chief):
            person.post(f"/networks/{new}/sign", data={"item": item, "reason": WHY})
    page = chief.get(f"/networks/{new}").text
    assert "Nothing is open." in page
    assert WHY in page
    assert chief.post(f"/networks/{new}/activate").headers["Location"].endswith("/networks")
    assert mission.host.network.network_id == new
    assert "In use. Open maps follow by themselves." in chief.get("/networks").text
    assert chief.get("/").status_code == 200


def test_who_may_not_sign_sees_no_form_and_who_manages_sees_no_fact(mission: Reviewed):
    chief, admin, new = mission.browser("chief_joc"), mission.browser("administrator"), mission.area.after.network_id
    chief.post(f"/networks/{new}/announce")
    mission.area.hosts.prepare(new)
    mission.clear("administrator", "unclassified")
    page = admin.get(f"/networks/{new}").text
    assert "Why it may be so" not in page
    assert "restricted, contact JOC" in page
    assert "blocked" not in page


def test_the_refusal_names_what_is_open(mission: Reviewed):
    chief, new = mission.program("chief_joc"), mission.area.after.network_id
    assert chief.post(f"/api/v1/networks/{new}/announce", json={}).status_code == 202
    assert chief.get(f"/api/v1/networks/{new}/review").status_code == 409
    mission.area.hosts.prepare(new)
    review = chief.get(f"/api/v1/networks/{new}/review").json
    refused = chief.post(f"/api/v1/networks/{new}/activate", json={})
    assert refused.status_code == 409
    named = {item["item"] for item in refused.json["details"]["unresolved"]}
    assert named == {item["item"] for item in review["items"]}
    assert sum(review["open"].values()) == len(named) > 0
    item = next(i for i in review["items"] if i["kind"] == "fact")["item"]
    short = chief.post(f"/api/v1/networks/{new}/review/{item}/accept", json={"reason": "ok"})
    assert (short.status_code, short.json["errors"][0]["field"]) == (422, "reason")
    assert chief.post(f"/api/v1/networks/{new}/review/{item}/accept", json={"reason": WHY}).json["is_settled"]
    assert chief.post(f"/api/v1/networks/{new}/review/ffff/accept", json={"reason": WHY}).status_code == 404
    assert chief.post("/api/v1/networks/elsewhere/activate", json={}).status_code == 404


def test_tiles_of_both_maps_are_served_and_of_no_other(mission: Reviewed):
    chief = mission.program("chief_joc")
    for network_id in (mission.area.base.network_id, mission.area.after.network_id):
        assert chief.get(f"/tiles/{network_id}/9/298/248.mvt").status_code == 200
    assert chief.get("/tiles/elsewhere/9/298/248.mvt").status_code == 404


def test_a_fact_is_placed_from_the_review_by_a_position_or_a_segment(mission: Reviewed):
    chief, new = mission.browser("chief_joc"), mission.area.after.network_id
    bypass = mission.area.after.segment_id(4)
    chief.post(f"/networks/{new}/announce")
    mission.area.hosts.prepare(new)
    page = chief.get(f"/networks/{new}").text
    (item,) = re.findall(r'id="p-([0-9a-f]+)"', page)
    chief.post(f"/networks/{new}/sign", data={"item": item, "reason": WHY, "place": "31.5, 6"})
    assert "place.position: 31.5, 6, expected a place within 250 m of a road" in chief.get(f"/networks/{new}").text
    chief.post(f"/networks/{new}/sign", data={"item": item, "reason": WHY, "place": "30.0551, 5.0002"})
    assert f"(placed on {bypass})" in chief.get(f"/networks/{new}").text
    told = mission.program("chief_joc").get(f"/api/v1/networks/{new}/review").json["items"]
    (settled,) = [i for i in told if i["item"] == item]
    assert (settled["is_settled"], settled["signatures"][0]["place"]) == (True, {"segment": bypass})


def test_the_api_names_what_is_wrong_with_a_place(mission: Reviewed):
    chief, new = mission.program("chief_joc"), mission.area.after.network_id
    chief.post(f"/api/v1/networks/{new}/announce", json={})
    mission.area.hosts.prepare(new)
    items = chief.get(f"/api/v1/networks/{new}/review").json["items"]
    (item,) = [i["item"] for i in items if i["can_be_placed"]]
    for place, field in (
        ({"segment": "apart"}, "place.segment"), ({"position": "nowhere"}, "place.position"), ({}, "place"),
        ({"street": "x"}, "place.street"),
    ):  # fmt: skip
        answer = chief.post(f"/api/v1/networks/{new}/review/{item}/accept", json={"reason": WHY, "place": place})
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    body = {"reason": WHY, "place": {"segment": mission.area.after.segment_id(4)}}
    assert chief.post(f"/api/v1/networks/{new}/review/{item}/accept", json=body).json["is_settled"]
